// The browser and the live run on a real terminal: how soon they paint, what a step of scrolling costs, what redrawing a run
// costs beside the same run told in lines. A table of 30 rows, 10 columns and 5 seeds (1,655 stages), and 2,000 stages of
// a layered graph. Bounds: first paint 500 ms, redraws 2 % of a core. On a busy machine trust the processor time.
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { layeredGraph, stageScript, writtenOut } from './layered.mjs';
import { isSmoke, short } from './measure.mjs';
import { cli, cpuSeconds, openPty, withoutTerminal } from './pty.mjs';

const sizes = isSmoke
  ? { rows: 3, columns: 2, seeds: 1, graph: 20, paints: 1, keys: 4, live: 2 }
  : { rows: 30, columns: 10, seeds: 5, graph: 2000, paints: 3, keys: 60, live: 15 };

export async function bench() {
  const missing = withoutTerminal();
  if (missing !== undefined) {
    process.stderr.write(`left out: ${missing}\n`);
    return undefined;
  }
  const folder = mkdtempSync(join(tmpdir(), 'seagraph-bench-'));
  try {
    writeFileSync(join(folder, 'stage.sh'), stageScript);
    writeFileSync(join(folder, 'graph.yaml'), writtenOut(layeredGraph(sizes.graph)));
    writeFileSync(join(folder, 'table.yaml'), tableExperiment());
    const live = await benchLive(folder);
    fill(folder);
    const figures = { ...live, ...(await benchBrowser(folder)) };
    return { ratios: ratiosOf(figures), times: timesOf(figures) };
  } finally {
    spawnSync('chmod', ['-R', 'u+w', folder]);
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Rows of a training and `columns` scores each. While the file `hold` is there, trainings report twenty steps a second. */
function tableExperiment() {
  const scores = Array.from({ length: sizes.columns }, (_, at) => `score${at}`);
  const rows = Array.from(
    { length: sizes.rows },
    (_, at) => `  row-${String(at + 1).padStart(2, '0')}: { train.env.RATE: '${at + 1}' }`,
  );
  return `
name: table
seeds: [${Array.from({ length: sizes.seeds }, (_, at) => at + 1).join(', ')}]
stages:
  data: { kind: world, make: corpus, documents: 20, heldOut: 1 }
  train:
    kind: command
    run: |
      n=0
      while [ -e hold ] && [ $n -lt 2000 ]; do
        n=$((n + 1)); echo "{\\"step\\": $n, \\"of\\": 2000, \\"loss\\": $((2000 - n))}" >> $SEA_PROGRESS; sleep 0.05
      done
      echo $RATE $(cat {input.data}/* | cksum | cut -c1) > {output.model}
    inputs: { data: data.corpus }
    outputs: [model]
    env: { RATE: '0' }
${scores
  .map(
    (name, at) => `  ${name}:
    kind: command
    run: 'read rate seed < {input.model}; echo "{\\"accuracy\\": $((rate + seed + ${at})).5}" > {output.scores}'
    inputs: { model: train }
    outputs: [scores]
    metrics: scores`,
  )
  .join('\n')}
rows:
${rows.join('\n')}
table:
  baseline: row-01
  columns: [${scores.map((name, at) => `{ stage: ${name}, metric: accuracy, label: Score ${at} }`).join(', ')}]
`;
}

/** Measures every number of the table once. @param {string} folder */
function fill(folder) {
  rmSync(join(folder, 'hold'));
  const ran = spawnSync(process.execPath, [cli, 'run', 'table.yaml', '--json'], { cwd: folder, encoding: 'utf8' });
  if (ran.status !== 0) throw new Error(`the table could not be filled:\n${ran.stderr.slice(-2000)}`);
}

/** @param {string} folder @returns {Promise<Figures>} */
async function benchLive(folder) {
  writeFileSync(join(folder, 'hold'), '');
  const run = ['run', 'table.yaml', '--jobs', '4'];
  /** @type {Figures} */
  const figures = {};
  const live = openPty([...run, '--cache', 'live'], folder);
  Object.assign(figures, named('sea run, what it reads', await live.paints('reading table.yaml')));
  Object.assign(figures, named('sea run, table', await live.paints('running')));
  await live.paints(' %  loss');
  const told = spawn(process.execPath, [cli, ...run, '--json', '--cache', 'told'], { cwd: folder, stdio: 'ignore' });
  await wait(3000); // both are warm, and both are measured in the same seconds
  const before = [live.cpu(), cpuSeconds(told.pid), live.bytes(), performance.now()];
  await wait(sizes.live * 1000);
  const after = [live.cpu(), cpuSeconds(told.pid), live.bytes(), performance.now()];
  const [drawn = 0, lines = 0, bytes = 0, wall = 1] = after.map((value, at) => value - (before[at] ?? 0));
  told.kill('SIGKILL');
  await live.close('\u0003\u0003');
  figures['live run, % of a core'] = (100_000 * drawn) / wall;
  figures['same run in lines, % of a core'] = (100_000 * lines) / wall;
  figures['redraws, % of a core'] = (100_000 * (drawn - lines)) / wall;
  figures['live run, KB/s to the terminal'] = bytes / wall;
  print(['live run, % of a core', 'same run in lines, % of a core', 'redraws, % of a core'], figures);
  return figures;
}

/** @param {string} folder @returns {Promise<Figures>} */
async function benchBrowser(folder) {
  /** @type {Figures} */
  const figures = {};
  for (const [name, file, first] of [
    ['table', 'table.yaml', '› row-01'],
    ['graph', 'graph.yaml', '› s0'],
  ]) {
    const [frames, paints] = [[], []];
    const open = async () => {
      const opened = openPty(['ui', file], folder);
      frames.push(await opened.paints(`reading ${file}`));
      paints.push(await opened.paints(first));
      return opened;
    };
    for (let round = 1; round < sizes.paints; round++) await (await open()).close('q');
    const browser = await open();
    Object.assign(figures, named(`sea ui, ${name}, what it reads`, best(frames)));
    Object.assign(figures, named(`sea ui, ${name}`, best(paints)));
    await wait(1000);
    Object.assign(figures, await scrolled(browser, name));
    await browser.close('q');
  }
  return figures;
}

/** @param {ReturnType<typeof openPty>} browser @param {string} name @returns {Promise<Figures>} */
async function scrolled(browser, name) {
  const before = browser.cpu();
  const times = [];
  // down and up, so that no end is reached at which nothing is drawn
  for (let at = 0; at < sizes.keys; at++) times.push(await browser.press(at % 2 === 0 ? 'j' : 'k'));
  const cpu = ((browser.cpu() - before) * 1000) / sizes.keys;
  const wall = times.sort((a, b) => a - b)[Math.floor(times.length / 2)] ?? Number.NaN;
  const figures = { [`scrolling, ${name}, ms`]: wall, [`scrolling, ${name}, CPU ms`]: cpu };
  print(Object.keys(figures), figures);
  return figures;
}

/** @typedef {Record<string, number>} Figures */
/** @typedef {{ wall: number, cpu: number }} Paint */

/** @param {string} name @param {Paint} paint @returns {Figures} */
function named(name, { wall, cpu }) {
  const figures = { [`first paint, ${name}, ms`]: wall, [`first paint, ${name}, CPU ms`]: cpu };
  print(Object.keys(figures), figures);
  return figures;
}

/** Other work only ever slows one down. @param {Paint[]} paints @returns {Paint} */
function best(paints) {
  return { wall: Math.min(...paints.map(({ wall }) => wall)), cpu: Math.min(...paints.map(({ cpu }) => cpu)) };
}

/** Times under the bound: more is better, as in the other benches. @param {Figures} figures */
function ratiosOf(figures) {
  const bounds = Object.entries(figures).flatMap(([name, value]) => {
    const bound = /^first paint.* CPU/.test(name) ? 500 : name.startsWith('redraws') ? 2 : undefined;
    const ratio = bound === undefined ? 0 : bound / Math.max(value, 0.01);
    return bound === undefined ? [] : [[`bound / ${name}`, { value: ratio, low: ratio, high: ratio }]];
  });
  return Object.fromEntries(bounds);
}

/** @param {Figures} figures */
function timesOf(figures) {
  const entries = Object.entries(figures).map(([name, value]) => [name, { value, low: value, high: value, unit: '' }]);
  return Object.fromEntries(entries);
}

/** @param {string[]} names @param {Figures} figures */
function print(names, figures) {
  process.stderr.write(`${names.map((name) => `${name} ${short(figures[name] ?? Number.NaN)}`).join('; ')}\n`);
}
