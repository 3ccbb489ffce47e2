import * as tf from '@tensorflow/tfjs-core';
import { stream } from '../../src/data/random.ts';
import type { Shapes } from '../../src/nn/weights.ts';

/** Normal numbers of a name: the same at every call. */
export function normal(name: string, shape: readonly number[], sd = 1): tf.Tensor {
  const random = stream(9, name);
  const size = shape.reduce((a, b) => a * b, 1);
  return tf.tensor(
    Float32Array.from({ length: size }, () => sd * random.normal()),
    [...shape],
  );
}

/** Random weights of a module, norms near 1 as a trained model has them. */
export function randomWeights(shapes: Shapes): Record<string, tf.Tensor> {
  return Object.fromEntries(
    Object.entries(shapes).map(([name, shape]) => {
      const values = normal(name, shape, 0.3);
      return [name, /norm.*\.weight$/.test(name) ? tf.add(values, 1) : values];
    }),
  );
}

/** Largest difference of two tensors. */
export function apart(a: tf.Tensor, b: tf.Tensor): number {
  return tf.tidy(() => tf.max(tf.abs(tf.sub(a, b))).dataSync()[0] as number);
}
