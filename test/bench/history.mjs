// A file of one JSON object a line: what benches measured, when and where, so that a change that costs speed is seen.
import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import { arch, cpus, platform } from 'node:os';

/** A ratio counts as fallen below this share of what it was, where also the spreads do not meet. */
const TOLERANCE = 0.9;

/** @typedef {{ value: number, low: number, high: number }} Spread */
/** @typedef {{ ratios?: Record<string, Spread>, times?: Record<string, Spread & { unit: string }>, details?: object }} Figures a higher ratio is better */
/** @typedef {Record<string, Figures>} Found by bench */

export const machineName = () =>
  `${platform()} ${arch()}, ${cpus().length} x ${cpus()[0]?.model ?? 'unknown'}, Node ${process.version}`;

/**
 * Appends the ratios to `file` and tells which fell since the last entry of the same machine and sizes that has them.
 * @param {string} file @param {Found} found @param {boolean} smoke
 * @returns {string[]}
 */
export function remember(file, found, smoke) {
  const machine = machineName();
  const ratios = Object.fromEntries(
    Object.entries(found).flatMap(([bench, own]) =>
      Object.entries(own.ratios ?? {}).map(([name, spread]) => [`${bench}: ${name}`, spread]),
    ),
  );
  const before = existsSync(file) ? readFileSync(file, 'utf8').split('\n').filter(Boolean).map(parse(file)) : [];
  const own = before.filter((entry) => entry.machine === machine && entry.smoke === smoke);
  appendFileSync(file, `${JSON.stringify({ at: new Date().toISOString(), machine, smoke, ratios })}\n`);
  return Object.entries(ratios).flatMap(([name, now]) => {
    const last = own.findLast((entry) => name in entry.ratios);
    const then = last?.ratios[name];
    if (then === undefined || now.value >= TOLERANCE * then.value || now.high >= then.low) return [];
    return [`${name}: ${now.value.toFixed(2)} x, ${then.value.toFixed(2)} x on ${last.at}`];
  });
}

const parse = (file) => (line, index) => {
  try {
    const entry = JSON.parse(line);
    if (typeof entry.machine === 'string' && typeof entry.ratios === 'object' && entry.ratios !== null) return entry;
  } catch {
    // told below, with its place
  }
  throw new Error(`${file}:${index + 1}: no entry of a bench history`);
};
