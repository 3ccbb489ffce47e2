import * as tf from '@tensorflow/tfjs-core';
import { textTowerIds } from '../../data/tokenizer.ts';
import { textEmbeds } from '../../nn/text.ts';
import { unitRows } from '../../train/losses.ts';
import type { Encoder } from './encoder.ts';

const CHUNK = 256;

/**
 * Words in the shared space, [words, dim] of length 1 (T of Eq. 5): the mean of the normalised embeddings of all prompts
 * with the word in them. A chunk of words at a time, so memory does not grow with the list's length beyond the result.
 */
export function wordEmbeddings(
  { weights, config: { text }, tokenizer }: Encoder,
  words: readonly string[],
  prompts: readonly string[],
): tf.Tensor2D {
  const parts: tf.Tensor[] = [];
  for (let start = 0; start < words.length; start += CHUNK) {
    const chunk = words.slice(start, start + CHUNK);
    const part = tf.tidy(() => {
      const perPrompt = prompts.map((prompt) => {
        // a function, so that a word like "$&" is taken as it stands
        const texts = chunk.map((word) => prompt.replaceAll('{word}', () => word));
        const ids = textTowerIds(tokenizer, texts, text.positions);
        return unitRows(textEmbeds(weights, tf.tensor2d(ids, [texts.length, text.positions], 'int32'), text));
      });
      return unitRows(tf.addN(perPrompt));
    });
    parts.push(part);
  }
  const all = tf.concat(parts, 0) as tf.Tensor2D;
  tf.dispose(parts);
  return all;
}
