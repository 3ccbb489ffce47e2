import * as tf from '@tensorflow/tfjs-core';
import { withGradient } from './with-gradient.ts';

/** Tokens of x [B, T, d] at flat positions b * T + t `at` [...] -> [..., d]. */
export function takeTokens(x: tf.Tensor, at: tf.Tensor): tf.Tensor {
  return takeRows(tf.reshape(x, [-1, x.shape[2] as number]), at);
}

/**
 * Rows of `table` [n, d] at integer `index` [...] -> [..., d]. The gradient adds rows with ScatterNd, which every backend
 * has (the stock gradient of gather needs UnsortedSegmentSum, which wasm lacks).
 */
export function takeRows(table: tf.Tensor, index: tf.Tensor): tf.Tensor {
  const [rows, dim] = table.shape as [number, number];
  const count = index.size;
  return withGradient(
    [table],
    () => ({ value: tf.gather(table, tf.cast(index, 'int32')), saved: [index] }),
    (dy, [at]) => [
      tf.scatterND(tf.cast(tf.reshape(at, [count, 1]), 'int32') as tf.Tensor<tf.Rank>, tf.reshape(dy, [count, dim]), [
        rows,
        dim,
      ]),
    ],
  );
}
