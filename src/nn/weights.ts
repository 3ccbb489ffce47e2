import type { Tensor } from '@tensorflow/tfjs-core';

/** Tensors by the names that published checkpoints use; a forward pass is a pure function of them. */
export type Weights = Readonly<Record<string, Tensor>>;

/** A weight by name; a missing one is a broken checkpoint and is named. */
export function weight<T extends Tensor = Tensor>(weights: Weights, name: string): T {
  const tensor = weights[name];
  if (tensor === undefined) throw new Error(`the checkpoint has no tensor "${name}"`);
  return tensor as T;
}
