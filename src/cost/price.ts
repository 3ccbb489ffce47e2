import type { StageSpec } from '../spec/experiment.ts';
import type { AnyKind } from '../stages/kind.ts';
import type { InputShapes, Known, Priced, Shape } from './shape.ts';

/**
 * What every stage asks of a machine. What a stage leaves is known from what it reads, so that nothing has to be there
 * but the parameters and, for a checkpoint, its configuration. Stages come after what they read.
 */
export function priceStages(
  stages: readonly StageSpec[],
  kinds: ReadonlyMap<string, AnyKind>,
  knownOf: (stage: StageSpec) => Known,
): ReadonlyMap<string, Priced> {
  const priced = new Map<string, Priced>();
  for (const stage of stages) {
    const inputs: Record<string, Shape | undefined> = {};
    for (const [port, ref] of Object.entries(stage.inputs)) inputs[port] = priced.get(ref.stage)?.outputs[ref.port];
    priced.set(stage.id, priceOf(stage, kinds.get(stage.kind), inputs, knownOf(stage)));
  }
  return priced;
}

function priceOf(stage: StageSpec, kind: AnyKind | undefined, inputs: InputShapes, known: Known): Priced {
  return kind?.cost?.(stage.params, inputs, known) ?? { outputs: {} };
}
