import * as tf from '@tensorflow/tfjs-core';
import type { VisionConfig } from '../data/config.ts';
import { type BlockForm, encoderBlock } from './encoder.ts';
import { patchTokens, projectPatches, visionHidden } from './vit.ts';
import type { Weights } from './weights.ts';

/**
 * How a patch gets into the text space: `projection` maps every patch token as the class token is mapped (SigLIP: the
 * head on each patch alone); `value` first takes the last block's value path with its feed-forward (MaskCLIP,
 * arXiv 2112.01071); `surgery` attends values to values there and leaves the feed-forward out (CLIP Surgery, 2304.05653).
 */
export type Readout = 'projection' | 'value' | 'surgery';

const FORM: Readonly<Record<Readout, BlockForm>> = { projection: 'standard', value: 'value', surgery: 'surgery' };

/** Dense features in the space of the paired text tower: pixels -> [B, N, shared dim], not normalised. */
export function densePatches(weights: Weights, pixels: tf.Tensor, config: VisionConfig, readout: Readout): tf.Tensor {
  return tf.tidy(() => {
    const before = visionHidden(weights, pixels, config, config.layers - 1).at(-1) as tf.Tensor;
    return patchesFrom(weights, before, config, readout);
  });
}

/** The same from the input of the last block [B, T, hidden], which training has at hand already. */
export function patchesFrom(weights: Weights, before: tf.Tensor, config: VisionConfig, readout: Readout): tf.Tensor {
  const name = `vision_model.encoder.layers.${config.layers - 1}`;
  const last = encoderBlock(weights, name, before, config, { form: FORM[readout] });
  return projectPatches(weights, patchTokens(last, config), config);
}
