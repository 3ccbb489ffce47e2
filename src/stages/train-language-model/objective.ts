import * as tf from '@tensorflow/tfjs-core';
import type { DecoderConfig } from '../../data/config.ts';
import type { TensorMap } from '../../nn/compile.ts';
import { decode, embedTokens, headMatrix } from '../../nn/decoder.ts';
import { type Weights, weight } from '../../nn/weights.ts';
import { headCrossEntropy, weightedMean } from '../../train/losses.ts';

/** Weighted cross-entropy of the next token at every position: `ids`, `next` and `weights` of a batch, each [B, T]. */
export function languageLoss(weights: Weights, batch: TensorMap, config: DecoderConfig): tf.Tensor {
  const ids = weight(batch, 'ids');
  const { last } = decode(weights, { embeds: embedTokens(weights, ids, config) }, config);
  const flat = tf.reshape(last, [ids.size, config.hidden]);
  const losses = headCrossEntropy(flat, headMatrix(weights, config), tf.reshape(weight(batch, 'next'), [-1]));
  return weightedMean(losses, tf.reshape(weight(batch, 'weights'), [-1]));
}
