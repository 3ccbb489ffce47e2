import * as tf from '@tensorflow/tfjs-core';
import { withGradient } from './with-gradient.ts';

/** Cosines and sines of the rotary angles, [B or 1, 1, T, headDim / 2]. */
export type Rotation = Readonly<{ cos: tf.Tensor; sin: tf.Tensor }>;

/** Rotary angles of `positions` [B or 1, T]: position * theta^(-2i / headDim). */
export function rotation(positions: tf.Tensor, headDim: number, theta: number): Rotation {
  const half = headDim / 2;
  const frequencies = Float32Array.from({ length: half }, (_, i) => 1 / Math.fround(theta ** ((2 * i) / headDim)));
  const [rows, length] = positions.shape as [number, number];
  const angles = tf.mul(
    tf.cast(tf.reshape(positions, [rows, 1, length, 1]), 'float32'),
    tf.tensor4d(frequencies, [1, 1, 1, half]),
  );
  return { cos: tf.cos(angles), sin: tf.sin(angles) };
}

/** Rotates and multiplies by a number in one. */
export function scaledBy({ cos, sin }: Rotation, factor: number): Rotation {
  return { cos: tf.mul(cos, factor), sin: tf.mul(sin, factor) };
}

function turn(x: tf.Tensor, cos: tf.Tensor, sin: tf.Tensor): tf.Tensor {
  const [a, b] = tf.split(x, 2, -1) as [tf.Tensor, tf.Tensor];
  return tf.concat([tf.sub(tf.mul(a, cos), tf.mul(b, sin)), tf.add(tf.mul(b, cos), tf.mul(a, sin))], -1);
}

/** Rotates x [B, heads, T, headDim], first half against second half (the published "rotate_half"). */
export function rotate(x: tf.Tensor, { cos, sin }: Rotation): tf.Tensor {
  return withGradient(
    [x],
    () => ({ value: turn(x, cos, sin), saved: [cos, sin] }),
    // a rotation's transpose is the rotation back (times the same factor)
    (dy, [c, s]) => [turn(dy, c, tf.neg(s))],
  );
}
