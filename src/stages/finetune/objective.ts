import type * as tf from '@tensorflow/tfjs-core';
import type { DecoderConfig } from '../../data/config.ts';
import type { TensorMap } from '../../nn/compile.ts';
import { projectFeatures } from '../../nn/projector.ts';
import { type Sight, sightFeatures } from '../../nn/sight.ts';
import { type Weights, weight, within } from '../../nn/weights.ts';
import { ADAPTER_ACTIVATION, standardised } from '../../train/adapter.ts';
import { generationLoss } from '../../train/generation.ts';
import type { Losses } from '../../train/step.ts';
import { PARTS } from './parts.ts';

export type ModelShape = Sight & Readonly<{ text: DecoderConfig }>;

/**
 * Answer loss of a batch (Eq. 10): `features` [B, patches, d] that were computed before, or `pixels` [B, 3, H, W] that go
 * through the tower here, beside the texts of `textTensors`.
 */
export function finetuneLoss(weights: Weights, batch: TensorMap, model: ModelShape): Losses {
  const visual = visualTokens(weights, batch, model);
  return { total: generationLoss(within(weights, PARTS.language), visual, batch, model.text) };
}

/** Visual tokens of a batch, [B, patches, hidden]. */
export function visualTokens(weights: Weights, batch: TensorMap, sight: Sight): tf.Tensor {
  const features = batch['features'] ?? sightFeatures(within(weights, PARTS.vision), weight(batch, 'pixels'), sight);
  return projectFeatures(within(weights, PARTS.projector), standardised(weights, features), ADAPTER_ACTIVATION);
}
