import type { Json } from '../hash.ts';
import type { StageSpec } from '../spec/experiment.ts';
import type { AnyKind } from '../stages/kind.ts';
import type { Entry } from '../store/store.ts';
import type { Device } from './device.ts';
import { priceStages } from './price.ts';
import type { Work } from './shape.ts';
import { spend } from './spend.ts';

/** An earlier run: what it asked for and what it took. */
export type Run = Readonly<{ key: string; kind: string; work: Work; seconds: number }>;

/** Whether parameters are valid for a kind; fills defaults in. */
export type Complete = (kind: AnyKind, params: Record<string, Json>) => boolean;

/**
 * Earlier runs whose work can be told from what the store keeps of them: the identity holds the parameters (null where one
 * did not matter), the contents that they read lead to the runs that made those. Others are left out.
 */
export async function runsOf(
  entries: readonly Entry[],
  kinds: ReadonlyMap<string, AnyKind>,
  complete: Complete,
): Promise<readonly Run[]> {
  const stages = stagesOf(entries, kinds, complete);
  const metrics = new Map<string, Entry['metrics']>(entries.map((entry) => [entry.key, entry.metrics]));
  const priced = await priceStages(stages, kinds, ({ id }) => ({
    text: () => undefined,
    metrics: metrics.get(id) ?? {},
  }));
  return entries.flatMap(({ key, kind, provenance }) => {
    const work = priced.get(key)?.work;
    const isKnown = work !== undefined && Object.values(work).every((value) => typeof value !== 'number' || value >= 0);
    const seconds = wholeSeconds(provenance);
    return isKnown && seconds !== undefined ? [{ key, kind, work, seconds }] : [];
  });
}

/** Part of a stage from which the time of the whole can be told. */
const ENOUGH = 0.2;

/** Seconds that one process would have taken for all of a stage; undefined where it did too little of it to tell. */
export function wholeSeconds({ seconds, share = 1 }: Entry['provenance']): number | undefined {
  return share < ENOUGH ? undefined : seconds / share;
}

/** Entries as stages that read each other's outputs, makers first. */
function stagesOf(
  entries: readonly Entry[],
  kinds: ReadonlyMap<string, AnyKind>,
  complete: Complete,
): readonly StageSpec[] {
  const makers = new Map<string, Readonly<{ entry: Entry; port: string }>>();
  for (const entry of entries) {
    for (const [port, digest] of Object.entries(entry.outputs)) makers.set(digest, { entry, port });
  }
  const stages = new Map<string, StageSpec>();
  const visit = (entry: Entry): void => {
    const kind = kinds.get(entry.kind);
    if (stages.has(entry.key) || kind === undefined) return;
    const params = paramsOf(entry.identity);
    if (!complete(kind, params)) return;
    const inputs: Record<string, StageSpec['inputs'][string]> = {};
    for (const [port, digest] of Object.entries(entry.inputs)) {
      const maker = makers.get(digest);
      if (maker === undefined || maker.entry.key === entry.key) continue;
      visit(maker.entry);
      inputs[port] = { stage: maker.entry.key, port: maker.port };
    }
    const at = { file: '', line: 0, column: 0 };
    stages.set(entry.key, { id: entry.key, name: entry.name, kind: entry.kind, params, inputs, at });
  };
  for (const entry of entries) visit(entry);
  return [...stages.values()];
}

function paramsOf(identity: Json): Record<string, Json> {
  const given = typeof identity === 'object' && identity !== null && !Array.isArray(identity) ? identity : {};
  return structuredClone(Object.fromEntries(Object.entries(given).filter(([, value]) => value !== null)));
}

/** How much slower than reckoned a kind was, and on how many runs this rests. */
export type Pace = Readonly<{ factor: number; runs: number }>;

/** The median over a kind's runs, without one of them where that one is to be foretold; undefined without any. */
export function paceOf(runs: readonly Run[], kind: string, device: Device, without?: string): Pace | undefined {
  const factors = runs.flatMap((run) => {
    const reckoned = run.kind === kind && run.key !== without ? spend(run.work, device).seconds : 0;
    return reckoned > 0 ? [run.seconds / reckoned] : [];
  });
  factors.sort((a, b) => a - b);
  const middle = factors.length / 2;
  const [low, high] = [factors[Math.ceil(middle) - 1], factors[Math.floor(middle)]];
  return low === undefined || high === undefined ? undefined : { factor: (low + high) / 2, runs: factors.length };
}
