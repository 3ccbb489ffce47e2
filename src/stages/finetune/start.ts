import * as tf from '@tensorflow/tfjs-core';
import { loadWeights } from '../../data/checkpoint.ts';
import type { DecoderConfig } from '../../data/config.ts';
import { decoderShapes, resolveHead } from '../../nn/decoder.ts';
import { type Weights, weight } from '../../nn/weights.ts';
import { adapterConfig, standardisation, unfolded } from '../../train/adapter.ts';
import { readAdapter } from '../../train/adapter-file.ts';
import { startAdapter } from '../../train/starting-adapter.ts';
import type { Params } from './kind.ts';
import type { VisualInput } from './visual-input.ts';

/** A language model with room for the image token. The caller disposes. */
export async function loadLanguage(
  folder: string,
  config: DecoderConfig,
  imageToken: number,
): Promise<Readonly<{ language: Weights; text: DecoderConfig }>> {
  const stored = resolveHead(await loadWeights(folder, { expect: decoderShapes(config) }), config);
  const vocab = Math.max(config.vocab, imageToken + 1);
  const grown = ['model.embed_tokens.weight', 'lm_head.weight'].flatMap((name) => {
    const table = stored[name];
    return table === undefined || vocab === config.vocab ? [] : [[name, withMeanRows(table, vocab)] as const];
  });
  for (const [name] of grown) stored[name]?.dispose();
  const language = { ...stored, ...Object.fromEntries(grown) };
  return { language, text: { ...config, vocab, tied: config.tied && language['lm_head.weight'] === undefined } };
}

/** A table [rows, d] with rows added that are the mean of the others. */
function withMeanRows(table: tf.Tensor, rows: number): tf.Tensor {
  return tf.tidy(() => {
    const [present, dim] = table.shape as [number, number];
    const mean = tf.reshape(tf.mean(table, 0), [1, dim]);
    return tf.concat([table, tf.tile(mean, [rows - present, 1])], 0);
  });
}

/**
 * The adapter of stage 1, or a fresh one, and the constants of its standardisation: an adapter from a file reads features
 * as they are, so it is rewritten to read standardised ones.
 */
export async function loadOrStartAdapter(
  { seed, projector, layer, scales }: Params,
  folder: string | undefined,
  language: Weights,
  text: DecoderConfig,
  input: VisualInput,
): Promise<Readonly<{ adapter: Weights; standard: Weights }>> {
  const statistics = projector.standardise ? { statistics: input.statistics } : {};
  if (folder === undefined) {
    const gain = projector.gain === undefined ? {} : { gain: projector.gain };
    return startAdapter({ seed, sample: input.sample, ...statistics, ...gain }, language, text);
  }
  const config = adapterConfig(input.sample.shape[2], weight(language, 'model.embed_tokens.weight').shape[1] as number);
  const stored = await readAdapter(folder, config, { layer, scales });
  if (!projector.standardise) return { adapter: stored, standard: {} };
  const standard = standardisation(input.statistics);
  const adapter = unfolded(stored, standard);
  tf.dispose(stored);
  return { adapter, standard };
}
