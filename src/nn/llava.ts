import * as tf from '@tensorflow/tfjs-core';
import { type LlavaConfig, leadingTokens } from '../data/config.ts';
import { decoderShapes } from './decoder.ts';
import { projectFeatures, projectorShapes } from './projector.ts';
import { featureDim, featureGrid, type Sight, sightFeatures } from './sight.ts';
import { towerShapes, visionHidden } from './vit.ts';
import { prefixed, type Shapes, type Weights, within } from './weights.ts';

/** Where the three parts stand in the published names of LlavaForConditionalGeneration. */
export const LLAVA_PARTS = {
  vision: 'vision_tower.',
  projector: 'multi_modal_projector.',
  language: 'language_model.',
} as const;

/** What says how a LLaVA model makes visual tokens of pixels. */
export type EyesConfig = Pick<
  LlavaConfig,
  'vision' | 'featureLayer' | 'featureSelect' | 'scales' | 'projectorActivation'
>;

/** What the adapter of a LLaVA model reads of images. */
export function llavaSight({ vision, featureLayer, scales }: Omit<EyesConfig, 'projectorActivation'>): Sight {
  return { vision, layer: featureLayer, scales: scales ?? [1] };
}

/** Its features, with or without the class token: pixels [B, 3, H, W] -> [B, N, feature dim]. */
export function llavaFeatures(weights: Weights, pixels: tf.Tensor, config: EyesConfig): tf.Tensor {
  const { vision, featureLayer, featureSelect } = config;
  const tower = within(weights, LLAVA_PARTS.vision);
  if (featureSelect === 'default' || leadingTokens(vision) === 0)
    return sightFeatures(tower, pixels, llavaSight(config));
  const index = featureLayer < 0 ? vision.layers + 1 + featureLayer : featureLayer;
  return tf.tidy(() => visionHidden(tower, pixels, vision, index)[index] as tf.Tensor);
}

/** Visual tokens of an image. */
export function visualTokenCount(config: LlavaConfig): number {
  return featureGrid(llavaSight(config)) ** 2 + (config.featureSelect === 'full' ? leadingTokens(config.vision) : 0);
}

/** Visual tokens as the language model reads them, [B, N, hidden]. */
export function visualTokens(weights: Weights, features: tf.Tensor, config: EyesConfig): tf.Tensor {
  return projectFeatures(within(weights, LLAVA_PARTS.projector), features, config.projectorActivation);
}

/** Parameter names and shapes of the whole model. */
export function llavaShapes(config: LlavaConfig): Shapes {
  const { vision, text, projectorActivation: activation } = config;
  const input = featureDim(llavaSight(config));
  const projector = projectorShapes({ input, middle: text.hidden, output: text.hidden, activation });
  return {
    ...prefixed(LLAVA_PARTS.vision, towerShapes(vision)),
    ...prefixed(LLAVA_PARTS.projector, projector),
    ...prefixed(LLAVA_PARTS.language, decoderShapes(text)),
  };
}
