import * as tf from '@tensorflow/tfjs-core';
import { type Weights, weight } from './weights.ts';
import { withGradient } from './with-gradient.ts';

/** x / rms(x) over the last axis. The gradient needs only the result and 1/rms. */
function unitRms(x: tf.Tensor, eps: number): tf.Tensor {
  return withGradient(
    [x],
    () => {
      const scale = tf.rsqrt(tf.add(tf.mean(tf.square(x), -1, true), eps)); // [..., 1]
      const value = tf.mul(x, scale);
      return { value, saved: [value, scale] };
    },
    (dy, [hat, scale]) => [tf.mul(tf.sub(dy, tf.mul(hat, tf.mean(tf.mul(dy, hat), -1, true))), scale)],
  );
}

/** (x - mean) / sd over the last axis. */
function standardised(x: tf.Tensor, eps: number): tf.Tensor {
  return withGradient(
    [x],
    () => {
      const centred = tf.sub(x, tf.mean(x, -1, true));
      const scale = tf.rsqrt(tf.add(tf.mean(tf.square(centred), -1, true), eps)); // [..., 1]
      const value = tf.mul(centred, scale);
      return { value, saved: [value, scale] };
    },
    (dy, [hat, scale]) => {
      const along = tf.mul(hat, tf.mean(tf.mul(dy, hat), -1, true));
      return [tf.mul(tf.sub(tf.sub(dy, tf.mean(dy, -1, true)), along), scale)];
    },
  );
}

/** RMSNorm with `name.weight`; Gemma stores the weight minus one (`plusOne`). */
export function rmsNorm(weights: Weights, name: string, x: tf.Tensor, eps: number, plusOne: boolean): tf.Tensor {
  const gain = weight(weights, `${name}.weight`);
  return tf.mul(unitRms(x, eps), plusOne ? tf.add(gain, 1) : gain);
}

/** LayerNorm with `name.weight` and `name.bias`. */
export function layerNorm(weights: Weights, name: string, x: tf.Tensor, eps: number): tf.Tensor {
  const hat = standardised(x, eps);
  return tf.add(tf.mul(hat, weight(weights, `${name}.weight`)), weight(weights, `${name}.bias`));
}
