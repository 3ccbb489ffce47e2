import * as tf from '@tensorflow/tfjs-core';
import type { LlavaConfig } from '../data/config.ts';
import { decoderShapes } from './decoder.ts';
import { projectFeatures, projectorShapes } from './projector.ts';
import { patchTokens, towerShapes, visionHidden } from './vit.ts';
import { prefixed, type Shapes, type Weights, within } from './weights.ts';

/** Where the three parts stand in the published names of LlavaForConditionalGeneration. */
export const LLAVA_PARTS = {
  vision: 'vision_tower.',
  projector: 'multi_modal_projector.',
  language: 'language_model.',
} as const;

/** What LLaVA's adapter reads: a hidden state, with or without the class token: pixels [B, 3, H, W] -> [B, N, vision hidden]. */
export function llavaFeatures(weights: Weights, pixels: tf.Tensor, config: LlavaConfig): tf.Tensor {
  const { vision, featureLayer, featureSelect } = config;
  const index = featureLayer < 0 ? vision.layers + 1 + featureLayer : featureLayer;
  return tf.tidy(() => {
    const hidden = visionHidden(within(weights, LLAVA_PARTS.vision), pixels, vision, index)[index] as tf.Tensor;
    return featureSelect === 'full' ? hidden : patchTokens(hidden, vision);
  });
}

/** Visual tokens as the language model reads them, [B, N, hidden]. */
export function visualTokens(weights: Weights, features: tf.Tensor, config: LlavaConfig): tf.Tensor {
  return projectFeatures(within(weights, LLAVA_PARTS.projector), features, config.projectorActivation);
}

/** Parameter names and shapes of the whole model. */
export function llavaShapes(config: LlavaConfig): Shapes {
  const { vision, text, projectorActivation: activation } = config;
  const projector = projectorShapes({ input: vision.hidden, middle: text.hidden, output: text.hidden, activation });
  return {
    ...prefixed(LLAVA_PARTS.vision, towerShapes(vision)),
    ...prefixed(LLAVA_PARTS.projector, projector),
    ...prefixed(LLAVA_PARTS.language, decoderShapes(text)),
  };
}
