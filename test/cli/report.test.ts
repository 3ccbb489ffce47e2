import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ablation, asked, expectDocumented, openRig, type Rig } from './rig.ts';

const figures = `
figures:
  - { name: accuracy, mark: bars, title: What <rates> do, show: [Acc] }
`;
const others = ablation.replace('name: ablation', 'name: other').replace("RATE: '3'", "RATE: '5'");

let rig: Rig;
beforeAll(async () => {
  rig = openRig();
  rig.write('a.yaml', `description: "What <b> & a rate do"\n${ablation}${figures}`);
  expect((await rig.sea('run', 'a.yaml')).code).toBe(0);
  rig.write('asked.yaml', asked);
  expect((await rig.sea('run', 'asked.yaml', '--cache', 'asked')).code).toBe(0);
  // one row that has numbers of an earlier version of itself
  rig.write('changed.yaml', `${ablation}${figures}`.replace("RATE: '2'", "RATE: '4'"));
}, 60_000);
afterAll(() => rig.close());

const read = (...path: readonly string[]): string => readFileSync(join(rig.folder, ...path), 'utf8');

describe('a report', () => {
  test('is one well-formed page that fetches nothing', async () => {
    const { code, out } = await rig.sea('report', 'a.yaml', '-o', 'out');
    expect(code).toBe(0);
    expect(out).toContain(join('out', 'report.html'));
    const page = read('out', 'report.html');
    expect(
      page.match(/(?:src|href|srcset|poster|data|action)="(?!#|data:)[^"]*"|url\(|@import|<link|<iframe/g),
    ).toBeNull();
    expect(unclosed(page)).toEqual([]);
    expect(page).toContain('What &lt;b&gt; &amp; a rate do');
  });

  test('leads from every number to its stages and from there to what they read', async () => {
    await rig.sea('report', 'a.yaml', '-o', 'out');
    const page = read('out', 'report.html');
    const ids = new Set(Array.from(page.matchAll(/ id="([^"]*)"/g), ([, id]) => id));
    const targets = Array.from(page.matchAll(/ href="#([^"]*)"/g), ([, target]) => target);
    expect(targets.filter((target) => !ids.has(target))).toEqual([]);
    expect(page).toMatch(/<summary>train\[\+SEA\]/);
    expect(page).toContain('env.RATE');
  });

  test('marks what is stale and says what running it again takes', async () => {
    const { code, out } = await rig.sea('report', 'changed.yaml', '-o', 'stale');
    expect(code).toBe(0);
    expect(out).toMatch(/numbers are not up to date, \d+ of them stale/);
    expect(read('stale', 'report.html')).toMatch(/class="stale">[\d.]+<\/span><\/a><sup class="sign">~/);
    expect(read('stale', 'table-1.tex')).toContain('$^\\sim$');
  });

  test('shows the figures that are declared, and has each as a drawing and as numbers', async () => {
    await rig.sea('report', 'a.yaml', '-o', 'drawn');
    const page = read('drawn', 'report.html');
    expect(page).toContain('<b>Figure 1.</b> What &lt;rates&gt; do.');
    expect(page).toMatch(/<svg [^>]*class="marks"[\s\S]*>52\.5<\/text>/);
    expect(read('drawn', 'accuracy.svg')).toMatch(/^<svg [\s\S]*>52\.5<\/text>/);
    expect(read('drawn', 'accuracy.csv').split('\r\n')[2]).toMatch(/^,,\+SEA,\+SEA,Acc,measured,52\.5,/);
    expectDocumented('figure', JSON.parse(read('drawn', 'accuracy.json')));
  });

  test('marks what is stale in figures too', async () => {
    await rig.sea('report', 'changed.yaml', '-o', 'stale-drawn');
    const page = read('stale-drawn', 'report.html');
    expect(page).toMatch(/<svg [^>]*class="marks"[\s\S]*>52\.5~<\/text>/);
    expect(page).toContain('~ hollow, stale: measured before its stages changed; to run again: about');
    expect(read('stale-drawn', 'accuracy.csv')).toMatch(/,Acc,stale,52\.5,/);
  });

  test('counts the questions that a row wins and loses', async () => {
    await rig.sea('report', 'asked.yaml', '-o', 'asked-out', '--cache', 'asked');
    expect(read('asked-out', 'report.html')).toContain('>3 : 1<');
  });

  test('is the same, byte for byte, when nothing has changed', async () => {
    await rig.sea('report', 'a.yaml', '-o', 'once');
    await rig.sea('report', 'a.yaml', '-o', 'twice');
    expect(read('twice', 'report.html')).toBe(read('once', 'report.html'));
  });

  test('says as JSON what was written, and its tables are those of sea table', async () => {
    const { out } = await rig.sea('report', 'a.yaml', '-o', 'data', '--json');
    const written = JSON.parse(out) as Readonly<{ files: readonly Readonly<{ path: string }>[] }>;
    expectDocumented('report', written);
    expect(written.files.filter(({ path }) => !existsSync(join(rig.folder, path)))).toEqual([]);
    expectDocumented('table', JSON.parse(read('data', 'table-1.json')));
  });

  test('has tables that LaTeX takes, where it is installed', async (context) => {
    const latex = spawnSync('pdflatex', ['--version']);
    if (latex.error !== undefined) return context.skip('no pdflatex');
    await rig.sea('report', 'changed.yaml', '-o', 'latex');
    const folder = join(rig.folder, 'latex');
    rig.write(
      'latex/paper.tex',
      '\\documentclass{article}\\usepackage{booktabs}\\begin{document}\\input{table-1}\\end{document}\n',
    );
    const { status, stdout } = spawnSync('pdflatex', ['-interaction=nonstopmode', '-halt-on-error', 'paper.tex'], {
      cwd: folder,
      encoding: 'utf8',
    });
    expect(stdout.split('\n').filter((line) => line.startsWith('!'))).toEqual([]);
    expect(status).toBe(0);
  });

  test('of an experiment without a table is a mistake, and so is a folder that cannot be written', async () => {
    rig.write('bare.yaml', ablation.replace(/^table:[\s\S]*$/m, ''));
    const bare = await rig.sea('report', 'bare.yaml', '-o', 'bare');
    expect([bare.code, bare.err]).toEqual([2, expect.stringContaining('declares no table')]);
    const blocked = await rig.sea('report', 'a.yaml', '-o', 'a.yaml');
    expect([blocked.code, blocked.err]).toEqual([2, expect.stringContaining('cannot write to a.yaml')]);
  });
});

describe('a report of several experiments', () => {
  beforeAll(async () => {
    rig.write('other.yaml', others);
    const { code, out } = await rig.sea('run', 'a.yaml', 'other.yaml', '--report', 'all');
    expect(code).toBe(0);
    // the last line says where it is
    expect(out.trimEnd().split('\n').at(-1)).toBe(`report: ${join('all', 'index.html')}`);
  }, 60_000);

  test('is one page with the tables and figures of each, which leads to their own pages', () => {
    const page = read('all', 'index.html');
    expect(unclosed(page)).toEqual([]);
    expect(page.match(/(?:src|srcset|poster|data|action)="(?!data:)[^"]*"|url\(|@import|<link|<iframe/g)).toBeNull();
    for (const part of ['>ablation</h2>', '>other</h2>', 'id="x1-table-1"', 'id="x2-table-1"', 'id="x1-figure-1"'])
      expect(page).toContain(part);
    const targets = Array.from(page.matchAll(/ href="([^"]*)"/g), ([, target = '']) => target);
    expect(targets.filter((target) => !leadsSomewhere(target, page))).toEqual([]);
    expect(targets.some((target) => target.startsWith('ablation/report.html#cell-1-2-1'))).toBe(true);
  });

  test('says how the run went, what was shared and what it would be otherwise', () => {
    const page = read('all', 'index.html').replaceAll('\u202F', ' ');
    // other: its third row alone is new, a training and a score
    expect(page).toMatch(/The run asked for 14 stages: 2 run, 12 reused, 0 failed, in [\d.]+ s\./);
    expect(page).toContain('2 experiments ask for 14 stages; 5 are equal to another one, so that 9 were run');
    expect(page).toContain('With nothing shared, every row and seed by itself, it would be 18 stages');
  });

  test('is written as documented by sea report too, and again the same', async () => {
    const { out } = await rig.sea('report', 'a.yaml', 'other.yaml', '-o', 'both', '--json');
    const written = JSON.parse(out) as Readonly<{ files: readonly Readonly<{ path: string }>[] }>;
    expectDocumented('report', written);
    expect(written.files[0]?.path).toBe(join('both', 'index.html'));
    expect(read('both', 'other', 'table-1.csv')).toBe(read('all', 'other', 'table-1.csv'));
  });

  test('keeps two experiments of one name apart', async () => {
    rig.write('same.yaml', ablation);
    await rig.sea('report', 'a.yaml', 'same.yaml', '-o', 'same');
    expect(existsSync(join(rig.folder, 'same', 'ablation-2', 'report.html'))).toBe(true);
  });
});

/** A place on the page, or a file beside it and a place in that. */
function leadsSomewhere(target: string, page: string): boolean {
  const [file = '', place = ''] = target.split('#');
  const text = file === '' ? page : existsSync(join(rig.folder, 'all', file)) ? read('all', file) : '';
  return text !== '' && (place === '' || text.includes(` id="${place}"`));
}

describe('a lineage', () => {
  test('goes from a number back to every stage and parameter', async () => {
    const { code, out } = await rig.sea('lineage', 'a.yaml', '+SEA', 'score');
    expect(code).toBe(0);
    expect(out).toMatch(/^score\[\+SEA\] /m);
    expect(out).toMatch(/^└ model: train\[\+SEA\] /m);
    expect(out).toMatch(/^ {2}└ data: data /m);
    expect(out).toContain('env.RATE');
  });

  test('is printed as documented, of a number and of a stage', async () => {
    for (const args of [['+SEA', 'score'], ['train[+SEA]']]) {
      const { out } = await rig.sea('lineage', 'a.yaml', ...args, '--json');
      expectDocumented('lineage', JSON.parse(out));
    }
  });

  test.each([
    [['+SAE', 'score'], 'did you mean "+SEA"?'],
    [['+SEA', 'scroe'], 'the tables have no column "scroe"'],
    [['+SEA'], 'a number also needs a column'],
    [['trian[+SEA]'], 'did you mean "train[+SEA]"?'],
  ])('of %j says what is meant', async (args, hint) => {
    const { code, err } = await rig.sea('lineage', 'a.yaml', ...args);
    expect(code).toBe(2);
    expect(err).toContain(hint);
  });
});

/** Elements of a page that are not closed, or closed out of order. */
function unclosed(page: string): readonly string[] {
  const open: string[] = [];
  const body = page.replace(/<!doctype html>/, '').replace(/<(style|script)>[\s\S]*?<\/\1>/g, '');
  for (const [, end, name = '', alone] of body.matchAll(/<(\/?)([a-zA-Z][\w-]*)(?:\s+[\w:-]+="[^"<]*")*\s*(\/?)>/g)) {
    if (alone === '/') continue;
    if (end === '') open.push(name);
    else if (open.pop() !== name) return [`</${name}>`];
  }
  const stray = body.replace(/<(\/?)([a-zA-Z][\w-]*)(?:\s+[\w:-]+="[^"<]*")*\s*(\/?)>/g, '').match(/<[^>]*>?/g);
  return [...open, ...(stray ?? [])];
}
