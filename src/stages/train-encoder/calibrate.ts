import * as tf from '@tensorflow/tfjs-core';
import type { EncoderConfig } from '../../data/config.ts';
import { type Weights, weight } from '../../nn/weights.ts';
import { inverseRoot } from './inverse-root.ts';

/** Means and deviations of a sample of embeddings, [e] each. */
export type Statistics = Readonly<{ mean: tf.Tensor1D; deviation: tf.Tensor1D }>;

export function statistics(sample: tf.Tensor): Statistics {
  const { mean, variance } = tf.moments(sample, 0);
  return { mean: mean as tf.Tensor1D, deviation: tf.sqrt(tf.add(variance, 1e-6)) as tf.Tensor1D };
}

/**
 * The centring and scaling of training written into the published weights, so that the checkpoint needs neither: CLIP's
 * projections are divided by the deviation and the norm before them shifted so that the mean comes out as 0; SigLIP's
 * head biases take the mean. Returns the changed weights only.
 */
export function folded(
  weights: Weights,
  config: EncoderConfig,
  image: Statistics,
  text: Statistics,
): Record<string, tf.Tensor> {
  if (config.family === 'siglip') {
    return {
      'vision_model.head.mlp.fc2.bias': tf.sub(weight(weights, 'vision_model.head.mlp.fc2.bias'), image.mean),
      'text_model.head.bias': tf.sub(weight(weights, 'text_model.head.bias'), text.mean),
    };
  }
  return {
    ...foldedProjection(weights, 'visual_projection.weight', 'vision_model.post_layernorm.bias', image),
    ...foldedProjection(weights, 'text_projection.weight', 'text_model.final_layer_norm.bias', text),
  };
}

/** (P (w x + b) - mean) / sd = P' (w x + b') with P' = P / sd and b' = b - P⁺ mean; P [e, d] has full row rank since e < d. */
function foldedProjection(
  weights: Weights,
  projection: string,
  bias: string,
  { mean, deviation }: Statistics,
): Record<string, tf.Tensor> {
  return tf.tidy(() => {
    const p = weight<tf.Tensor2D>(weights, projection);
    const root = inverseRoot(tf.matMul(p, p, false, true));
    const solved = tf.matMul(root, tf.matMul(root, tf.reshape(mean, [-1, 1]) as tf.Tensor2D)); // (P Pᵀ)^-1 mean
    const shift = tf.reshape(tf.matMul(p, solved as tf.Tensor2D, true), [-1]);
    return { [projection]: tf.div(p, tf.reshape(deviation, [-1, 1])), [bias]: tf.sub(weight(weights, bias), shift) };
  });
}
