import * as tf from '@tensorflow/tfjs-core';
import type { Activation } from '../data/config.ts';
import { stream } from '../data/random.ts';
import { type ProjectorConfig, projectFeatures, projectorShapes } from '../nn/projector.ts';
import { type Weights, weight } from '../nn/weights.ts';

/** Names of the adapter's weights among those of a training stage, as patterns in `trainable` match them. */
export const PROJECTOR = 'projector.';
/** Constants of the standardisation, [vision dim] each: outside `projector.*`, since they never train. */
const STANDARD_MEAN = 'standardise.mean';
const STANDARD_SCALE = 'standardise.scale';

/** LLaVA's two layers with exact GELU; the middle is as wide as the language model (mlp2x_gelu). */
export const ADAPTER_ACTIVATION: Activation = 'gelu';

export function adapterConfig(input: number, output: number): ProjectorConfig {
  return { input, middle: output, output, activation: ADAPTER_ACTIVATION };
}

/** Mean and deviation of every feature dimension over images and patches. */
export type FeatureStatistics = Readonly<{ mean: ArrayLike<number>; std: ArrayLike<number> }>;

/** Kept away from 0, so that a dimension that never varies stays finite. */
const LEAST_DEVIATION = 1e-5;

/**
 * An untrained adapter: `linear_1` uniform within 1/sqrt(in), as torch initialises a layer; `linear_2` normal with
 * deviation 1/sqrt(in) and no bias.
 */
export function freshAdapter(seed: number, config: ProjectorConfig): Record<string, tf.Tensor> {
  const bound = 1 / Math.sqrt(config.input);
  const deviation = 1 / Math.sqrt(config.middle);
  const entries = Object.entries(projectorShapes(config)).map(([name, shape]) => {
    const random = stream(seed, 'init', name);
    const draw = name.startsWith('linear_1') ? () => random.between(-bound, bound) : () => deviation * random.normal();
    const size = shape.reduce((a, b) => a * b, 1);
    const values = Float32Array.from({ length: size }, name === 'linear_2.bias' ? () => 0 : draw);
    return [name, tf.tensor(values, [...shape])] as const;
  });
  return Object.fromEntries(entries);
}

/** The constants of the standardisation, as weights of the step. */
export function standardisation({ mean, std }: FeatureStatistics): Record<string, tf.Tensor> {
  const scale = Float32Array.from(std, (deviation) => 1 / (deviation + LEAST_DEVIATION));
  return { [STANDARD_MEAN]: tf.tensor1d(Float32Array.from(mean)), [STANDARD_SCALE]: tf.tensor1d(scale) };
}

/** Features as the adapter in training reads them, [..., vision dim]. */
export function standardised(weights: Weights, features: tf.Tensor): tf.Tensor {
  const mean = weights[STANDARD_MEAN];
  return mean === undefined ? features : tf.mul(tf.sub(features, mean), weight(weights, STANDARD_SCALE));
}

/** W (x - m) s + b = (W s) x + (b - (W s) m): the adapter that reads features as the encoder gives them. */
export function folded(adapter: Weights, standard: Weights): Record<string, tf.Tensor> {
  const { [STANDARD_MEAN]: mean, [STANDARD_SCALE]: scale } = standard;
  if (mean === undefined || scale === undefined) return changed(adapter, {});
  return tf.tidy(() => {
    const matrix = tf.mul(weight(adapter, 'linear_1.weight'), tf.reshape(scale, [1, -1])) as tf.Tensor2D;
    const bias = tf.sub(weight(adapter, 'linear_1.bias'), timesVector(matrix, mean));
    return changed(adapter, { 'linear_1.weight': matrix, 'linear_1.bias': bias });
  });
}

/** The inverse: the adapter that reads standardised features and gives the same. */
export function unfolded(adapter: Weights, standard: Weights): Record<string, tf.Tensor> {
  const { [STANDARD_MEAN]: mean, [STANDARD_SCALE]: scale } = standard;
  if (mean === undefined || scale === undefined) return changed(adapter, {});
  return tf.tidy(() => {
    const matrix = weight<tf.Tensor2D>(adapter, 'linear_1.weight');
    const bias = tf.add(weight(adapter, 'linear_1.bias'), timesVector(matrix, mean));
    const unscaled = tf.div(matrix, tf.reshape(scale, [1, -1]));
    return changed(adapter, { 'linear_1.weight': unscaled, 'linear_1.bias': bias });
  });
}

/** A copy of the adapter, with other tensors under some names. */
function changed(adapter: Weights, changes: Weights): Record<string, tf.Tensor> {
  const kept = Object.entries(adapter).filter(([name]) => !(name in changes));
  return { ...Object.fromEntries(kept.map(([name, tensor]) => [name, tf.clone(tensor)])), ...changes };
}

function timesVector(matrix: tf.Tensor2D, vector: tf.Tensor): tf.Tensor {
  return tf.reshape(tf.matMul(matrix, tf.reshape(vector, [-1, 1]) as tf.Tensor2D), [-1]);
}

/**
 * `linear_2` scaled such that visual tokens of `features` [n, patches, d] begin with `gain` times the mean norm of word
 * embeddings [vocab, hidden] as layer 0 reads them (`embeddingScale`: Gemma multiplies them).
 */
export function withGain(
  adapter: Weights,
  features: tf.Tensor,
  embedding: tf.Tensor,
  { gain, embeddingScale }: Readonly<{ gain: number; embeddingScale: number }>,
): Record<string, tf.Tensor> {
  return tf.tidy(() => {
    const meanNorm = (x: tf.Tensor): tf.Tensor => tf.mean(tf.norm(x, 2, -1));
    const wanted = tf.mul(meanNorm(embedding), gain * embeddingScale);
    const found = meanNorm(projectFeatures(adapter, features, ADAPTER_ACTIVATION));
    return changed(adapter, { 'linear_2.weight': tf.mul(weight(adapter, 'linear_2.weight'), tf.div(wanted, found)) });
  });
}
