import * as tf from '@tensorflow/tfjs-core';
import { unitRows } from './losses.ts';

/** sign * cosine of every patch [P, d] with every word [Q, d] (Eq. 4, 5; the paper negates it, Eq. 6): [P, Q]. */
export function patchScores(patches: tf.Tensor, words: tf.Tensor, sign: 1 | -1): tf.Tensor {
  const cosine = tf.matMul(unitRows(patches) as tf.Tensor2D, unitRows(words) as tf.Tensor2D, false, true);
  return sign === 1 ? cosine : tf.neg(cosine);
}

/** The best `top` words of every patch, best first, equal scores by the lower index: scores and int32 words [P, top]. */
export function topWords(scores: tf.Tensor, top: number): Readonly<{ words: tf.Tensor; scores: tf.Tensor }> {
  const { values, indices } = tf.topk(scores as tf.Tensor2D, Math.min(top, scores.shape[1] as number), true);
  return { words: indices, scores: values };
}
