import * as tf from '@tensorflow/tfjs-core';
import { makeBatch, type Sequence } from '../data/batch.ts';
import type { DecoderConfig } from '../data/config.ts';
import { IGNORE, IMAGE_ID } from '../data/conversation.ts';
import { packedMask } from '../nn/attention.ts';
import type { TensorMap } from '../nn/compile.ts';
import { decode, embedTokens, headMatrix } from '../nn/decoder.ts';
import { planSplice, splice } from '../nn/splice.ts';
import type { Weights } from '../nn/weights.ts';
import { atPositions, headCrossEntropy } from './losses.ts';
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
  return {
    length: Math.max(...sequences.map(({ ids }) => ids.length)),
    targets: sequences.reduce((sum, sequence) => sum + targetsOf(sequence).length, 0),
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
 * The text of a batch as tensors of one shape: `ids` [B, T]; `source`, `position`, `used` of the splice plan; `at` [N]
 * (flat positions that predict), `next` [N] (what they predict, -100 for padding) and `share` [N]; with `packed` also
 * `segments` and `positions` [B, T].
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
  { length, targets: size }: BatchShape,
  share: number,
): TensorMap {
  const at = new Int32Array(size);
  const next = new Int32Array(size).fill(IGNORE);
  const shares = new Float32Array(size);
  const found = sequences.flatMap((sequence, b) =>
    targetsOf(sequence).map((target) => ({ at: b * length + target.at, next: target.next })),
  );
  if (found.length > size) throw new Error(`${found.length} targets in a batch with room for ${size}`);
  found.forEach((target, i) => {
    at[i] = target.at;
    next[i] = target.next;
    shares[i] = share;
  });
  return { at: tf.tensor1d(at, 'int32'), next: tf.tensor1d(next, 'int32'), share: tf.tensor1d(shares) };
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
  const states = atPositions(last, given(batch, 'at'));
  const losses = headCrossEntropy(states, headMatrix(language, config), given(batch, 'next'));
  return tf.sum(tf.mul(losses, given(batch, 'share')));
}

/** Last hidden state after the final norm, [B, T, hidden]. */
export function lastHidden(language: Weights, visual: tf.Tensor, batch: TensorMap, config: DecoderConfig): tf.Tensor {
  const words = embedTokens(language, given(batch, 'ids'), config);
  const plan = { source: given(batch, 'source'), position: given(batch, 'position'), used: given(batch, 'used') };
  const embeds = splice(words, visual, plan);
  const { segments, positions } = batch;
  if (segments === undefined || positions === undefined) return decode(language, { embeds }, config).last;
  return decode(language, { embeds, positions, mask: packedMask(segments) }, config).last;
}

function given(batch: TensorMap, name: string): tf.Tensor {
  const tensor = batch[name];
  if (tensor === undefined) throw new Error(`the batch has no "${name}", only ${Object.keys(batch).join(', ')}`);
  return tensor;
}
