import * as tf from '@tensorflow/tfjs-core';
import { embedTokens } from '../nn/decoder.ts';
import { planSplice, splice } from '../nn/splice.ts';
import { type Asked, imageToken } from './asked.ts';

/** Prompts padded on the right as layer 0 reads them: [B, T, hidden], and where tokens stand. */
export type Embedded = Readonly<{ embeds: tf.Tensor; present: readonly (readonly number[])[] }>;

/** `visual` [rows that see, tokens, hidden] in the order of those rows. The caller disposes what it gets and gave. */
export function embedRows(
  asked: Asked,
  rows: readonly Readonly<{ ids: readonly number[]; sees: boolean }>[],
  visual: tf.Tensor | undefined,
): Embedded {
  const length = Math.max(...rows.map(({ ids }) => ids.length));
  const ids = new Int32Array(rows.length * length).fill(asked.tokenizer.pad ?? 0);
  for (const [b, row] of rows.entries()) ids.set(row.ids, b * length);
  const present = rows.map((row) => Array.from({ length }, (_, t) => (t < row.ids.length ? 1 : 0)));
  const token = imageToken(asked);
  const embeds = tf.tidy(() => {
    const readable = ids.map((id) => (id === token ? 0 : id)); // what stands there is replaced
    const words = embedTokens(asked.language, tf.tensor2d(readable, [rows.length, length], 'int32'), asked.decoder);
    if (visual === undefined) return words;
    const own = rows.map((_, b) => ids.subarray(b * length, (b + 1) * length));
    const images = rows.map(({ sees }) => (sees ? 1 : 0));
    const plan = planSplice(own, token, images, visual.shape[1] as number);
    return splice(words, visual, {
      source: tf.tensor1d(plan.source),
      position: tf.tensor1d(plan.position),
      used: tf.tensor1d(plan.used),
    });
  });
  return { embeds, present };
}
