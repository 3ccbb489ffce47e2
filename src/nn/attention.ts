import * as tf from '@tensorflow/tfjs-core';
import { causalSpans, type Span } from './causal-blocks.ts';
import { takeRows } from './embedding.ts';
import { withGradient } from './with-gradient.ts';

/** Added to a score that may not be attended; finite, so that a row without any key stays a number. */
export const HIDDEN = -1e9;

/** [B, T, heads * headDim] -> [B, heads, T, headDim]. */
export function splitHeads(x: tf.Tensor, heads: number): tf.Tensor {
  const [batch, length, width] = x.shape as [number, number, number];
  return tf.transpose(tf.reshape(x, [batch, length, heads, width / heads]), [0, 2, 1, 3]);
}

/** [B, heads, T, headDim] -> [B, T, heads * headDim]. */
export function joinHeads(x: tf.Tensor): tf.Tensor {
  const [batch, heads, length, dim] = x.shape as [number, number, number, number];
  return tf.reshape(tf.transpose(x, [0, 2, 1, 3]), [batch, length, heads * dim]);
}

function batchMatMul(a: tf.Tensor, b: tf.Tensor, transposeA = false, transposeB = false): tf.Tensor {
  return tf.matMul(a as tf.Tensor4D, b as tf.Tensor4D, transposeA, transposeB);
}

/**
 * softmax(scale q kᵀ + mask) v, scale 1 / sqrt(headDim) where none is given, with q [B, heads, T, headDim] and k, v [B, kvHeads, S, headDim].
 * Query head h reads key head floor(h kvHeads / heads). `mask` is additive, broadcastable to [B, heads, T, S],
 * and a constant. One gradient for the whole: dS = P (dP - rowsum(dO O)), two passes over [T, S] instead of five.
 */
export function attend(
  q: tf.Tensor,
  k: tf.Tensor,
  v: tf.Tensor,
  mask?: tf.Tensor,
  scale = 1 / Math.sqrt(q.shape[3] as number),
): tf.Tensor {
  const [batch, heads, length, dim] = q.shape as [number, number, number, number];
  const [, kvHeads, keys] = k.shape as [number, number, number];
  const grouped = [batch, kvHeads, (heads / kvHeads) * length]; // queries of one key head, one after another
  const times = (x: tf.Tensor): tf.Tensor => (scale === 1 ? x : tf.mul(x, scale));
  return withGradient(
    [q, k, v],
    () => {
      const scaled = tf.reshape(times(q), [...grouped, dim]);
      const scores = tf.reshape(batchMatMul(scaled, k, false, true), [batch, heads, length, keys]);
      const attention = tf.reshape(tf.softmax(mask === undefined ? scores : tf.add(scores, mask)), [...grouped, keys]);
      const out = batchMatMul(attention, v);
      return { value: tf.reshape(out, [batch, heads, length, dim]), saved: [scaled, k, v, attention, out] };
    },
    (dy, [scaled, key, value, attention, out]) => {
      const dOut = tf.reshape(dy, [...grouped, dim]);
      const dAttention = batchMatMul(dOut, value, false, true);
      const dScores = tf.mul(attention, tf.sub(dAttention, tf.sum(tf.mul(dOut, out), -1, true)));
      return [
        tf.reshape(times(batchMatMul(dScores, key)), [batch, heads, length, dim]),
        batchMatMul(dScores, scaled, true),
        batchMatMul(attention, dOut, true),
      ];
    },
  );
}

/** Some queries, the keys that they may see, and the additive mask of these [B or 1, 1, size, end]. */
export type Block = Span & Readonly<{ mask: tf.Tensor }>;

/** A causal mask [B or 1, 1, T, T] in blocks of queries, each with the keys up to its own last one. */
export function causalBlocks(mask: tf.Tensor): readonly Block[] {
  const [batch, heads, length] = mask.shape as [number, number, number];
  return causalSpans(length).map((span) => ({
    ...span,
    mask: tf.slice(mask, [0, 0, span.start, 0], [batch, heads, span.size, span.end]),
  }));
}

/** All queries with all keys, as a mask [B or 1, 1, T, S] has them. */
export function wholeBlock(mask: tf.Tensor): readonly Block[] {
  const [, , size, end] = mask.shape as [number, number, number, number];
  return [{ start: 0, size, end, mask }];
}

