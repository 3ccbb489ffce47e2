import type { Json } from '../hash.ts';
import type { StageSpec } from '../spec/experiment.ts';
import type { AnyKind, Cost } from '../stages/kind.ts';
import type { Known, Priced, Shape } from './shape.ts';

/**
 * What every stage asks of a machine. What a stage leaves is known from what it reads, so that nothing has to be there
 * but the parameters and, for a checkpoint, its configuration. Stages come after what they read.
 */
export async function priceStages(
  stages: readonly StageSpec[],
  kinds: ReadonlyMap<string, AnyKind>,
  knownOf: (stage: StageSpec) => Known,
): Promise<ReadonlyMap<string, Priced>> {
  const costs = await loadCosts(stages, kinds);
  const priced = new Map<string, Priced>();
  for (const stage of stages) {
    const inputs: Record<string, Shape | undefined> = {};
    for (const [port, ref] of Object.entries(stage.inputs)) inputs[port] = priced.get(ref.stage)?.outputs[ref.port];
    const cost = costs.get(stage.kind);
    priced.set(stage.id, cost?.(stage.params, inputs, knownOf(stage)) ?? { outputs: {} });
  }
  return priced;
}

/** How the kinds of these stages are priced; some cannot be. */
async function loadCosts(stages: readonly StageSpec[], kinds: ReadonlyMap<string, AnyKind>) {
  const costs = new Map<string, Cost<Json>>();
  for (const name of new Set(stages.map(({ kind }) => kind))) {
    const cost = await kinds.get(name)?.loadCost?.();
    if (cost !== undefined) costs.set(name, cost);
  }
  return costs;
}
