import { ProblemError, suggest } from '../problem.ts';
import type { Benchmark } from './benchmark.ts';
import { gqa } from './gqa/gqa.ts';
import { mmbench } from './mmbench/mmbench.ts';
import { mmlu } from './mmlu/mmlu.ts';
import { mmvet } from './mmvet/mmvet.ts';
import { type BenchmarkName, benchmarkNames } from './names.ts';
import { pope } from './pope/pope.ts';
import { questions } from './questions/questions.ts';
import { scienceqa } from './scienceqa/scienceqa.ts';
import { textvqa } from './textvqa/textvqa.ts';
import { vizwiz } from './vizwiz/vizwiz.ts';
import { vqav2 } from './vqav2/vqav2.ts';

/** A new benchmark is a folder, its name in names.ts and its line here. */
const byName: Readonly<Record<BenchmarkName, Benchmark>> = {
  vqav2,
  textvqa,
  gqa,
  scienceqa,
  mmbench,
  pope,
  vizwiz,
  mmvet,
  mmlu,
  questions,
};

export const benchmarks: readonly Benchmark[] = benchmarkNames.map((name) => byName[name]);

/** The benchmark of a name; an unknown one stops with the nearest. */
export function benchmarkNamed(name: string): Benchmark {
  const found = benchmarks.find((benchmark) => benchmark.name === name);
  if (found !== undefined) return found;
  const hint = suggest(
    name,
    benchmarks.map((benchmark) => benchmark.name),
  );
  throw new ProblemError({ code: 'unknown-benchmark', message: `no benchmark "${name}"`, hint });
}
