import { type Problem, ProblemError } from '../problem.ts';
import type { Schedule } from './schedule.ts';
import type { Group } from './step.ts';
import { matches } from './trainable.ts';

/** The shared parameters of training stages (see `settings.ts`), after validation. */
export type Optimisation = Readonly<{
  steps?: number;
  epochs: number;
  batchSize: number;
  accumulate: number;
  learningRate: number;
  warmup: number;
  betas: readonly number[];
  weightDecay: number;
  clip: number;
}>;

/** `steps`, or as many as `epochs` passes over `count` examples take. */
export function stepsOf({ steps, epochs, batchSize }: Optimisation, count: number): number {
  return steps ?? Math.max(1, Math.ceil((epochs * count) / batchSize));
}

/** Cosine to 0 after a linear warm-up over a share of the steps, as LLaVA trains. */
export function scheduleOf({ warmup }: Optimisation, totalSteps: number): Schedule {
  return { kind: 'cosine', totalSteps, warmup: { ratio: warmup } };
}

/** Examples of a micro-batch. Throws ProblemError when the batch cannot be split evenly. */
export function microBatchSize({ batchSize, accumulate }: Optimisation): number {
  if (batchSize % accumulate === 0) return batchSize / accumulate;
  const problem: Problem = {
    code: 'uneven-batch',
    message: `a batch of ${batchSize} examples cannot be split into ${accumulate} micro-batches (accumulate)`,
    hint: 'choose an accumulate that divides batchSize',
  };
  throw new ProblemError(problem);
}

/**
 * AdamW groups of the parameters that train: matrices decay, vectors and scalars do not. The peak rate is that of the
 * longest pattern in `rates` that matches (so that the order in which a file lists them means nothing), else
 * `learningRate`.
 */
export function groupsOf(
  params: Optimisation,
  trainable: Readonly<Record<string, readonly number[]>>,
  rates: Readonly<Record<string, number>> = {},
): readonly Group[] {
  const [beta1, beta2] = params.betas as [number, number];
  const groups = new Map<string, { names: string[]; rate: number; weightDecay: number }>();
  for (const [name, shape] of Object.entries(trainable)) {
    const rate = rateOf(name, rates) ?? params.learningRate;
    const weightDecay = shape.length >= 2 ? params.weightDecay : 0;
    const key = `${rate} ${weightDecay}`;
    const group = groups.get(key) ?? { names: [], rate, weightDecay };
    group.names.push(name);
    groups.set(key, group);
  }
  return [...groups.values()].map(({ names, rate, weightDecay }) => ({
    match: names,
    rate,
    optimiser: 'adamw',
    beta1,
    beta2,
    weightDecay,
  }));
}

function rateOf(name: string, rates: Readonly<Record<string, number>>): number | undefined {
  const patterns = Object.keys(rates).filter((pattern) => matches(pattern, name));
  const longest = patterns.sort((a, b) => b.length - a.length || (a < b ? -1 : 1))[0];
  return longest === undefined ? undefined : rates[longest];
}
