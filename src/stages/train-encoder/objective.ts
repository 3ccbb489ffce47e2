import * as tf from '@tensorflow/tfjs-core';
import type { EncoderConfig } from '../../data/config.ts';
import { textEmbeds } from '../../nn/text.ts';
import { imageEmbeds, patchTokens, projectPatches, visionHidden } from '../../nn/vit.ts';
import { type Weights, weight } from '../../nn/weights.ts';
import { contrastive, pairwise, unitRows } from '../../train/losses.ts';
import type { Params } from './kind.ts';

/** exp of the learned scale is clamped here, as CLIP does. */
const LARGEST_SCALE = 100;
/** Sharpness of the pooling that picks, for each caption, the patches that show it. */
const POOLING = 10;

export type EncoderLosses = Readonly<{ loss: tf.Tensor; accuracy: tf.Tensor }>;

/**
 * The weighted sum of up to three losses between images and their captions. Both sides are centred over the batch (CLIP:
 * also scaled) so that cosines use the whole space; `calibrate` folds the same into the weights afterwards.
 * pixels [B, 3, S, S], ids [B, T].
 */
export function encoderLoss(
  weights: Weights,
  pixels: tf.Tensor,
  ids: tf.Tensor,
  config: EncoderConfig,
  wanted: Params['losses'],
): EncoderLosses {
  const last = visionHidden(weights, pixels, config.vision).at(-1) as tf.Tensor;
  const whole = imageEmbeds(weights, last, config.vision); // [B, e]
  const patches =
    wanted.mean + wanted.pooled > 0
      ? projectPatches(weights, patchTokens(last, config.vision), config.vision)
      : undefined; // [B, N, e]
  const average = patches === undefined ? undefined : tf.mean(patches, 1);
  const image = centring(wanted.mean > 0 && average !== undefined ? tf.concat([whole, average], 0) : whole, config);
  const words = textEmbeds(weights, ids, config.text);
  const z = unitRows(centring(words, config)(words)); // [B, e]
  const similarity = (x: tf.Tensor) => tf.matMul(unitRows(image(x)) as tf.Tensor2D, z as tf.Tensor2D, false, true);
  const global = similarity(whole);
  const terms = [tf.mul(pairLoss(weights, 'global', global, config), wanted.global)];
  if (average !== undefined && wanted.mean > 0)
    terms.push(tf.mul(pairLoss(weights, 'mean', similarity(average), config), wanted.mean));
  if (patches !== undefined && wanted.pooled > 0) {
    terms.push(tf.mul(pairLoss(weights, 'pooled', pooledSimilarity(image(patches), z), config), wanted.pooled));
  }
  const right = tf.equal(tf.argMax(global, 1), tf.range(0, pixels.shape[0] as number, 1, 'int32'));
  return { loss: tf.addN(terms), accuracy: tf.mean(tf.cast(right, 'float32')) };
}

/** Caption-conditioned pooling: patches [B, N, e] against captions [C, e] -> [B, C], each caption weighing the patches by likeness. */
function pooledSimilarity(patches: tf.Tensor, captions: tf.Tensor): tf.Tensor {
  const [batch, count, dim] = patches.shape as [number, number, number];
  const unit = unitRows(tf.reshape(patches, [batch * count, dim]));
  const cosine = tf.matMul(unit as tf.Tensor2D, captions as tf.Tensor2D, false, true); // [B * N, C]
  const along = tf.transpose(tf.reshape(cosine, [batch, count, -1]), [0, 2, 1]); // [B, C, N]: the softmax runs over the last axis
  return tf.sum(tf.mul(tf.softmax(tf.mul(along, POOLING)), along), -1);
}

function pairLoss(weights: Weights, name: string, cosine: tf.Tensor, { family }: EncoderConfig): tf.Tensor {
  const scale = tf.minimum(tf.exp(weight(weights, `scale.${name}`)), LARGEST_SCALE);
  const logits = tf.mul(cosine, scale);
  if (family === 'clip') return contrastive(logits);
  return pairwise(tf.add(logits, weight(weights, `bias.${name}`)), cosine.shape[0] as number);
}

/** x -> (x - mean) / sd with the statistics of `sample` [n, e]; SigLIP is centred only. */
function centring(sample: tf.Tensor, { family }: EncoderConfig): (x: tf.Tensor) => tf.Tensor {
  const mean = tf.mean(sample, 0, true);
  if (family === 'siglip') return (x) => tf.sub(x, mean);
  const deviation = tf.sqrt(tf.add(tf.mean(tf.square(tf.sub(sample, mean)), 0, true), 1e-6));
  return (x) => tf.div(tf.sub(x, mean), deviation);
}
