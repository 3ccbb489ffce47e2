import * as tf from '@tensorflow/tfjs-core';

/** Muon: momentum whose matrix is made orthogonal by Newton-Schulz (github.com/KellerJordan/Muon). For matrices only. */
export type Muon = Readonly<{ momentum: number; weightDecay: number }>;

export const MUON: Muon = { momentum: 0.95, weightDecay: 0 };

/** The quintic's coefficients, chosen for a steep slope at 0; five rounds bring singular values to about 0.7 .. 1.2. */
const [A, B, C] = [3.4445, -4.775, 2.0315];
const ROUNDS = 5;

/** The nearest roughly orthogonal matrix, same shape. */
export function orthogonalised(gradient: tf.Tensor): tf.Tensor {
  const [rows, columns] = gradient.shape as [number, number];
  const wide = rows > columns ? tf.transpose(gradient) : gradient; // the smaller side makes the smaller square
  let x = tf.div(wide, tf.add(tf.sqrt(tf.sum(tf.square(wide))), 1e-7)) as tf.Tensor2D;
  for (let round = 0; round < ROUNDS; round++) {
    const square = tf.matMul(x, x, false, true);
    const poly = tf.add(tf.mul(square, B), tf.mul(tf.matMul(square, square), C)) as tf.Tensor2D;
    x = tf.add(tf.mul(x, A), tf.matMul(poly, x));
  }
  return rows > columns ? tf.transpose(x) : x;
}

/** One matrix's update with Nesterov momentum: new weight and momentum. `rate` is a scalar tensor. */
export function muonUpdate(
  settings: Muon,
  parameter: Readonly<{ weight: tf.Tensor; gradient: tf.Tensor; m: tf.Tensor }>,
  rate: tf.Tensor,
): Readonly<{ weight: tf.Tensor; m: tf.Tensor }> {
  const [rows, columns] = parameter.weight.shape as [number, number];
  const m = tf.add(tf.mul(parameter.m, settings.momentum), parameter.gradient);
  const ahead = tf.add(parameter.gradient, tf.mul(m, settings.momentum));
  const size = Math.sqrt(Math.max(1, rows / columns)); // tall matrices take longer steps
  const decayed =
    settings.weightDecay === 0
      ? parameter.weight
      : tf.mul(parameter.weight, tf.sub(1, tf.mul(rate, settings.weightDecay)));
  return { weight: tf.sub(decayed, tf.mul(tf.mul(orthogonalised(ahead), size), rate)), m };
}
