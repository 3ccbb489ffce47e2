import * as tf from '@tensorflow/tfjs-core';
import { type Weights, weight } from './weights.ts';

/** x Wᵀ with W [out, in] as published: [..., in] -> [..., out]. */
export function multiply(x: tf.Tensor, matrix: tf.Tensor): tf.Tensor {
  const [out, input] = matrix.shape as [number, number];
  const rows = tf.reshape(x, [-1, input]) as tf.Tensor2D;
  return tf.reshape(tf.matMul(rows, matrix as tf.Tensor2D, false, true), [...x.shape.slice(0, -1), out]);
}

/** x Wᵀ + b with `name.weight` and `name.bias`. */
export function linear(weights: Weights, name: string, x: tf.Tensor): tf.Tensor {
  return tf.add(multiply(x, weight(weights, `${name}.weight`)), weight(weights, `${name}.bias`));
}

/** x Wᵀ with `name.weight`, for layers without a bias. */
export function project(weights: Weights, name: string, x: tf.Tensor): tf.Tensor {
  return multiply(x, weight(weights, `${name}.weight`));
}
