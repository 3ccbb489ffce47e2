import * as tf from '@tensorflow/tfjs-core';
import type { DecoderConfig } from '../../data/config.ts';
import type { TensorMap } from '../../nn/compile.ts';
import { takeRows } from '../../nn/embedding.ts';
import { projectFeatures } from '../../nn/projector.ts';
import { type Weights, weight, within } from '../../nn/weights.ts';
import { ADAPTER_ACTIVATION, PROJECTOR, standardised } from '../../train/adapter.ts';
import { alignment, totalLoss } from '../../train/align.ts';
import { generationLoss } from '../../train/generation.ts';
import type { Losses } from '../../train/step.ts';

/** Where the language model stands among the weights of the step, and the alignment's own. */
export const LANGUAGE = 'language.';
export const LOG_TEMPERATURE = 'align.logTemperature';
export const TARGETS = 'align.targets';

/**
 * Caption loss plus lambda times the alignment loss (Eq. 9-11). `batch` has `features` [B, patches, d], the texts of
 * `textTensors`, and with lambda > 0 the pairs of `AlignmentPairs`. `align.targets` is [words, hidden] (Eq. 8).
 */
export function pretrainLoss(weights: Weights, batch: TensorMap, config: DecoderConfig, lambda: number): Losses {
  const features = standardised(weights, weight(batch, 'features'));
  const visual = projectFeatures(within(weights, PROJECTOR), features, ADAPTER_ACTIVATION); // [B, patches, hidden]
  const caption = generationLoss(within(weights, LANGUAGE), visual, batch, config);
  if (lambda === 0) return { total: caption, parts: { caption } };
  const rows = takeRows(tf.reshape(visual, [-1, config.hidden]), weight(batch, 'rows')); // [N, hidden]
  const targets = takeRows(weight(weights, TARGETS), weight(batch, 'words'));
  const align = alignment(rows, targets, weight(weights, LOG_TEMPERATURE), weight(batch, 'kept'));
  // before the update, as the loss saw it
  const temperature = tf.exp(weight(weights, LOG_TEMPERATURE));
  return { total: totalLoss(caption, align, lambda), parts: { caption, align, temperature } };
}
