import * as tf from '@tensorflow/tfjs-core';
import { llavaSight } from '../nn/llava.ts';
import { featureGrid } from '../nn/sight.ts';
import { wordTargets } from '../train/align.ts';
import { tokeniseWords } from '../train/alignment-pairs.ts';
import { unitRows } from '../train/losses.ts';
import type { Eyes } from './eyes.ts';

/** Rows that are gathered at once: words times the tokens of the longest. */
const GATHERED = 65_536;

/**
 * Words in the space of the language model's embedding, [words, hidden] of length 1: the mean of the embeddings of a
 * word's tokens, what the alignment loss pulls visual tokens to (Eq. 8 of arXiv 2408.11813). The caller disposes.
 */
export function wordDirections({ tokenizer, embedding }: Eyes, words: readonly string[]): tf.Tensor2D {
  const tokens = tokeniseWords(tokenizer, words);
  const longest = Math.max(1, ...tokens.map(({ length }) => length));
  const atOnce = Math.max(1, Math.floor(GATHERED / longest));
  return tf.tidy(() => {
    const parts: tf.Tensor2D[] = [];
    for (let start = 0; start < tokens.length; start += atOnce)
      parts.push(tf.tidy(() => unitRows(wordTargets(embedding, tokens.slice(start, start + atOnce))) as tf.Tensor2D));
    return tf.concat2d(parts, 0);
  });
}

/** Patches of a picture, across and down. */
export function gridOf({ config }: Eyes): number {
  return featureGrid(llavaSight(config));
}
