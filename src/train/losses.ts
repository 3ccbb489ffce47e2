import * as tf from '@tensorflow/tfjs-core';
import { constant, withGradient } from '../nn/with-gradient.ts';

/** Labels of positions that are not to be predicted, as transformers and LLaVA mark them. */
export const IGNORED = -100;

/**
 * Cross-entropy of `hidden` Wᵀ against `labels`, per row: hidden [N, d], head [V, d], labels [N] int -> [N].
 * Rows labelled -100 cost nothing and count nothing. With e = exp(logits - max) and s its row sums the gradient
 * is e / s - onehot; since it only enters two matrix products, its row factor is applied to their small side and the
 * one-hot part becomes a gather: backward makes no pass over [N, V] beyond the products.
 */
export function headCrossEntropy(hidden: tf.Tensor, head: tf.Tensor, labels: tf.Tensor): tf.Tensor {
  const [count] = hidden.shape as [number];
  const [vocab] = head.shape as [number];
  const kept = tf.cast(tf.greaterEqual(labels, 0), 'float32'); // [N]
  const target = tf.cast(tf.maximum(labels, 0), 'int32');
  // shared by the two parts below, which carry the gradient
  const logits = constant(() => tf.matMul(hidden as tf.Tensor2D, head as tf.Tensor2D, false, true)); // [N, V]
  const top = constant(() => tf.max(logits, -1, true));
  const e = constant(() => tf.exp(tf.sub(logits, top)));
  const sum = constant(() => tf.sum(e, -1, true)); // [N, 1]
  const row = tf.mul(tf.range(0, count, 1, 'int32'), tf.scalar(vocab, 'int32'));
  const factor = (dy: tf.Tensor, counts: tf.Tensor) => tf.reshape(tf.mul(dy, counts), [count, 1]);
  const throughHidden = withGradient(
    [hidden],
    () => {
      const own = tf.gather(tf.reshape(logits, [count * vocab]), tf.add(row, target));
      const value = tf.sub(tf.log(tf.reshape(sum, [count])), tf.sub(own, tf.reshape(top, [count])));
      return { value: tf.mul(value, kept), saved: [e, sum, head, target, kept] };
    },
    (dy, [exps, sums, matrix, at, counts]) => {
      const expected = tf.div(tf.matMul(exps as tf.Tensor2D, matrix as tf.Tensor2D), sums);
      return [tf.mul(tf.sub(expected, tf.gather(matrix, at as tf.Tensor1D)), factor(dy, counts))];
    },
  );
  // a part of its own, with value 0, so that a frozen head costs no product
  const throughHead = withGradient(
    [head],
    () => ({ value: tf.zeros([count]), saved: [e, sum, hidden, target, kept] }),
    (dy, [exps, sums, states, at, counts]) => {
      const scaled = tf.mul(states, factor(dy, counts));
      const all = tf.matMul(exps as tf.Tensor2D, tf.div(scaled, sums) as tf.Tensor2D, true);
      const own = tf.scatterND(tf.reshape(at, [count, 1]), scaled, head.shape);
      return [tf.sub(all, own)];
    },
  );
  return tf.add(throughHidden, throughHead);
}

/** sum(w_i loss_i) / sum(w_i); 0 when nothing counts. Without weights every row that is not ignored counts the same. */
export function weightedMean(losses: tf.Tensor, weights: tf.Tensor): tf.Tensor {
  const total = tf.sum(weights);
  return tf.div(tf.sum(tf.mul(losses, weights)), tf.maximum(total, tf.cast(tf.equal(total, 0), 'float32')));
}

/** 1 for rows that have a label, else 0: labels [N] int -> [N]. */
export function counted(labels: tf.Tensor): tf.Tensor {
  return tf.cast(tf.greaterEqual(labels, 0), 'float32');
}

/** log sum exp over one axis; its gradient is the softmax. */
function logSumExp(x: tf.Tensor, axis: number): tf.Tensor {
  return withGradient(
    [x],
    () => {
      const top = tf.max(x, axis, true);
      const e = tf.exp(tf.sub(x, top));
      const sum = tf.sum(e, axis, true);
      const value = tf.squeeze(tf.add(tf.log(sum), top), [axis]);
      return { value, saved: [e, sum] };
    },
    (dy, [e, sum]) => [tf.mul(tf.div(e, sum), tf.expandDims(dy, axis))],
  );
}

/** Rows scaled to length 1, [N, d]. */
export function unitRows(x: tf.Tensor): tf.Tensor {
  return tf.mul(x, tf.rsqrt(tf.maximum(tf.sum(tf.square(x), -1, true), 1e-24)));
}

/**
 * Softmax loss of matching pairs in both directions (CLIP; the form of the paper's Eq. 9): similarities [N, N] already
 * divided by the temperature -> scalar. `kept` [N] marks rows that are real (1) and padding (0); padding neither is
 * contrasted nor counted. No pair at all, and a single one, give 0.
 */
export function contrastive(similarities: tf.Tensor, kept?: tf.Tensor): tf.Tensor {
  const count = similarities.shape[0] as number;
  if (count === 0)
    return tf.sum(
      tf.pad(similarities, [
        [0, 1],
        [0, 1],
      ]),
    ); // wasm's sum over nothing is not 0
  const own = tf.sum(tf.mul(similarities, tf.eye(count)), 1);
  if (kept === undefined) {
    return tf.mean(tf.mul(tf.add(matchLoss(similarities, own, 1), matchLoss(similarities, own, 0)), 0.5));
  }
  const hide = tf.mul(tf.sub(1, kept), -1e9); // [N]
  const acrossRow = matchLoss(tf.add(similarities, tf.reshape(hide, [1, count])), own, 1);
  const acrossColumn = matchLoss(tf.add(similarities, tf.reshape(hide, [count, 1])), own, 0);
  return weightedMean(tf.mul(tf.add(acrossRow, acrossColumn), 0.5), kept);
}

function matchLoss(similarities: tf.Tensor, own: tf.Tensor, axis: number): tf.Tensor {
  return tf.sub(logSumExp(similarities, axis), own);
}

/** SigLIP's loss: every pair is a yes/no question, -sum log sigmoid(z logits) / N, z = 1 for matches, else -1 (arXiv 2303.15343). */
export function pairwise(logits: tf.Tensor, count: number): tf.Tensor {
  const sign = tf.sub(tf.mul(tf.eye(count), 2), 1);
  return tf.div(tf.sum(tf.softplus(tf.neg(tf.mul(logits, sign)))), count);
}

/** Cosine of every row of `a` [N, d] with every row of `b` [M, d]: [N, M]. */
export function cosines(a: tf.Tensor, b: tf.Tensor): tf.Tensor {
  return tf.matMul(unitRows(a) as tf.Tensor2D, unitRows(b) as tf.Tensor2D, false, true);
}
