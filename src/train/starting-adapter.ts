import * as tf from '@tensorflow/tfjs-core';
import type { DecoderConfig } from '../data/config.ts';
import { embeddingScale } from '../nn/decoder.ts';
import { type Weights, weight } from '../nn/weights.ts';
import {
  adapterConfig,
  type FeatureStatistics,
  freshAdapter,
  standardisation,
  standardised,
  withGain,
} from './adapter.ts';

export type AdapterStart = Readonly<{
  seed: number;
  /** start from standardised features; undefined: features as they are */
  statistics?: FeatureStatistics;
  gain?: number;
  /** some features [n, patches, dim], to measure what `gain` scales; they are the caller's */
  sample: tf.Tensor3D;
}>;

/**
 * An untrained adapter between features and a language model (by its published names), and the constants of its
 * standardisation. The caller disposes both.
 */
export function startAdapter(
  start: AdapterStart,
  language: Weights,
  config: DecoderConfig,
): Readonly<{ adapter: Weights; standard: Weights }> {
  return tf.tidy(() => {
    const standard = start.statistics === undefined ? {} : standardisation(start.statistics);
    const fresh = freshAdapter(start.seed, adapterConfig(start.sample.shape[2], config.hidden));
    if (start.gain === undefined) return { adapter: fresh, standard };
    const input = standardised(standard, start.sample);
    const scale = { gain: start.gain, embeddingScale: embeddingScale(config) };
    return { adapter: withGain(fresh, input, weight(language, 'model.embed_tokens.weight'), scale), standard };
  });
}
