import type { Step } from '../plan/step.ts';
import type { AnyKind } from '../stages/kind.ts';
import { type Device, devices } from './device.ts';
import type { Priced } from './shape.ts';
import { spend } from './spend.ts';

/** A processor that never has to cut a batch: what a stage takes if it is let. */
const roomy: Device = { ...devices.cpu, memory: Number.POSITIVE_INFINITY };

/**
 * Bytes that every stage which may run holds at its peak: what is reckoned, or more where its last run, else another of its
 * kind, was measured to hold more or the kind states more. Light stages run in the runner and count as none.
 */
export function memoryNeeds(
  steps: readonly Step[],
  kinds: ReadonlyMap<string, AnyKind>,
  priced: ReadonlyMap<string, Priced>,
): ReadonlyMap<string, number> {
  const peaks = kindPeaks(steps);
  const needs = new Map<string, number>();
  for (const step of steps) {
    if (step.action === 'reuse' || step.action === 'blocked') continue;
    const { kind, params } = step.spec;
    const stated = kinds.get(kind)?.needs(params);
    if (stated?.engine !== true) {
      // A warm process keeps memory of earlier stages, so that a peak measured there says nothing of a small stage.
      needs.set(step.id, stated?.memory ?? 0);
      continue;
    }
    const work = priced.get(step.id)?.work;
    const reckoned = work === undefined ? 0 : spend(work, roomy).memory;
    needs.set(step.id, Math.max(reckoned, peakOf(step) ?? Math.max(stated.memory ?? 0, peaks.get(kind) ?? 0)));
  }
  return needs;
}

/** Whether so many stages at once could ask for more than there is. */
export function mayFallShort(needs: ReadonlyMap<string, number>, jobs: number, limit: number): boolean {
  const largest = [...needs.values()].sort((a, b) => b - a).slice(0, jobs);
  return largest.reduce((sum, need) => sum + need, 0) > limit;
}

/** Whether one more stage may start beside those at work. One may always run, and one that holds nothing. */
export function hasRoom(held: readonly number[], need: number, limit: number): boolean {
  const taken = held.reduce((sum, own) => sum + own, 0);
  return taken === 0 || need === 0 || taken + need <= limit;
}

function kindPeaks(steps: readonly Step[]): ReadonlyMap<string, number> {
  const peaks = new Map<string, number>();
  for (const step of steps) {
    const peak = peakOf(step);
    if (peak !== undefined) peaks.set(step.spec.kind, Math.max(peak, peaks.get(step.spec.kind) ?? 0));
  }
  return peaks;
}

function peakOf({ entry, last, spec }: Step): number | undefined {
  const earlier = entry ?? last;
  return earlier?.kind === spec.kind ? earlier.provenance.peakMemory : undefined;
}
