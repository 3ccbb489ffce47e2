import { wholeSeconds } from '../cost/measured.ts';
import type { AnyKind } from '../stages/kind.ts';
import type { Estimate, Step } from './step.ts';

type Rate = { seconds: number; flops: number; timed: number; count: number };

/** Gives every stage that may run its likely seconds: its own last run, else the speed of its kind here, else nothing. */
export function estimate(
  steps: readonly Step[],
  kinds: ReadonlyMap<string, AnyKind>,
): Readonly<{ steps: readonly Step[]; estimate: Estimate }> {
  if (steps.every(isSettled)) return { steps, estimate: { seconds: 0, unknown: 0 } };
  const rates = measureRates(steps, kinds);
  let seconds = 0;
  let unknown = 0;
  const priced = steps.map((step) => {
    if (isSettled(step)) return step;
    const likely = secondsOf(step, kinds, rates);
    if (likely === undefined) unknown++;
    else seconds += likely;
    return likely === undefined ? step : { ...step, seconds: likely };
  });
  return { steps: priced, estimate: { seconds, unknown } };
}

function isSettled({ action }: Step): boolean {
  return action === 'reuse' || action === 'blocked';
}

function secondsOf(
  step: Step,
  kinds: ReadonlyMap<string, AnyKind>,
  rates: ReadonlyMap<string, Rate>,
): number | undefined {
  const earlier = step.entry ?? step.last;
  if (earlier !== undefined && earlier.kind === step.spec.kind) return wholeSeconds(earlier.provenance);
  const rate = rates.get(step.spec.kind);
  if (rate === undefined) return undefined;
  const flops = flopsOf(step, kinds);
  return flops !== undefined && rate.flops > 0 ? (flops / rate.flops) * rate.timed : rate.seconds / rate.count;
}

/** Cached stages of this plan: their parameters, and so their work, are known beside their seconds. */
function measureRates(steps: readonly Step[], kinds: ReadonlyMap<string, AnyKind>): ReadonlyMap<string, Rate> {
  const rates = new Map<string, Rate>();
  for (const step of steps) {
    const seconds = step.entry === undefined ? undefined : wholeSeconds(step.entry.provenance);
    if (seconds === undefined) continue;
    const rate = rates.get(step.spec.kind) ?? { seconds: 0, flops: 0, timed: 0, count: 0 };
    rate.seconds += seconds;
    rate.count++;
    const flops = flopsOf(step, kinds);
    if (flops !== undefined) {
      rate.flops += flops;
      rate.timed += seconds;
    }
    rates.set(step.spec.kind, rate);
  }
  return rates;
}

function flopsOf(step: Step, kinds: ReadonlyMap<string, AnyKind>): number | undefined {
  return kinds.get(step.spec.kind)?.needs(step.spec.params).flops;
}
