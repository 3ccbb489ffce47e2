import * as tf from '@tensorflow/tfjs-core';
import type { EncoderConfig, Transformer } from '../../data/config.ts';
import { type Random, stream } from '../../data/random.ts';
import { textShapes } from '../../nn/text.ts';
import { visionShapes } from '../../nn/vit.ts';
import { inverseRoot } from './inverse-root.ts';

/** quick_gelu(y) = silu(1.702 y) / 1.702: first layers start smaller and second ones larger by this factor. */
export const QUICK = 1.702;

/** Scalars of the three losses: a log scale each, and for SigLIP a bias each. The first pair is part of the checkpoint. */
const LOSSES = ['global', 'mean', 'pooled'] as const;

/**
 * Fresh weights by published name. Matrices are normal with sd d^-1/2 (those that write to the residual stream also
 * divided by sqrt(2 L)), positions .1 (text .03), biases 0. `patches` [n, p * p * 3] are patches of training images,
 * normalised and channels last: half of the patch filters are whitened ones (edges), half Gaussian (colour).
 */
export function initialWeights(config: EncoderConfig, seed: number, patches: tf.Tensor2D): Record<string, tf.Tensor> {
  const shapes = { ...visionShapes(config.vision), ...textShapes(config.text) };
  const weights: Record<string, tf.Tensor> = {};
  for (const [name, shape] of Object.entries(shapes)) {
    const random = stream(seed, 'initialise', name);
    if (name.endsWith('patch_embedding.weight')) weights[name] = patchFilters(patches, shape, random);
    else weights[name] = fill(shape, constantOf(name), sdOf(name, config), random);
  }
  const clip = config.family === 'clip';
  for (const loss of LOSSES) {
    weights[`scale.${loss}`] = tf.scalar(Math.log(clip ? 1 / 0.07 : 10));
    if (!clip) weights[`bias.${loss}`] = tf.scalar(-6);
  }
  return weights;
}

function constantOf(name: string): number {
  return /norm\d?\.weight$|layrnorm\.weight$/.test(name) ? 1 : 0;
}

function sdOf(name: string, { family, vision, text }: EncoderConfig): number {
  const tower: Transformer = name.startsWith('text') ? text : vision;
  const residual = 1 / Math.sqrt(2 * tower.layers);
  const inward = tower.hidden ** -0.5;
  const quick = family === 'clip' ? QUICK : 1;
  if (/norm|layrnorm|\.bias$|in_proj_bias$/.test(name)) return 0;
  if (name.includes('class_embedding') || name === 'vision_model.embeddings.position_embedding.weight') return 0.1;
  if (name.includes('position_embedding')) return 0.03;
  if (name.includes('token_embedding')) return 0.1;
  if (name.endsWith('head.probe')) return 0.3;
  if (name.endsWith('head.mlp.fc2.weight')) return tower.intermediate ** -0.5 / 2;
  if (name.endsWith('fc1.weight')) return (inward * (family === 'clip' ? 1.2 : 1)) / quick;
  if (name.endsWith('fc2.weight')) return quick * tower.intermediate ** -0.5 * residual;
  if (name.includes('layers.') && name.endsWith('out_proj.weight')) return inward * residual;
  return inward;
}

function fill(shape: readonly number[], constant: number, sd: number, random: Random): tf.Tensor {
  const values = new Float32Array(shape.reduce((a, b) => a * b, 1)).fill(constant);
  if (sd > 0) for (let i = 0; i < values.length; i++) values[i] = sd * random.normal();
  return tf.tensor(values, [...shape], 'float32');
}

/** Filters whose outputs have unit variance on the patches, [hidden, 3, p, p]. Whitened patches as filters: Coates and Ng, 2012. */
function patchFilters(patches: tf.Tensor2D, shape: readonly number[], random: Random): tf.Tensor {
  const [hidden, channels, side] = shape as [number, number, number];
  return tf.tidy(() => {
    const [count, dim] = patches.shape;
    const centred = tf.sub(patches, tf.mean(patches, 0, true)) as tf.Tensor2D;
    const covariance = tf.div(tf.matMul(centred, centred, true), count - 1);
    const whiten = inverseRoot(tf.add(covariance, tf.mul(tf.eye(dim), 0.01)) as tf.Tensor2D);
    const plain = Math.floor(hidden / 2);
    const rows = Array.from({ length: hidden - plain }, () => random.int(count));
    const chosen = tf.matMul(tf.gather(centred, tf.tensor1d(rows, 'int32')) as tf.Tensor2D, whiten);
    const edges = tf.matMul(tf.div(chosen, tf.norm(chosen, 2, 1, true)) as tf.Tensor2D, whiten);
    const colours = fill([plain, dim], 0, dim ** -0.5, random) as tf.Tensor2D;
    const filters = tf.concat([edges, colours], 0) as tf.Tensor2D;
    const { variance } = tf.moments(tf.matMul(centred, filters, false, true), 0);
    const unit = tf.div(filters, tf.reshape(tf.sqrt(variance), [hidden, 1])); // [hidden, p * p * 3]
    return tf.transpose(tf.reshape(unit, [hidden, side, side, channels]), [0, 3, 1, 2]);
  });
}
