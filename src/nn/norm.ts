import * as tf from '@tensorflow/tfjs-core';
import { type Weights, weight } from './weights.ts';
import { withGradient } from './with-gradient.ts';

/** RMSNorm with `name.weight`; Gemma stores the weight minus one (`plusOne`). */
export function rmsNorm(weights: Weights, name: string, x: tf.Tensor, eps: number, plusOne: boolean): tf.Tensor {
  const stored = weight(weights, `${name}.weight`);
  const gain = plusOne ? tf.add(stored, 1) : stored;
  return withGradient(
    [x, gain],
    () => {
      const scale = tf.rsqrt(tf.add(tf.mean(tf.square(x), -1, true), eps)); // [..., 1]
      const hat = tf.mul(x, scale);
      return { value: tf.mul(hat, gain), saved: [hat, scale, gain] };
    },
    (dy, [hat, scale, g]) => {
      const { along, dGain } = gainGradient(dy, hat, g);
      return [tf.mul(tf.sub(tf.mul(dy, g), tf.mul(hat, along)), scale), dGain];
    },
  );
}

/** LayerNorm with `name.weight` and `name.bias`. */
export function layerNorm(weights: Weights, name: string, x: tf.Tensor, eps: number): tf.Tensor {
  const gain = weight(weights, `${name}.weight`);
  const bias = weight(weights, `${name}.bias`);
  return withGradient(
    [x, gain, bias],
    () => {
      const centred = tf.sub(x, tf.mean(x, -1, true));
      const scale = tf.rsqrt(tf.add(tf.mean(tf.square(centred), -1, true), eps)); // [..., 1]
      const hat = tf.mul(centred, scale);
      return { value: tf.add(tf.mul(hat, gain), bias), saved: [hat, scale, gain] };
    },
    (dy, [hat, scale, g]) => {
      const { along, dGain } = gainGradient(dy, hat, g);
      const level = meanWith(dy, g);
      const dx = tf.mul(tf.sub(tf.mul(dy, g), tf.add(tf.mul(hat, along), level)), scale);
      return [dx, dGain, tf.sum(tf.reshape(dy, [-1, g.size]), 0)];
    },
  );
}

/**
 * Both gradients need dy * hat: its column sums are the gain's, and its rows against the gain give mean(dy gain hat),
 * the part of the gradient along `hat` that a norm takes away. One pass and a small product serve both.
 */
function gainGradient(dy: tf.Tensor, hat: tf.Tensor, gain: tf.Tensor): { along: tf.Tensor; dGain: tf.Tensor } {
  const product = tf.mul(dy, hat);
  return { along: meanWith(product, gain), dGain: tf.sum(tf.reshape(product, [-1, gain.size]), 0) };
}

/** mean(x gain) over the last axis, [..., 1]. */
function meanWith(x: tf.Tensor, gain: tf.Tensor): tf.Tensor {
  const share = tf.reshape(tf.div(gain, gain.size), [gain.size, 1]) as tf.Tensor2D;
  const mean = tf.matMul(tf.reshape(x, [-1, gain.size]) as tf.Tensor2D, share);
  return tf.reshape(mean, [...x.shape.slice(0, -1), 1]);
}
