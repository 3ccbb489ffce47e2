// Training steps of experiments/mini.yaml and of a decoder of 20M parameters: captured, eager, and the same in PyTorch, each in
// a process of its own, in turn (A B C A B C ...), from the same weights on the same batch; their losses must agree.
// Needed: captured at least as fast as PyTorch with the same number of threads; `--profile` says of slower ones where both spend
// their time.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findTransformers } from '../interop/python.mjs';
import { isProfile, isSmoke, measure, median, short, spread, timesOf } from './measure.mjs';
import { cases } from './training-cases.mjs';

/** Steps before those that count: the first compiles, allocators settle in the next. */
const warm = isSmoke ? 1 : 3;
const rounds = isSmoke ? 1 : 3;
const stepsOf = (name) => (isSmoke ? 3 : name === '20M decoder' ? 6 : 12);

/** @returns {Promise<import('./history.mjs').Figures>} ratios above 1: the captured step is faster */
export async function bench() {
  const python = await findTransformers('no');
  if (python.command === undefined) process.stderr.write(`PyTorch is left out: ${python.missing}\n`);
  const [ratios, times, details] = [{}, {}, {}];
  for (const threads of isSmoke ? [1] : [1, 2]) {
    process.stderr.write(
      `${threads} ${threads === 1 ? 'thread' : 'threads'}; x: how many times as fast the captured step is (CPU: as cheap)\n`,
    );
    for (const name of Object.keys(cases)) {
      const runs = compete(name, threads, python.command);
      mustAgree(name, runs);
      const found = compared(runs);
      for (const [key, spread] of Object.entries(found.ratios)) ratios[`${name}, ${threads} threads: ${key}`] = spread;
      Object.assign(times, timesOf(`${name}, ${threads} threads: `, found.times, 'ms'));
      details[`${name}, ${threads} threads`] = runs;
      print(name, runs, found);
      if (isProfile && (found.ratios['torch / captured, wall']?.value ?? 1) < 1)
        printProfiles(profile(name, threads, python.command));
    }
  }
  return { ratios, times, details };
}

/** Runs of every rival, by name: `captured`, `eager` and, where Python has it, `torch`. */
function compete(name, threads, python) {
  const folder = mkdtempSync(join(tmpdir(), 'seagraph-bench-'));
  const task = { name, warm, steps: stepsOf(name), smoke: isSmoke };
  const rivals = {
    // the first of them writes what the twin reads
    captured: () => measure(process.execPath, 'training-sea.mjs', { ...task, mode: 'captured', folder }, threads),
    eager: () => measure(process.execPath, 'training-sea.mjs', { ...task, mode: 'eager' }, threads),
    ...(python === undefined ? {} : { torch: () => measure(python, 'training_torch.py', { warm, folder }, threads) }),
  };
  const runs = Object.fromEntries(Object.keys(rivals).map((rival) => [rival, []]));
  try {
    for (let round = 0; round < rounds; round++) {
      for (const [rival, run] of Object.entries(rivals)) runs[rival].push(run());
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  return runs;
}

/** Milliseconds of a step by kernel, here and in PyTorch, both eager: the captured step runs the kernels of the eager one. */
function profile(name, threads, python) {
  const folder = mkdtempSync(join(tmpdir(), 'seagraph-bench-'));
  const task = { name, warm, steps: stepsOf(name), smoke: isSmoke, folder };
  try {
    return {
      here: measure(process.execPath, 'training-sea.mjs', { ...task, mode: 'profile' }, threads).kernels,
      torch: measure(python, 'training_torch.py', { warm, folder, profile: true }, threads).kernels,
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function printProfiles(profiles) {
  for (const [where, kernels] of Object.entries(profiles)) {
    const sorted = Object.entries(kernels).sort(([, a], [, b]) => b - a);
    const total = sorted.reduce((sum, [, milliseconds]) => sum + milliseconds, 0);
    const most = sorted.slice(0, 12).map(([kernel, milliseconds]) => `${kernel} ${short(milliseconds)}`);
    process.stderr.write(`    ${where}, ms a step by kernel: ${most.join(', ')}; all ${short(total)}\n`);
  }
}

/** The first losses are the same to 0.1 %, or the rivals do not do the same work. */
function mustAgree(name, { captured, ...others }) {
  for (const [rival, [run]] of Object.entries(others)) {
    for (const [step, loss] of captured[0].losses.slice(0, 3).entries()) {
      const other = run.losses[step];
      if (Math.abs(other - loss) <= 1e-3 * Math.max(1, Math.abs(loss))) continue;
      throw new Error(`${name}: at step ${step} the captured loss is ${loss}, that of ${rival} ${other}`);
    }
  }
}

function compared(runs) {
  const times = {};
  const ratios = {};
  for (const clock of ['wall', 'cpu']) {
    const each = Object.fromEntries(
      Object.entries(runs).map(([rival, all]) => [rival, all.map((run) => median(run[clock]))]),
    );
    for (const [rival, all] of Object.entries(each)) {
      times[`${rival}, ${clock}`] = spread(all);
      // neighbours in time are compared, since other work on the machine comes and goes
      if (rival !== 'captured') {
        ratios[`${rival} / captured, ${clock}`] = spread(all.map((value, round) => value / each.captured[round]));
      }
    }
  }
  return { times, ratios };
}

function print(name, runs, { times, ratios }) {
  const range = ({ low, high }) => (rounds === 1 ? '' : ` (${short(low)}-${short(high)})`);
  const rivals = Object.keys(runs);
  const ratio = (rival) => {
    const [wall, cpu] = ['wall', 'cpu'].map((clock) => ratios[`${rival} / captured, ${clock}`]);
    return `${short(wall.value)} x ${rival}${range(wall)}, CPU ${short(cpu.value)} x${range(cpu)}`;
  };
  const time = (rival) => {
    const [wall, cpu] = ['wall', 'cpu'].map((clock) => times[`${rival}, ${clock}`]);
    return `${rival} ${short(wall.value)} ms${range(wall)}, CPU ${short(cpu.value)}`;
  };
  const { ready, parameters } = runs.captured[0];
  const size = parameters >= 1e6 ? `${short(parameters / 1e6)}M` : `${short(parameters / 1e3)}k`;
  process.stderr.write(`${name} (${size} parameters train)\n`);
  for (const rival of rivals.toReversed().filter((own) => own !== 'captured'))
    process.stderr.write(`  ${ratio(rival)}\n`);
  process.stderr.write(`  ${rivals.map(time).join(' | ')} | first captured step ${short(ready)} s\n`);
}
