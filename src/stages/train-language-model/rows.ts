import * as tf from '@tensorflow/tfjs-core';
import type { Tokenizer } from '../../data/tokenizer.ts';
import type { TensorMap } from '../../nn/compile.ts';
import { IGNORED } from '../../train/losses.ts';

/** Training sequences of one length: ids [rows, length], what comes next [rows, length] (-100: nothing), and its weight. */
export type Rows = Readonly<{
  count: number;
  length: number;
  ids: Int32Array;
  next: Int32Array;
  weights: Float32Array;
}>;

/** Markers of dialogue inside a document. */
export const ASSISTANT = '<|assistant|>';

/**
 * Whole documents side by side in rows of `length` tokens, each behind its own BOS; one that is longer is cut into
 * several rows. A token between `<|assistant|>` and the end of the answer, the end included, weighs `answerWeight`.
 */
export function packRows(
  documents: readonly string[],
  tokenizer: Tokenizer,
  length: number,
  answerWeight: number,
): Rows {
  const [assistant, eos] = [tokenizer.idOf(ASSISTANT), tokenizer.eos];
  const packed = fillRows(documents, tokenizer, length);
  const ids = new Int32Array(packed.length * length).fill(tokenizer.pad ?? 0);
  const next = new Int32Array(packed.length * length).fill(IGNORED);
  const weights = new Float32Array(packed.length * length);
  packed.forEach((row, r) => {
    let answering = false;
    row.forEach((id, t) => {
      if (t < length) ids[r * length + t] = id;
      if (t > 0) {
        next[r * length + t - 1] = id;
        weights[r * length + t - 1] = answering ? answerWeight : 1;
      }
      if (id === assistant) answering = true;
      else if (id === eos) answering = false;
    });
  });
  return { count: packed.length, length, ids, next, weights };
}

/** Rows of up to length + 1 tokens: the last one is only ever predicted. */
function fillRows(documents: readonly string[], tokenizer: Tokenizer, length: number): readonly (readonly number[])[] {
  const rows: number[][] = [];
  let row: number[] = [];
  for (const document of documents) {
    const ids = tokenizer.encode(document);
    if (row.length > 0 && row.length + ids.length > length + 1) {
      rows.push(row);
      row = [];
    }
    row.push(...ids);
    while (row.length > length + 1) {
      rows.push(row.slice(0, length + 1));
      row = row.slice(length);
    }
  }
  if (row.length > 1) rows.push(row);
  return rows;
}

/** Some rows as tensors `ids`, `next` and `weights`, each [chosen, length]. */
export function batchOf({ length, ids, next, weights }: Rows, chosen: readonly number[]): TensorMap {
  const shape: [number, number] = [chosen.length, length];
  const take = <A extends Int32Array | Float32Array>(from: A, to: A): A => {
    chosen.forEach((row, i) => {
      to.set(from.subarray(row * length, (row + 1) * length), i * length);
    });
    return to;
  };
  const size = chosen.length * length;
  return {
    ids: tf.tensor2d(take(ids, new Int32Array(size)), shape, 'int32'),
    next: tf.tensor2d(take(next, new Int32Array(size)), shape, 'int32'),
    weights: tf.tensor2d(take(weights, new Float32Array(size)), shape),
  };
}
