import * as tf from '@tensorflow/tfjs-core';
import { readImage } from './image.ts';
import { type Preprocessor, preprocessInto } from './preprocess.ts';
import type { Rgb } from './resize.ts';

/**
 * Images as an encoder of `side` x `side` pixels reads them: [B, 3, side, side]. They are first made square with a border
 * of the mean colour, as LLaVA-1.5 does (`image_aspect_ratio: pad`). The caller disposes.
 */
export function pixelTensor(images: readonly Rgb[], how: Preprocessor, side: number): tf.Tensor4D {
  const plane = 3 * side * side;
  const values = new Float32Array(images.length * plane);
  images.forEach((image, i) => {
    preprocessInto(values, i * plane, image, how, true);
  });
  return tf.tensor4d(values, [images.length, 3, side, side]);
}

/** The same from files, read side by side. */
export async function readPixels(files: readonly string[], how: Preprocessor, side: number): Promise<tf.Tensor4D> {
  return pixelTensor(await Promise.all(files.map(readImage)), how, side);
}
