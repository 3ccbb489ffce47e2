import * as tf from '@tensorflow/tfjs-core';
import { decodeQuestionImage, type QuestionImage } from '../../benchmarks/images.ts';
import { pixelTensor } from '../../data/pixels.ts';
import type { Eyes } from '../../model/asked.ts';
import { llavaFeatures, llavaSight, visualTokens } from '../../nn/llava.ts';
import { pixelSide } from '../../nn/sight.ts';
import { type GazePlan, planGaze } from './gaze-plan.ts';

/** Bytes of visual tokens that are kept for later batches. */
const KEPT_BYTES = 2 ** 29;

/** Visual tokens of the images in rows of one batch, in their order: [rows, tokens, hidden]. The caller disposes them. */
export type Look = (images: readonly QuestionImage[]) => Promise<tf.Tensor>;

export type Gaze = Readonly<{
  /** what a batch sees; asked for once each, in any ascending order */
  at(batch: number): Look;
  dispose(): void;
}>;

/**
 * The images of all batches, each encoded once as far as there is room to keep it. Which images are encoded side by side
 * follows from the batches alone: a run that goes on behind the first batches computes the same numbers.
 */
export function openGaze({ config, weights, how, tokens }: Eyes, batches: readonly (readonly QuestionImage[])[]): Gaze {
  const images = new Map(batches.flat().map((image) => [image.name, image]));
  const capacity = Math.floor(KEPT_BYTES / (4 * tokens * config.text.hidden));
  const plan = planGaze(
    batches.map((batch) => batch.map(({ name }) => name)),
    capacity,
  );
  const held = new Map<string, tf.Tensor>(); // [tokens, hidden]
  const encode = async (names: readonly string[]): Promise<void> => {
    const decoded = await Promise.all(names.map((name) => decodeQuestionImage(images.get(name) as QuestionImage)));
    const encoded = tf.tidy(() => {
      const pixels = pixelTensor(decoded, how, pixelSide(llavaSight(config)));
      return tf.unstack(visualTokens(weights, llavaFeatures(weights, pixels, config), config));
    });
    for (const [i, name] of names.entries()) {
      held.get(name)?.dispose();
      held.set(name, encoded[i] as tf.Tensor);
    }
  };
  return {
    at: (batch) => async (rows) => {
      for (const { name } of rows) if (!held.has(name)) await encode(groupOf(plan, name, batch));
      const seen = tf.stack(rows.map(({ name }) => held.get(name) as tf.Tensor));
      for (const [name, tensor] of held) {
        if (plan[batch]?.keep.has(name)) continue;
        tensor.dispose();
        held.delete(name);
      }
      return seen;
    },
    dispose: () => {
      for (const tensor of held.values()) tensor.dispose();
      held.clear();
    },
  };
}

/** The images that were, or would have been, encoded together with this one when the batch came. */
function groupOf(plan: GazePlan, name: string, batch: number): readonly string[] {
  for (let at = batch; at >= 0; at--) {
    const encode = plan[at]?.encode ?? [];
    if (encode.includes(name)) return encode;
  }
  throw new Error(`no batch up to ${batch} encodes ${name}`);
}
