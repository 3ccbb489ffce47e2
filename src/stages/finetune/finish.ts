import { copyFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { saveCheckpoint } from '../../data/checkpoint-write.ts';
import type { LlavaConfig } from '../../data/config.ts';
import { llavaProcessorJson } from '../../data/processor.ts';
import { LLAVA_PARTS, llavaSight } from '../../nn/llava.ts';
import { featureGrid, hasScales } from '../../nn/sight.ts';
import { prefixed, type Weights, within } from '../../nn/weights.ts';
import { ADAPTER_ACTIVATION, folded } from '../../train/adapter.ts';
import type { ModelShape } from './objective.ts';
import { PARTS } from './parts.ts';

/** SigLIP has no class token that could be dropped. */
export function llavaConfig({ text, vision, layer, scales }: ModelShape, imageToken: number): LlavaConfig {
  return {
    family: 'llava',
    vision,
    text,
    imageToken,
    ...(text.pad === undefined ? {} : { pad: text.pad }),
    featureLayer: layer,
    featureSelect: vision.family === 'siglip' ? 'full' : 'default',
    ...(hasScales(scales) ? { scales } : {}),
    projectorActivation: ADAPTER_ACTIVATION,
    dtype: 'float32',
  };
}

/**
 * Writes a LlavaForConditionalGeneration folder from trained weights (all three parts) and the encoder's preprocessor;
 * the tokenizer is there already. The standardisation is folded into the adapter.
 */
export async function writeModel(
  folder: string,
  weights: Weights,
  config: LlavaConfig,
  origin: Readonly<{ encoder: string; conversation: string }>,
): Promise<void> {
  const projector = folded(within(weights, PARTS.projector), weights);
  const published = {
    ...prefixed(LLAVA_PARTS.vision, within(weights, PARTS.vision)),
    ...prefixed(LLAVA_PARTS.projector, projector),
    ...prefixed(LLAVA_PARTS.language, within(weights, PARTS.language)),
  };
  const tokens = featureGrid(llavaSight(config)) ** 2;
  const extra = { image_seq_length: tokens, conversation_template: origin.conversation };
  await saveCheckpoint(folder, config, published, { extra });
  tf.dispose(projector);
  await copyFile(join(origin.encoder, 'preprocessor_config.json'), join(folder, 'preprocessor_config.json'));
  await writeFile(join(folder, 'processor_config.json'), `${JSON.stringify(llavaProcessorJson(config), null, 2)}\n`);
}
