import type { Experiment } from '../../src/spec/experiment.ts';
import { frame } from '../../src/spec/frame.ts';
import { loadExperiment } from '../../src/spec/load.ts';
import { fakeKinds } from './fake-kinds.ts';

type Files = Readonly<Record<string, string>>;

const reader = (files: Files) => (path: string) => files[path];

/** The experiment in `x.yaml`, which has to be right. */
export function loaded(text: string, others: Files = {}): Experiment {
  const files = { ...others, 'x.yaml': text };
  const result = loadExperiment('x.yaml', fakeKinds, reader(files));
  if (result.ok) return result.value;
  throw new Error(result.problems.map((problem) => frame(problem, { color: false, source: reader(files) })).join('\n'));
}

/** Everything that is wrong with `x.yaml`, as a person reads it. */
export function mistakes(text: string, others: Files = {}): string {
  const files = { ...others, 'x.yaml': text };
  const result = loadExperiment('x.yaml', fakeKinds, reader(files));
  const problems = result.ok ? [] : result.problems;
  return problems.map((problem) => frame(problem, { color: false, source: reader(files) })).join('\n');
}
