// Runs a measurement in a process of its own, so that threads and peak memory are its alone, and prints two side by side.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** Tiny sizes, only to see that every measurement runs. */
export const isSmoke = process.argv.includes('--smoke');

/** Where the time of slow ones goes is printed, too. */
export const isProfile = process.argv.includes('--profile');

/** @typedef {Record<string, number>} Figures what a measurement prints as one line of JSON, last */

/**
 * @param {string} command @param {string} script in this folder @param {object} task what it is to do
 * @param {number} threads
 * @returns {Figures}
 */
export function measure(command, script, task, threads) {
  const file = fileURLToPath(new URL(script, import.meta.url));
  const env = { ...process.env, ...threadSettings(threads) };
  const ended = spawnSync(command, [file, JSON.stringify({ ...task, threads })], { encoding: 'utf8', env });
  if (ended.status !== 0)
    throw new Error(`${command} ${script} ended with ${ended.status}:\n${ended.stderr.slice(-2000)}`);
  return JSON.parse(ended.stdout.trim().split('\n').at(-1) ?? '');
}

/** @param {number} threads */
function threadSettings(threads) {
  const count = String(threads);
  return {
    SEA_ENGINE: process.env['SEA_ENGINE'] ?? 'node',
    TF_NUM_INTRAOP_THREADS: count,
    TF_NUM_INTEROP_THREADS: count, // as in a stage that works alone: that many operations side by side
    OMP_NUM_THREADS: count,
    MKL_NUM_THREADS: count,
  };
}

/**
 * Each measured in turn, `times` times; the run of each with the highest `rate` counts: other work on the machine only
 * ever slows one down. `ratios`: of the first to each other, round by round, so that neighbours in time are compared. `rates`: of all rounds.
 * @template {string} K
 * @param {Record<K, () => Figures>} rivals @param {string} rate @param {number} times
 * @returns {{ best: Record<K, Figures>, ratios: Record<string, import('./history.mjs').Spread>, rates: Record<string, import('./history.mjs').Spread> }}
 */
export function bestOf(rivals, rate, times = isSmoke ? 1 : 3) {
  /** @type {Record<string, Figures>} */
  const best = {};
  /** @type {Record<string, number[]>} */
  const rates = {};
  for (let round = 0; round < times; round++) {
    for (const [name, run] of Object.entries(rivals)) {
      const figures = /** @type {() => Figures} */ (run)();
      rates[name] = [...(rates[name] ?? []), figures[rate] ?? Number.NaN];
      if (!((best[name]?.[rate] ?? 0) > (figures[rate] ?? 0))) best[name] = figures;
    }
  }
  const spreads = Object.fromEntries(Object.entries(rates).map(([name, each]) => [name, spread(each)]));
  const [[first, own] = ['', []], ...others] = Object.entries(rates);
  const ratios = Object.fromEntries(
    others.map(([name, each]) => [`${first} / ${name}`, spread(own.map((value, round) => value / (each[round] ?? 0)))]),
  );
  return { best: /** @type {Record<K, Figures>} */ (best), ratios, rates: spreads };
}

/** Spreads with their unit, under longer names. @param {string} prefix @param {Record<string, import('./history.mjs').Spread>} spreads @param {string} unit */
export function timesOf(prefix, spreads, unit) {
  return Object.fromEntries(Object.entries(spreads).map(([name, one]) => [`${prefix}${name}`, { ...one, unit }]));
}

/** @param {readonly number[]} values @returns {import('./history.mjs').Spread} median, least and most */
export function spread(values) {
  return { value: median(values), low: Math.min(...values), high: Math.max(...values) };
}

/** @param {readonly number[]} values */
export function median(values) {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length / 2;
  return sorted.length % 2 === 1 ? sorted[Math.floor(middle)] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** @param {number} value */
export const short = (value) => (value >= 100 ? value.toFixed(0) : value >= 10 ? value.toFixed(1) : value.toFixed(2));
