import * as tf from '@tensorflow/tfjs-core';
import type { DecoderConfig } from '../../data/config.ts';
import type { Tokenizer } from '../../data/tokenizer.ts';
import { decode, embedTokens, logitsOf } from '../../nn/decoder.ts';
import type { Weights } from '../../nn/weights.ts';
import type { HeldOut } from './corpus.ts';
import { ASSISTANT } from './rows.ts';

const BATCH = 32;

/**
 * Share of held-out questions answered exactly, in percent, per family and their mean (`heldout`). A question counts when
 * every token of its last answer, the end included, is the most likely one: the same as greedy decoding giving it. Nothing
 * held out, nothing measured.
 */
export async function heldOutAccuracy(
  weights: Weights,
  config: DecoderConfig,
  tokenizer: Tokenizer,
  heldOut: readonly HeldOut[],
): Promise<Record<string, number>> {
  const right = new Map<string, boolean[]>();
  for (let start = 0; start < heldOut.length; start += BATCH) {
    const part = heldOut.slice(start, start + BATCH);
    const texts = part.map(({ text }) => tokenizer.encode(text));
    const best = await bestNext(weights, config, texts);
    part.forEach(({ family }, i) => {
      const ids = texts[i] as readonly number[];
      const from = ids.lastIndexOf(tokenizer.idOf(ASSISTANT));
      const exact = from >= 0 && ids.slice(from + 1).every((id, k) => best(i, from + k) === id);
      right.set(family, [...(right.get(family) ?? []), exact]);
    });
  }
  const shares = [...right].map(
    ([family, hits]) => [`heldout.${family}`, (100 * hits.filter(Boolean).length) / hits.length] as const,
  );
  if (shares.length === 0) return {};
  const mean = shares.reduce((sum, [, share]) => sum + share, 0) / shares.length;
  return { heldout: mean, ...Object.fromEntries(shares) };
}

/** The most likely next token after position t of text i. */
async function bestNext(
  weights: Weights,
  config: DecoderConfig,
  texts: readonly (readonly number[])[],
): Promise<(i: number, t: number) => number> {
  const length = Math.max(...texts.map((ids) => ids.length));
  const ids = new Int32Array(texts.length * length);
  texts.forEach((own, i) => {
    ids.set(own, i * length);
  });
  const best = tf.tidy(() => {
    const embeds = embedTokens(weights, tf.tensor2d(ids, [texts.length, length], 'int32'), config);
    return tf.argMax(logitsOf(weights, decode(weights, { embeds }, config).last, config), -1);
  });
  const values = await best.data();
  best.dispose();
  return (i, t) => values[i * length + t] as number;
}
