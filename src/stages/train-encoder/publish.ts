import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { saveCheckpoint } from '../../data/checkpoint-write.ts';
import type { EncoderConfig } from '../../data/config.ts';
import { type Preprocessor, preprocessorJson } from '../../data/preprocess.ts';
import { type TokenizerFiles, writeTokenizer } from '../../data/tokenizer-write.ts';
import { type Weights, weight } from '../../nn/weights.ts';
import { folded } from './calibrate.ts';
import { spaceStatistics } from './measure.ts';
import type { Pairs } from './pairs.ts';

/** Images that the joint space is centred on. */
const SAMPLE = 2000;

/**
 * The weights as transformers has them: what training centred and scaled by is folded in, and the scalars of the published
 * loss get their names. `withMean`: training centred on the means of patches too. The caller disposes.
 */
export function publishedWeights(
  weights: Weights,
  config: EncoderConfig,
  how: Preprocessor,
  training: Pairs,
  withMean: boolean,
): Record<string, tf.Tensor> {
  const sample: Pairs = { images: training.images.slice(0, SAMPLE), captions: training.captions.slice(0, SAMPLE) };
  return tf.tidy(() => {
    const { image, text } = spaceStatistics(weights, config, how, sample, withMean);
    const towers = Object.entries(weights).filter(([name]) => name.startsWith('vision') || name.startsWith('text'));
    const scale = weight(weights, 'scale.global');
    const scalars =
      config.family === 'clip'
        ? { logit_scale: tf.clone(scale) }
        : { logit_scale: tf.reshape(scale, [1]), logit_bias: tf.reshape(weight(weights, 'bias.global'), [1]) };
    const kept = Object.fromEntries(towers.map(([name, tensor]) => [name, tf.clone(tensor)]));
    return { ...kept, ...folded(weights, config, image, text), ...scalars };
  });
}

/** A Hugging Face folder: configuration, weights, tokenizer, preprocessor. */
export async function writeEncoder(
  folder: string,
  config: EncoderConfig,
  weights: Weights,
  tokenizer: TokenizerFiles,
): Promise<void> {
  await mkdir(folder, { recursive: true });
  await saveCheckpoint(folder, config, weights);
  await writeTokenizer(folder, tokenizer);
  const preprocessor = preprocessorJson(config.family, config.vision.imageSize);
  await writeFile(join(folder, 'preprocessor_config.json'), `${JSON.stringify(preprocessor, null, 2)}\n`);
}
