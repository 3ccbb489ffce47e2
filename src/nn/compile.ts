import * as tf from '@tensorflow/tfjs-core';

/** Named tensors: what a compiled function takes and gives. */
export type TensorMap = Readonly<Record<string, tf.Tensor>>;

export type Compiled = Readonly<{ run(inputs: TensorMap): TensorMap; dispose(): void }>;

/**
 * Turns a pure function of tensors into one that is fast to run again on inputs of those names; other shapes may cost a
 * compilation. The caller owns what `run` returns. Capturing as a graph and plain eager execution both fit.
 */
export type Compile = (fn: (inputs: TensorMap) => TensorMap, example: TensorMap) => Compiled;

/** Runs a function as it stands: where it runs too few times for a graph to pay. */
export const eagerly: Compile = (fn) => ({
  run: (inputs) => tf.tidy(() => fn(inputs) as tf.TensorContainerObject) as ReturnType<typeof fn>,
  dispose: () => {},
});
