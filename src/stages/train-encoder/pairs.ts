import * as tf from '@tensorflow/tfjs-core';
import { pixelTensor } from '../../data/pixels.ts';
import type { Preprocessor } from '../../data/preprocess.ts';
import { stream } from '../../data/random.ts';
import type { Rgb } from '../../data/resize.ts';
import type { TensorMap } from '../../nn/compile.ts';

/** Images with all their captions; the captions are token ids of one length each. */
export type Pairs = Readonly<{ images: readonly Rgb[]; captions: readonly (readonly Int32Array[])[] }>;

/** Pixels [B, 3, S, S] of some images, as the preprocessor alone has them: CLIP crops, SigLIP stretches. */
export function pixelsOf(images: readonly Rgb[], how: Preprocessor, side: number): tf.Tensor4D {
  return pixelTensor(images, how, side, { pad: false });
}

/** Token ids [B, T]. */
export function idsOf(captions: readonly Int32Array[]): tf.Tensor2D {
  const length = captions[0]?.length ?? 0;
  const values = new Int32Array(captions.length * length);
  captions.forEach((own, i) => {
    values.set(own, i * length);
  });
  return tf.tensor2d(values, [captions.length, length], 'int32');
}

/** One caption of each chosen image, drawn by a stream of the step. */
export function pairBatch(
  pairs: Pairs,
  chosen: readonly number[],
  how: Preprocessor,
  side: number,
  seed: number,
  step: number,
): TensorMap {
  const random = stream(seed, 'caption', step);
  const captions = chosen.map((i) => random.pick(pairs.captions[i] as readonly Int32Array[]));
  return {
    pixels: pixelsOf(
      chosen.map((i) => pairs.images[i] as Rgb),
      how,
      side,
    ),
    ids: idsOf(captions),
  };
}

/** A sample of patches [n, p * p * 3], channels last, of a batch of pixels [B, 3, S, S]. */
export function patchesOf(pixels: tf.Tensor4D, patch: number): tf.Tensor2D {
  return tf.tidy(() => {
    const [batch, , side] = pixels.shape;
    const grid = Math.floor(side / patch);
    const cut = tf.slice(pixels, [0, 0, 0, 0], [batch, 3, grid * patch, grid * patch]);
    const cells = tf.transpose(tf.reshape(cut, [batch, 3, grid, patch, grid, patch]), [0, 2, 4, 3, 5, 1]);
    return tf.reshape(cells, [batch * grid * grid, patch * patch * 3]) as tf.Tensor2D;
  });
}
