import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

/** The sets of official inputs and results: another folder of the same layout by SCORING_DIR. */
export const scoringDir = resolve(process.env['SCORING_DIR'] ?? join(import.meta.dirname, '..', 'scoring'));

// biome-ignore lint/suspicious/noExplicitAny: recorded results have a shape of their own for each benchmark
export type Recorded = Record<string, any>;

/** Benchmarks that the folder holds results for. */
export function recordedBenchmarks(): readonly string[] {
  return readdirSync(scoringDir, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && existsSync(join(scoringDir, entry.name, 'expected.json')))
    .map(({ name }) => name)
    .sort();
}

export function recorded(benchmark: string): Recorded {
  return readAny(join(scoringDir, benchmark, 'expected.json')) as Recorded;
}

/** JSON as Python writes it: NaN is allowed. */
export function readAny(file: string): unknown {
  const text = readFileSync(file, 'utf8').replace(/([:[,]\s*)NaN(?=\s*[,}\]])/g, '$1"<NaN>"');
  return JSON.parse(text, (_, value: unknown) => (value === '<NaN>' ? Number.NaN : value));
}
