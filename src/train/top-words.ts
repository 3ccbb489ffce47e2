import * as tf from '@tensorflow/tfjs-core';
import { unitRows } from './losses.ts';

/** Most scores [patches, words] held at once: 128 MB. */
const SCORES_AT_ONCE = 32e6;

/** sign * cosine of every patch [P, d] with every word [Q, d] (Eq. 4, 5; the paper negates it, Eq. 6): [P, Q]. */
export function patchScores(patches: tf.Tensor, words: tf.Tensor, sign: 1 | -1): tf.Tensor {
  return tf.tidy(() => {
    const cosine = tf.matMul(unitRows(patches) as tf.Tensor2D, equalUnitRows(words as tf.Tensor2D), false, true);
    return sign === 1 ? cosine : tf.neg(cosine);
  });
}

/** Numbers that a processor handles together at most. */
const LANES = 16;

/**
 * Rows of length 1, equal ones for equal directions: the engine's square roots are rounded otherwise in what is left over
 * behind the last full vector, and a tie of two words would be decided by their places.
 */
function equalUnitRows(x: tf.Tensor2D): tf.Tensor2D {
  const [rows, dim] = x.shape;
  const padded = tf.pad(x, [
    [0, (LANES - (rows % LANES)) % LANES],
    [0, 0],
  ]);
  return tf.slice(unitRows(padded) as tf.Tensor2D, [0, 0], [rows, dim]);
}

/** The best `top` words of every patch, best first, equal scores by the lower index: scores and int32 words [P, top]. */
export function topWords(scores: tf.Tensor, top: number): Readonly<{ words: tf.Tensor; scores: tf.Tensor }> {
  const { values, indices } = tf.topk(scores as tf.Tensor2D, Math.min(top, scores.shape[1] as number), true);
  return { words: indices, scores: values };
}

/**
 * The same from patches [P, d] of any length and words [Q, d] of length 1, so many patches at a time that memory does not
 * grow with P * Q. Both [P, top], row-major.
 */
export async function nearestWords(
  patches: tf.Tensor2D,
  words: tf.Tensor2D,
  sign: 1 | -1,
  top: number,
): Promise<Readonly<{ words: Int32Array; scores: Float32Array }>> {
  const [count, dim] = patches.shape;
  const chunk = Math.max(1, Math.floor(SCORES_AT_ONCE / words.shape[0]));
  const all = { words: new Int32Array(count * top), scores: new Float32Array(count * top) };
  for (let start = 0; start < count; start += chunk) {
    const best = tf.tidy(() => {
      const unit = unitRows(tf.slice(patches, [start, 0], [Math.min(chunk, count - start), dim]));
      // the sign of the patch is the sign of all its scores
      return topWords(tf.matMul((sign === 1 ? unit : tf.neg(unit)) as tf.Tensor2D, words, false, true), top);
    });
    const [indices, scores] = await Promise.all([best.words.data<'int32'>(), best.scores.data<'float32'>()]);
    tf.dispose([best.words, best.scores]);
    all.words.set(indices, start * top);
    all.scores.set(scores, start * top);
  }
  return all;
}
