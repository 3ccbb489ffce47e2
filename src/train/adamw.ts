import * as tf from '@tensorflow/tfjs-core';

/** AdamW's settings (arXiv 1711.05101); decay is decoupled: applied to the weight, not to the gradient. */
export type AdamW = Readonly<{ beta1: number; beta2: number; eps: number; weightDecay: number }>;

export const ADAMW: AdamW = { beta1: 0.9, beta2: 0.999, eps: 1e-8, weightDecay: 0 };

/** 1 / (1 - beta^t) of step t = 1, 2, ...: computed in double precision outside, since in a compiled step t varies. */
export function corrections({ beta1, beta2 }: AdamW, step: number): Readonly<{ first: number; second: number }> {
  return { first: 1 / (1 - beta1 ** step), second: 1 / (1 - beta2 ** step) };
}

/** One parameter's update: new weight and moments. `rate`, `first` and `second` are scalar tensors. */
export function adamwUpdate(
  settings: AdamW,
  parameter: Readonly<{ weight: tf.Tensor; gradient: tf.Tensor; m: tf.Tensor; v: tf.Tensor }>,
  at: Readonly<{ rate: tf.Tensor; first: tf.Tensor; second: tf.Tensor }>,
): Readonly<{ weight: tf.Tensor; m: tf.Tensor; v: tf.Tensor }> {
  const { beta1, beta2, eps, weightDecay } = settings;
  const m = tf.add(tf.mul(parameter.m, beta1), tf.mul(parameter.gradient, 1 - beta1));
  const v = tf.add(tf.mul(parameter.v, beta2), tf.mul(tf.square(parameter.gradient), 1 - beta2));
  const root = tf.add(tf.sqrt(tf.mul(v, at.second)), eps); // eps outside the root
  const change = tf.div(tf.mul(m, tf.mul(at.rate, at.first)), root);
  const decayed =
    weightDecay === 0 ? parameter.weight : tf.mul(parameter.weight, tf.sub(1, tf.mul(at.rate, weightDecay)));
  return { weight: tf.sub(decayed, change), m, v };
}

/** Euclidean norm of all gradients together, a scalar. */
export function jointNorm(gradients: readonly tf.Tensor[]): tf.Tensor {
  return tf.sqrt(tf.addN(gradients.map((gradient) => tf.sum(tf.square(gradient)))));
}

/** torch's `clip_grad_norm_`: the factor min(1, max / (norm + 1e-6)). */
export function clipFactor(norm: tf.Tensor, max: number): tf.Tensor {
  return tf.minimum(1, tf.div(max, tf.add(norm, 1e-6)));
}
