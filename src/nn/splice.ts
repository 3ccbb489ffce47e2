import * as tf from '@tensorflow/tfjs-core';
import { withGradient } from './with-gradient.ts';

/**
 * Where visual tokens go in a batch of sequences, as arrays of fixed size so that one compiled step serves every batch.
 * Positions count rows of the flattened batch: b * T + t.
 */
export type SplicePlan = Readonly<{
  /** [B * T] for each position the row of [words; visual tokens] it holds: itself, or B * T + visual token */
  source: Int32Array;
  /** [images * tokens] the position that holds each visual token, 0 for one that no text holds */
  position: Int32Array;
  /** [images * tokens] 1 for a visual token that a text holds, else 0 */
  used: Float32Array;
}>;

/** Finds the place of every visual token: the positions of `imageToken` in `ids` (rows of equal length), in order. */
export function planSplice(
  ids: readonly ArrayLike<number>[],
  imageToken: number,
  images: readonly number[],
  tokens: number,
): SplicePlan {
  const length = ids[0]?.length ?? 0;
  const total = images.reduce((sum, count) => sum + count, 0) * tokens;
  const source = Int32Array.from({ length: ids.length * length }, (_, at) => at);
  const position = new Int32Array(total);
  const used = new Float32Array(total);
  let next = 0;
  ids.forEach((row, b) => {
    const from = next;
    for (let t = 0; t < row.length; t++) {
      if (row[t] !== imageToken) continue;
      source[b * length + t] = ids.length * length + next;
      position[next] = b * length + t;
      used[next++] = 1;
    }
    const own = (images[b] ?? 0) * tokens;
    if (next - from > own || (next > from && next - from < own)) {
      throw new Error(`text ${b} has ${next - from} image positions for ${images[b] ?? 0} images of ${tokens} tokens`);
    }
    next = from + own; // a text without a marker leaves its (blank) image unused
  });
  return { source, position, used };
}

/**
 * The sequence with visual tokens in place of image markers: words [B, T, d] and visual tokens [images, m, d] -> [B, T, d].
 * Each visual token stands in at most one place, so its gradient is a gather and the words' a mask: nothing is scattered.
 */
export function splice(
  words: tf.Tensor,
  visual: tf.Tensor,
  plan: Readonly<{ source: tf.Tensor; position: tf.Tensor; used: tf.Tensor }>,
): tf.Tensor {
  const [batch, length, dim] = words.shape as [number, number, number];
  const rows = batch * length;
  const count = visual.size / dim;
  return withGradient(
    [words, visual],
    () => {
      const all = tf.concat([tf.reshape(words, [rows, dim]), tf.reshape(visual, [count, dim])], 0);
      const value = tf.reshape(tf.gather(all, tf.cast(plan.source, 'int32')), [batch, length, dim]);
      return { value, saved: [plan.source, plan.position, plan.used] };
    },
    (dy, [source, position, used]) => {
      const own = tf.reshape(tf.cast(tf.less(source, rows), 'float32'), [batch, length, 1]);
      const taken = tf.gather(tf.reshape(dy, [rows, dim]), tf.cast(position, 'int32'));
      return [tf.mul(dy, own), tf.reshape(tf.mul(taken, tf.reshape(used, [count, 1])), visual.shape)];
    },
  );
}
