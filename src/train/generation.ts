import * as tf from '@tensorflow/tfjs-core';
import { makeBatch, type Sequence } from '../data/batch.ts';
import type { DecoderConfig } from '../data/config.ts';
import { IGNORE, IMAGE_ID } from '../data/conversation.ts';
import { packedMask } from '../nn/attention.ts';
import type { TensorMap } from '../nn/compile.ts';
import { decode, embedTokens, headMatrix } from '../nn/decoder.ts';
import { takeTokens } from '../nn/embedding.ts';
import { planRead } from '../nn/read-plan.ts';
import { planSplice, splice } from '../nn/splice.ts';
import type { Weights } from '../nn/weights.ts';
import { headCrossEntropy } from './losses.ts';
import type { BatchShape } from './shapes.ts';

/** Sequences in which `IMAGE_ID` stands once per visual token. */
export type TextOptions = Readonly<{
  /** visual tokens of an image; every sequence has the features of one image beside it, used or not */
  tokens: number;
  pad: number;
  /** some sequence has turns that do not see each other */
  packed: boolean;
  /** what a target's loss is multiplied by: 1 / targets in the batch makes the sum a mean */
  share: number;
}>;

/** How much room sequences need side by side. */
export function roomFor(sequences: readonly Sequence[]): BatchShape {
  const targets = sequences.map((sequence) => targetsOf(sequence).length);
  return {
    length: Math.max(...sequences.map(({ ids }) => ids.length)),
    targets: targets.reduce((sum, count) => sum + count, 0),
    most: Math.max(...targets),
  };
}

/**
 * Positions that predict and what they predict: a token is predicted by the one before it, the first of a segment by the
 * last of the part that all segments share. The very first token is predicted by nothing.
 */
export function targetsOf({ labels, segments }: Sequence): readonly Readonly<{ at: number; next: number }>[] {
  const shared = segments.lastIndexOf(0);
  return labels.flatMap((next, here) => {
    const at = here > 0 && segments[here] === segments[here - 1] ? here - 1 : Math.min(shared, here - 1);
    return next === IGNORE || at < 0 ? [] : [{ at, next }];
  });
}

/**
 * The text of a batch as tensors of one shape: `ids` [B, T]; `source`, `position`, `used` of the splice plan; `read` [B, M]
 * (flat positions that predict, b * T + t), `at` [N] (where of those, b * M + m), `next` [N] (what they predict, -100 for
 * padding) and `share` [N]; with `packed` also `segments` and `positions` [B, T].
 */
export function textTensors(sequences: readonly Sequence[], room: BatchShape, options: TextOptions): TensorMap {
  const { length } = room;
  const batch = makeBatch(sequences, length, options.pad);
  const rows = sequences.map((_, b) => batch.ids.subarray(b * length, (b + 1) * length));
  const images = sequences.map(() => 1);
  const plan = planSplice(rows, IMAGE_ID, images, options.tokens);
  const shape: [number, number] = [batch.size, length];
  return {
    // no embedding stands where a visual token will
    ids: tf.tensor2d(
      batch.ids.map((id) => Math.max(0, id)),
      shape,
      'int32',
    ),
    source: tf.tensor1d(plan.source, 'int32'),
    position: tf.tensor1d(plan.position, 'int32'),
    used: tf.tensor1d(plan.used),
    ...targetTensors(sequences, room, options.share),
    ...(options.packed
      ? {
          segments: tf.tensor2d(batch.segments, shape, 'int32'),
          positions: tf.tensor2d(Float32Array.from(batch.positions), shape),
        }
      : {}),
  };
}

function targetTensors(
  sequences: readonly Sequence[],
  { length, targets: size, most }: BatchShape,
  share: number,
): TensorMap {
  const targets = sequences.map(targetsOf);
  const places = targets.map((own) => own.map(({ at }) => at));
  const plan = planRead(places, length, most);
  if (plan.at.length > size) throw new Error(`${plan.at.length} targets in a batch with room for ${size}`);
  const at = new Int32Array(size);
  const next = new Int32Array(size).fill(IGNORE);
  at.set(plan.at);
  next.set(targets.flatMap((own) => own.map((target) => target.next)));
  return {
    read: tf.tensor2d(plan.read, [sequences.length, most], 'int32'),
    at: tf.tensor1d(at, 'int32'),
    next: tf.tensor1d(next, 'int32'),
    share: tf.tensor1d(new Float32Array(size).fill(share, 0, plan.at.length)),
  };
}

/**
 * Next-token loss of a batch, L_g (Eq. 10, as transformers averages it): `language` is the decoder by its published
 * names, `visual` [B, tokens, hidden] what stands at the image marks, `batch` from `textTensors`.
 */
export function generationLoss(
  language: Weights,
  visual: tf.Tensor,
  batch: TensorMap,
  config: DecoderConfig,
): tf.Tensor {
  const last = lastHidden(language, visual, batch, config);
  const states = takeTokens(last, given(batch, 'at')); // only these meet the vocabulary
  const losses = headCrossEntropy(states, headMatrix(language, config), given(batch, 'next'));
  return tf.sum(tf.mul(losses, given(batch, 'share')));
}

/** Last hidden states after the final norm where something is predicted, [B, M, hidden]. */
export function lastHidden(language: Weights, visual: tf.Tensor, batch: TensorMap, config: DecoderConfig): tf.Tensor {
  const words = embedTokens(language, given(batch, 'ids'), config);
  const plan = { source: given(batch, 'source'), position: given(batch, 'position'), used: given(batch, 'used') };
  const embeds = splice(words, visual, plan);
  const read = given(batch, 'read');
  const { segments, positions } = batch;
  if (segments === undefined || positions === undefined) return decode(language, { embeds, read }, config).last;
  return decode(language, { embeds, positions, mask: packedMask(segments), read }, config).last;
}

function given(batch: TensorMap, name: string): tf.Tensor {
  const tensor = batch[name];
  if (tensor === undefined) throw new Error(`the batch has no "${name}", only ${Object.keys(batch).join(', ')}`);
  return tensor;
}
