import * as tf from '@tensorflow/tfjs-core';
import { openRows, writeShards } from '../../data/shards.ts';
import { textTowerIds } from '../../data/tokenizer.ts';
import { textEmbeds } from '../../nn/text.ts';
import { unitRows } from '../../train/losses.ts';
import type { Encoder } from './encoder.ts';

/** Words per pass of the text tower, and per file. */
const CHUNK = 256;
const PER_FILE = 16 * CHUNK;

/**
 * Words in the shared space, [words, dim] of length 1 (T of Eq. 5): the mean of the normalised embeddings of all prompts
 * with the word in them. Files in `folder` keep what is done, so that an interrupted extraction goes on from there.
 */
export async function wordEmbeddings(
  encoder: Encoder,
  words: readonly string[],
  prompts: readonly string[],
  folder: string,
  signal: AbortSignal,
): Promise<tf.Tensor2D> {
  const dim = encoder.config.text.projection;
  const shards = await writeShards({
    folder,
    prefix: 'words',
    items: words.length,
    itemBytes: 4 * dim,
    shardBytes: PER_FILE * 4 * dim,
    signal,
    make: async (start, count) => {
      const values = await embed(encoder, words.slice(start, start + count), prompts, signal);
      return [{ name: 'embeddings', dtype: 'F32', shape: [count, dim], values: () => values }];
    },
  });
  const rows = await openRows(folder, shards, 'embeddings');
  const all = new Float32Array(words.length * dim);
  for (let i = 0; i < words.length; i++) rows.readInto(all, i * dim, i);
  rows.close();
  return tf.tensor2d(all, [words.length, dim]);
}

async function embed(
  { weights, config: { text }, tokenizer }: Encoder,
  words: readonly string[],
  prompts: readonly string[],
  signal: AbortSignal,
): Promise<Float32Array> {
  const all = new Float32Array(words.length * text.projection);
  for (let start = 0; start < words.length; start += CHUNK) {
    signal.throwIfAborted();
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
    all.set(await part.data<'float32'>(), start * text.projection);
    part.dispose();
  }
  return all;
}
