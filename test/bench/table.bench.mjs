// Two rows of Table 2 in mini, without and with SEA: `sea run` of the pair beside one plain PyTorch script a row (row_torch.py)
// that does the same work from the same files. The world, the encoder and the language model are there before; SEA_CACHE may
// name a cache that has them. Scripts run one after another with 2 threads each, and side by side with 1 thread each.
// Needed: more than twice as fast as either.
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { removeTree } from '../../dist/store/tree.js';
import { findTransformers } from '../interop/python.mjs';
import { isSmoke, short, spread, timesOf } from './measure.mjs';
import { makeParents, openPair, resultsOf, rows, runPair, scoresOf, taskOf, writeQuestions } from './table-pair.mjs';

const ROUNDS = isSmoke ? 1 : 2;
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
  /** @type {ReturnType<typeof runPair>[]} */
  const ours = [];
  /** @type {Record<string, { seconds: number, scripts: Awaited<ReturnType<typeof runScript>>[] }[]>} */
  const theirs = {};
  for (let round = 0; round < ROUNDS; round++) {
    ours.push(runPair(pair));
    if (python.command === undefined) continue;
    if (round === 0) await writeQuestions(pair);
    const tasks = rows.map((row) => taskOf(pair, row));
    for (const [name, run] of Object.entries(manners)) {
      const start = performance.now();
      const scripts = await run(python.command, tasks);
      theirs[name] = [...(theirs[name] ?? []), { seconds: (performance.now() - start) / 1000, scripts }];
    }
  }
  const times = { 'sea run': spread(ours.map(({ seconds }) => seconds)) };
  const ratios = {};
  for (const [name, runs] of Object.entries(theirs)) {
    times[name] = spread(runs.map(({ seconds }) => seconds));
    ratios[`${name} / sea run`] = spread(runs.map(({ seconds }, round) => seconds / (ours[round]?.seconds ?? 0)));
  }
  print(ours[0]?.manner ?? '');
  print(`sea run, stages by themselves: ${phases(ours[0]?.stages ?? {})}`);
  for (const [name, [first]] of Object.entries(theirs)) {
    for (const [i, { seconds }] of (first?.scripts ?? []).entries()) print(`${name}, ${rows[i]}: ${phases(seconds)}`);
  }
  const quality = python.command === undefined ? {} : compareQuality(pair, theirs);
  return { ratios, times: timesOf('', times, 's'), details: { ours, theirs, quality } };
}

const manners = {
  'scripts one after another, 2 threads': async (python, tasks) => {
    const ended = [];
    for (const task of tasks) ended.push(await runScript(python, task, 2));
    return ended;
  },
  'scripts side by side, 1 thread each': (python, tasks) =>
    Promise.all(tasks.map((task) => runScript(python, task, 1))),
};

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

/** The same work gives about the same losses and scores; random draws differ. */
function compareQuality(pair, theirs) {
  const ours = resultsOf(pair);
  const [last] = Object.values(theirs).at(-1)?.slice(-1) ?? [];
  return Object.fromEntries(
    rows.map((row, i) => {
      const scripted = { losses: last?.scripts[i]?.losses ?? {}, scores: scoresOf(pair, taskOf(pair, row)) };
      const own = ours[row];
      const lines = Object.entries(own.losses).map(
        ([name, value]) => `${name} ${short(value)} here, ${short(scripted.losses[name])} there`,
      );
      print(
        `${row}: ${lines.join('; ')}; average score ${short(mean(own.scores))} here, ${short(mean(scripted.scores))} there`,
      );
      return [row, { here: own, there: scripted }];
    }),
  );
}

const mean = (scores) => Object.values(scores).reduce((sum, score) => sum + score, 0) / Object.keys(scores).length;
const phases = (seconds) =>
  Object.entries(seconds)
    .map(([name, value]) => `${name} ${short(value)}`)
    .join(', ');

function print(line) {
  process.stderr.write(`${line}\n`);
}
