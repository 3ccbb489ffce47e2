import * as tf from '@tensorflow/tfjs-core';
import { contrastive, cosines } from './losses.ts';

/**
 * Supervised embedding alignment, L_a (Eq. 9): visual tokens x [N, d] against the embeddings t [N, d] of their labels,
 * cosine over temperature exp(logTau), softmax both ways. `kept` [N] marks padding rows (0), so that N can be fixed
 * while the number of labels varies. No label, or one, gives 0 and no gradient.
 */
export function alignment(x: tf.Tensor, t: tf.Tensor, logTau: tf.Tensor, kept?: tf.Tensor): tf.Tensor {
  return contrastive(tf.mul(cosines(x, t), tf.exp(tf.neg(logTau))), kept);
}

/** The total loss, L = L_g + lambda L_a (Eq. 11). */
export function totalLoss(generation: tf.Tensor, align: tf.Tensor, lambda: number): tf.Tensor {
  return tf.add(generation, tf.mul(align, lambda));
}

/** Which token embeddings of a word are its target: the paper takes their mean (Eq. 8). */
export type Target = 'mean' | 'first' | 'last';

/** Tokens and their shares for every word, as arrays [words, longest]: targets are then one gather and one sum. */
export function targetTokens(
  words: readonly (readonly number[])[],
  target: Target,
): Readonly<{ tokens: Int32Array; shares: Float32Array; longest: number }> {
  const chosen = words.map((tokens, i) => {
    if (tokens.length === 0) throw new Error(`word ${i} has no token`);
    return target === 'mean' ? tokens : tokens.slice(...(target === 'first' ? [0, 1] : [-1]));
  });
  const longest = Math.max(1, ...chosen.map((tokens) => tokens.length));
  const tokens = new Int32Array(words.length * longest);
  const shares = new Float32Array(words.length * longest);
  chosen.forEach((own, i) => {
    tokens.set(own, i * longest);
    shares.fill(1 / own.length, i * longest, i * longest + own.length);
  });
  return { tokens, shares, longest };
}

/** t of every word (Eq. 8) from the language model's embedding [vocab, d]: [words, d]. */
export function wordTargets(
  embedding: tf.Tensor,
  words: readonly (readonly number[])[],
  target: Target = 'mean',
): tf.Tensor {
  const { tokens, shares, longest } = targetTokens(words, target);
  return tf.tidy(() => {
    const rows = tf.gather(embedding, tf.tensor2d(tokens, [words.length, longest], 'int32')); // [words, longest, d]
    return tf.sum(tf.mul(rows, tf.tensor3d(shares, [words.length, longest, 1])), 1);
  });
}
