import type { Tensor } from '@tensorflow/tfjs-core';

/** Tensors by the names that published checkpoints use; a forward pass is a pure function of them. */
export type Weights = Readonly<Record<string, Tensor>>;

/** Parameter names and shapes of a module, as a fresh model or a checkpoint must have them. */
export type Shapes = Readonly<Record<string, readonly number[]>>;

/** A weight by name; a missing one is a broken checkpoint and is named. */
export function weight<T extends Tensor = Tensor>(weights: Weights, name: string): T {
  const tensor = weights[name];
  if (tensor === undefined) throw new Error(`the checkpoint has no tensor "${name}"`);
  return tensor as T;
}

/** The weights whose names begin with `prefix`, without it: the part of a model that is a model itself. */
export function within(weights: Weights, prefix: string): Weights {
  return Object.fromEntries(
    Object.entries(weights).flatMap(([name, tensor]) =>
      name.startsWith(prefix) ? [[name.slice(prefix.length), tensor]] : [],
    ),
  );
}

/** The same values with `prefix` before every name: `vision.` + `post_layernorm.weight`. */
export function prefixed<T>(prefix: string, values: Readonly<Record<string, T>>): Record<string, T> {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [prefix + name, value]));
}
