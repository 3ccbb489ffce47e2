import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import type { TensorMap } from '../../src/engine/capture.ts';

/** Steps of random programs: each takes the running value [3, 4] and the vector [4] to another [3, 4]. */
const moves = {
  addVector: (v: tf.Tensor, b: tf.Tensor) => tf.add(v, b),
  mulVector: (v: tf.Tensor, b: tf.Tensor) => tf.mul(v, b),
  halve: (v: tf.Tensor) => tf.mul(v, 0.5),
  tanh: (v: tf.Tensor) => tf.tanh(v),
  softmax: (v: tf.Tensor) => tf.softmax(v),
  relu: (v: tf.Tensor) => tf.relu(tf.sub(v, 0.1)),
  product: (v: tf.Tensor) =>
    tf.mul(tf.matMul(v as tf.Tensor2D, tf.matMul(v as tf.Tensor2D, v as tf.Tensor2D, true)), 0.05),
  swap: (v: tf.Tensor) => tf.gather(v, tf.tensor1d([2, 0, 1], 'int32')),
  turn: (v: tf.Tensor) => tf.reshape(tf.transpose(v), [3, 4]),
  shift: (v: tf.Tensor) => tf.concat([tf.slice(v, [0, 1], [3, 3]), tf.slice(v, [0, 0], [3, 1])], 1),
  centre: (v: tf.Tensor) => tf.sub(v, tf.mean(v, -1, true)),
  choose: (v: tf.Tensor, b: tf.Tensor) => tf.where(tf.greater(v, 0), v, tf.broadcastTo(tf.reshape(b, [1, 4]), [3, 4])),
  descend: (v: tf.Tensor, b: tf.Tensor) =>
    tf.sub(v, tf.mul(0.1, tf.grad((x) => tf.square(tf.sub(tf.sigmoid(x), b)))(v))),
} as const;

type Move = keyof typeof moves;

const small = fc.integer({ min: -300, max: 300 }).map((n) => n / 100);

export const programs = fc.record({
  steps: fc.array(fc.constantFrom(...(Object.keys(moves) as Move[])), { minLength: 1, maxLength: 12 }),
  a: fc.array(small, { minLength: 12, maxLength: 12 }),
  b: fc.array(small, { minLength: 4, maxLength: 4 }),
});

export function runProgram(steps: readonly Move[], { a, b }: TensorMap): TensorMap {
  const end = steps.reduce((value, step) => moves[step](value, b as tf.Tensor), a as tf.Tensor);
  return { end, total: tf.sum(end) };
}
