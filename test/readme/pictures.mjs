// @ts-check
// `node test/readme/pictures.mjs [folder of experiments [names]]`: draws quickstart.svg, browser.svg and run.svg in experiments/ anew. The built program
// runs in tmux, is typed at, and what its screen then shows is written as SVG, letter by letter. The results of quickstart.yaml must lie in
// cache/ there; the run forces one of its stages in a copy of that, and is stopped once it is drawn.
import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const project = fileURLToPath(new URL('../..', import.meta.url));
const results = resolve(process.argv[2] ?? project);
const cli = join(project, 'dist', 'cli.js');
const COLUMNS = 112;
const PATIENCE = 600_000;
let opened = 0;

/** @typedef {{ bold: boolean, dim: boolean, underline: boolean, inverse: boolean, colour: string | undefined }} Look */

const plain = { bold: false, dim: false, underline: false, inverse: false, colour: undefined };
const ESC = '\u001B';
const code = new RegExp(`(${ESC}\\[[\\d;]*m)`);
/** @type {Record<string, Partial<Look>>} */
const codes = {
  0: plain,
  1: { bold: true },
  2: { dim: true },
  4: { underline: true },
  7: { inverse: true },
  22: { bold: false, dim: false },
  24: { underline: false },
  27: { inverse: false },
  31: { colour: '#f47067' },
  32: { colour: '#6bc46d' },
  33: { colour: '#daaa3f' },
  36: { colour: '#39c5cf' },
  39: { colour: undefined },
};

if (isWanted('quickstart')) {
  const table = open('table experiments/quickstart.yaml', 90);
  await table.shows(/ended/);
  save('quickstart', 'sea table experiments/quickstart.yaml', table.styled().replace(/\n.*ended\s*$/, ''));
  table.close();
}

if (isWanted('browser')) {
  const browser = open('ui experiments/quickstart.yaml', 20);
  await browser.shows(/› Baseline/);
  browser.type('j', 'j', 'l');
  await wait(1000);
  save('browser', 'sea ui experiments/quickstart.yaml', browser.styled());
  browser.type('q');
  await browser.shows(/ended/);
  browser.close();
}

if (isWanted('run')) {
  const copy = mkdtempSync(join(tmpdir(), 'seagraph-picture-'));
  cpSync(join(results, 'cache'), join(copy, 'cache'), { recursive: true });
  const run = open(`--cache ${join(copy, 'cache')} run experiments/quickstart.yaml --force finetune --jobs 2`, 22);
  await run.shows(/✓ finetune[\s\S]* [4-9]\d %/);
  save('run', 'sea run experiments/quickstart.yaml --force finetune --jobs 2', run.styled());
  run.type('C-c', 'C-c');
  await run.shows(/ended/);
  run.close();
  spawnSync('chmod', ['-R', 'u+w', copy]);
  spawnSync('rm', ['-r', copy]);
}

/** @param {string} name */
function isWanted(name) {
  return process.argv.length < 4 || process.argv.slice(3).includes(name);
}

/** @param {string} args @param {number} rows */
function open(args, rows) {
  // a server of its own: the one before may still be ending
  const server = ['-L', `sea-picture-${process.pid}-${opened++}`, '-f', '/dev/null'];
  const tmux = (/** @type {string[]} */ ...words) => execFileSync('tmux', [...server, ...words], { encoding: 'utf8' });
  // Ctrl-C reaches the shell too, which is to go on
  const command = `trap : INT; cd '${results}' && env -u CI -u NO_COLOR '${process.execPath}' '${cli}' ${args}; echo ended; cat`;
  tmux('new-session', '-d', '-s', 't', '-x', String(COLUMNS), '-y', String(rows), 'sh', '-c', command);
  const screen = () => tmux('capture-pane', '-p', '-t', 't');
  return {
    type: (/** @type {string[]} */ ...keys) => void tmux('send-keys', '-t', 't', ...keys),
    styled: () => tmux('capture-pane', '-p', '-e', '-t', 't'),
    /** @param {RegExp} what */
    async shows(what) {
      for (const until = Date.now() + PATIENCE; Date.now() < until; await wait(100)) if (what.test(screen())) return;
      throw new Error(`never on the screen: ${what}\n${screen()}`);
    },
    close: () => void spawnSync('tmux', [...server, 'kill-server']),
  };
}

/** @param {string} name @param {string} command @param {string} screen */
function save(name, command, screen) {
  const path = join(project, 'experiments', `${name}.svg`);
  writeFileSync(path, svgOf(command, screen.replace(/\n+$/, '').split('\n')));
  process.stdout.write(`${path}\n`);
}

/** A line of so many columns and the parts of it that look alike. @param {string} command @param {string[]} lines */
function svgOf(command, lines) {
  const [letter, line, margin] = [8.4, 18, 16];
  const width = Math.ceil(COLUMNS * letter + 2 * margin);
  const height = 46 + line * lines.length + margin;
  const texts = lines.flatMap((text, row) =>
    spansOf(text).flatMap(({ at, text: part, look }) => {
      const [x, y] = [(margin + at * letter).toFixed(1), 64 + row * line];
      const length = [...part].length * letter;
      const ground = look.inverse
        ? [`<rect x="${x}" y="${y - 14}" width="${length.toFixed(1)}" height="${line}" fill="#adbac7"/>`]
        : [];
      if (part.trim() === '') return ground;
      return [
        ...ground,
        `<text x="${x}" y="${y}" textLength="${length.toFixed(1)}"${marks(look)}>${escaped(part)}</text>`,
      ];
    }),
  );
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img" aria-label="${escaped(command)}">
<style>text { white-space: pre }</style>
<rect width="100%" height="100%" rx="8" fill="#22272e"/>
<g font-family="ui-monospace, SFMono-Regular, Menlo, Consolas, monospace" font-size="14" fill="#adbac7" xml:space="preserve">
<text x="16" y="28" fill="#768390">$ ${escaped(command)}</text>
${texts.join('\n')}
</g>
</svg>
`;
}

/** @param {string} line */
function spansOf(line) {
  /** @type {Look} */
  let look = plain;
  let at = 0;
  const spans = [];
  for (const piece of line.split(code)) {
    const found = piece.startsWith(ESC) ? /\[([\d;]*)m$/.exec(piece) : null;
    if (found !== null) for (const one of (found[1] || '0').split(';')) look = { ...look, ...codes[one] };
    else if (piece !== '') {
      spans.push({ at, text: piece, look });
      at += [...piece].length;
    }
  }
  return spans;
}

/** @param {Look} look */
function marks({ bold, dim, underline, inverse, colour }) {
  const fill = inverse ? '#22272e' : colour;
  return [
    fill === undefined ? '' : ` fill="${fill}"`,
    bold ? ' font-weight="bold"' : '',
    dim ? ' fill-opacity="0.6"' : '',
    underline ? ' text-decoration="underline"' : '',
  ].join('');
}

/** @param {string} text */
function escaped(text) {
  return text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/"/g, '&quot;');
}
