import * as tf from '@tensorflow/tfjs-core';
import { unitRows } from '../../train/losses.ts';

/**
 * How far the words of an image's own caption stand out, without any ground truth: the best score of a word over the
 * image's patches, averaged over caption words, minus the same over all other words. `cosine` [patches, words];
 * `said` [words] is 1 for words of the caption. Returns [positive sign, negated sign].
 */
export async function captionContrast(cosine: tf.Tensor2D, said: Float32Array): Promise<readonly [number, number]> {
  const both = tf.tidy(() => {
    const inside = tf.tensor1d(said);
    const share = (mask: tf.Tensor1D) => tf.div(mask, tf.maximum(tf.sum(mask), 1));
    const [own, others] = [share(inside), share(tf.sub(1, inside) as tf.Tensor1D)];
    const contrast = (scores: tf.Tensor) => tf.sum(tf.mul(tf.max(scores, 0), tf.sub(own, others)));
    return tf.stack([contrast(cosine), contrast(tf.neg(cosine))]);
  });
  const [positive, negative] = await both.data();
  both.dispose();
  return [positive as number, negative as number];
}

/** Cosines of the patches of one image [m, d] with words of length 1 [q, d]: [m, q]. */
export function cosinesWith(patches: tf.Tensor, words: tf.Tensor2D): tf.Tensor2D {
  return tf.matMul(unitRows(patches) as tf.Tensor2D, words, false, true);
}

/** Marks the listed words that occur in a caption, whole and in any case. */
export function wordsSaid(caption: string, words: readonly string[]): Float32Array {
  const said = new Set(caption.toLowerCase().match(/[\p{L}\p{M}\p{N}'-]+/gu) ?? []);
  return Float32Array.from(words, (word) => (said.has(word.toLowerCase()) ? 1 : 0));
}
