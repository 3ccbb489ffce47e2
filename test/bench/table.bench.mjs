// Two rows of Table 2 in mini, without and with SEA, three seeds each: `sea run` of the pair beside one plain PyTorch script for
// each row and seed (row_torch.py) that does the same work from the same files. The world, the encoder and the language model are
// there before; SEA_CACHE may name a cache that has them. Scripts run one after another with all threads each, and side by side, as
// many as there are cores, with 1 thread each. The machine's own speed changes meanwhile: `sea run` is measured before and after each, and
// a ratio stands for both. Needed: more than twice as fast.
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { removeTree } from '../../dist/store/tree.js';
import { findTransformers } from '../interop/python.mjs';
import { short, spread, timesOf } from './measure.mjs';
import { cells, makeParents, openPair, resultOf, runPair, scoresOf, taskOf, writeQuestions } from './table-pair.mjs';

const cores = availableParallelism();
const script = fileURLToPath(new URL('row_torch.py', import.meta.url));

export async function bench() {
  const folder = mkdtempSync(join(tmpdir(), 'seagraph-bench-'));
  const cache = process.env['SEA_CACHE'] ?? join(folder, 'cache');
  try {
    return await measurePair(openPair(folder, cache));
  } finally {
    removeTree(join(folder, 'cache'));
    rmSync(folder, { recursive: true, force: true });
  }
}

/** @param {import('./table-pair.mjs').Pair} pair */
async function measurePair(pair) {
  const python = await findTransformers('no');
  if (python.command === undefined) print(`PyTorch is left out: ${python.missing}`);
  print(`parents made in ${short(makeParents(pair))} s`);
  const runs = [runPair(pair)];
  const [ours] = runs;
  print(ours.manner);
  print(`sea run, stages by themselves: ${phases(ours.stages)}`);
  const secondsOf = () => spread(runs.map(({ seconds }) => seconds));
  if (python.command === undefined)
    return { ratios: {}, times: timesOf('', { 'sea run': secondsOf() }, 's'), details: { runs } };
  await writeQuestions(pair);
  const tasks = cells.map((cell) => taskOf(pair, cell)); // before the clock runs: each asks the cache many times
  /** @type {Record<string, import('./history.mjs').Spread>} */
  const [ratios, times] = [{}, {}];
  /** @type {Record<string, Awaited<ReturnType<typeof runScripts>>>} */
  const theirs = {};
  for (const [name, abreast] of Object.entries(manners)) {
    const start = performance.now();
    theirs[name] = await runScripts(python.command, tasks, abreast);
    const seconds = (performance.now() - start) / 1000;
    const before = runs.at(-1)?.seconds ?? Number.NaN;
    const after = runPair(pair);
    runs.push(after);
    times[name] = spread([seconds]);
    ratios[`${name} / sea run`] = spread([seconds / before, seconds / after.seconds]);
    for (const [i, script] of theirs[name].entries()) print(`${name}, ${cells[i]?.name}: ${phases(script.seconds)}`);
  }
  const quality = compareQuality(pair, tasks, Object.values(theirs).at(-1) ?? []);
  return { ratios, times: timesOf('', { 'sea run': secondsOf(), ...times }, 's'), details: { runs, theirs, quality } };
}

/** Scripts at a time. */
const manners = {
  [`scripts one after another, ${cores} threads`]: 1,
  'scripts side by side, 1 thread each': cores,
};

/** @param {string} python @param {readonly object[]} tasks @param {number} abreast how many at a time */
async function runScripts(python, tasks, abreast) {
  const ended = tasks.map(() => ({ seconds: {}, losses: {} }));
  let next = 0;
  const work = async () => {
    for (let at = next++; at < tasks.length; at = next++)
      ended[at] = await runScript(python, tasks[at] ?? {}, Math.max(1, Math.floor(cores / abreast)));
  };
  await Promise.all(Array.from({ length: abreast }, work));
  return ended;
}

/** @param {string} python @param {object} task @param {number} threads */
async function runScript(python, task, threads) {
  const count = String(threads);
  const child = spawn(python, [script, JSON.stringify({ ...task, threads })], {
    env: { ...process.env, OMP_NUM_THREADS: count, MKL_NUM_THREADS: count, TOKENIZERS_PARALLELISM: 'false' },
  });
  let [out, err] = ['', ''];
  child.stdout.on('data', (text) => {
    out += text;
  });
  child.stderr.on('data', (text) => {
    err += text;
  });
  const code = await new Promise((done) => child.on('close', done));
  if (code !== 0) throw new Error(`row_torch.py ended with ${code}:\n${err.slice(-3000)}`);
  return JSON.parse(out.trim().split('\n').at(-1) ?? '');
}

/**
 * The same work gives about the same losses and scores, over the seeds: random draws differ.
 * @param {import('./table-pair.mjs').Pair} pair @param {readonly ReturnType<typeof taskOf>[]} tasks
 * @param {readonly { losses: Record<string, number> }[]} scripts
 */
function compareQuality(pair, tasks, scripts) {
  const all = cells.map((cell, i) => {
    const there = { losses: scripts[i]?.losses ?? {}, scores: scoresOf(pair, tasks[i]) };
    return { ...cell, here: resultOf(pair, cell), there };
  });
  for (const row of new Set(cells.map((cell) => cell.row))) {
    const own = all.filter((one) => one.row === row);
    const over = (/** @type {(one: (typeof all)[number]) => number | undefined} */ of) =>
      own.map((one) => short(of(one) ?? Number.NaN)).join(' ');
    const losses = Object.keys(own[0]?.here.losses ?? {}).map(
      (name) => `${name} ${over((one) => one.here.losses[name])} here, ${over((one) => one.there.losses[name])} there`,
    );
    const [here, there] = [over((one) => mean(one.here.scores)), over((one) => mean(one.there.scores))];
    print(`${row}: ${losses.join('; ')}; average score ${here} here, ${there} there`);
  }
  return all;
}

const mean = (scores) => Object.values(scores).reduce((sum, score) => sum + score, 0) / Object.keys(scores).length;
const phases = (seconds) =>
  Object.entries(seconds)
    .map(([name, value]) => `${name} ${short(value)}`)
    .join(', ');

function print(line) {
  process.stderr.write(`${line}\n`);
}