/** `attend` block by block: q [B, heads, T, headDim] of all blocks, one after another. */
export function attendInBlocks(
  q: tf.Tensor,
  k: tf.Tensor,
  v: tf.Tensor,
  blocks: readonly Block[],
  scale?: number,
): tf.Tensor {
  const outs = blocks.map(({ start, size, end, mask }) =>
    attend(tokensOf(q, start, size), tokensOf(k, 0, end), tokensOf(v, 0, end), mask, scale),
  );
  return outs.length === 1 ? (outs[0] as tf.Tensor) : tf.concat(outs, 2);
}

/** Some tokens of [B, heads, T, headDim]. */
function tokensOf(x: tf.Tensor, start: number, size: number): tf.Tensor {
  const [batch, heads, length, dim] = x.shape as [number, number, number, number];
  return size === length ? x : tf.slice(x, [0, 0, start, 0], [batch, heads, size, dim]);
}

/** Additive causal mask [1, 1, T, T]; with `window` a query sees that many keys, itself included. */
export function causalMask(length: number, window?: number): tf.Tensor {
  const at = tf.range(0, length, 1, 'float32');
  const behind = tf.sub(tf.reshape(at, [length, 1]), tf.reshape(at, [1, length])); // query - key
  return tf.reshape(hideFar(behind, window), [1, 1, length, length]);
}

/**
 * Additive mask [B, 1, T, S] of tokens whose positions are known, [B, T] and [B, S], -1 for padding: a query sees the keys
 * up to its own position, with `window` the last so many of them.
 */
export function seenMask(queries: tf.Tensor, keys: tf.Tensor, window?: number): tf.Tensor {
  const [batch, length] = queries.shape as [number, number];
  const query = tf.reshape(tf.cast(queries, 'float32'), [batch, 1, length, 1]);
  const key = tf.reshape(tf.cast(keys, 'float32'), [batch, 1, 1, keys.shape[1] as number]);
  return tf.add(hideFar(tf.sub(query, key), window), tf.mul(tf.cast(tf.less(key, 0), 'float32'), HIDDEN));
}

/** 0 where 0 <= query - key < window, HIDDEN elsewhere. */
function hideFar(behind: tf.Tensor, window?: number): tf.Tensor {
  const future = tf.cast(tf.less(behind, 0), 'float32');
  const hidden = window === undefined ? future : tf.add(future, tf.cast(tf.greaterEqual(behind, window), 'float32'));
  return tf.mul(hidden, HIDDEN);
}

/**
 * Of a table with one row per token, [B or 1, 1, T, n], the rows of the tokens that are read: `read` [B, M], flat positions
 * b * T + t -> [B, 1, M, n]. The table is a constant: a mask by query, or rotary angles.
 */
export function rowsRead(table: tf.Tensor, read: tf.Tensor): tf.Tensor {
  const [batch, one, length, width] = table.shape as [number, number, number, number];
  if (one !== 1) throw new Error(`a table of one row per token and head cannot be read in part: ${table.shape}`);
  const [rows, count] = read.shape as [number, number];
  const at = batch === 1 ? tf.mod(read, tf.scalar(length, 'int32')) : read;
  return tf.reshape(takeRows(tf.reshape(table, [batch * length, width]), at), [rows, 1, count, width]);
}

/**
 * Additive mask [B, 1, T, T] for several questions packed behind one prefix. `segments` [B, T]: 0 for the prefix, 1, 2,
 * ... for each question, -1 for padding. Causal; a token sees the prefix and its own segment.
 */
export function packedMask(segments: tf.Tensor): tf.Tensor {
  const [batch, length] = segments.shape as [number, number];
  const query = tf.reshape(segments, [batch, 1, length, 1]);
  const key = tf.reshape(segments, [batch, 1, 1, length]);
  const seen = tf.logicalOr(tf.equal(query, key), tf.logicalAnd(tf.equal(key, 0), tf.greaterEqual(query, 0)));
  return tf.add(tf.mul(tf.sub(1, tf.cast(seen, 'float32')), HIDDEN), causalMask(length));
}
