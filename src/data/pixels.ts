import * as tf from '@tensorflow/tfjs-core';
import { ProblemError } from '../problem.ts';
import { readImage } from './image.ts';
import { outputSize, type Preprocessor, preprocessInto } from './preprocess.ts';
import type { Rgb } from './resize.ts';

export type Framing = Readonly<{
  /** first make images square with a border of the mean colour, as LLaVA-1.5 does (`image_aspect_ratio: pad`); else the
   * preprocessor alone decides, as when CLIP is trained */
  pad: boolean;
}>;

/**
 * Images as an encoder of `side` x `side` pixels reads them: [B, 3, side, side]. The caller disposes. Throws ProblemError
 * when the preprocessor makes images of another size.
 */
export function pixelTensor(
  images: readonly Rgb[],
  how: Preprocessor,
  side: number,
  { pad }: Framing = { pad: true },
): tf.Tensor4D {
  const plane = 3 * side * side;
  const values = new Float32Array(images.length * plane);
  images.forEach((image, i) => {
    const { width, height } = outputSize(how, image, pad);
    if (width !== side || height !== side) {
      throw new ProblemError({
        code: 'wrong-image-size',
        message: `preprocessor_config.json makes an image of ${width} x ${height} pixels; the encoder reads ${side} x ${side}`,
      });
    }
    preprocessInto(values, i * plane, image, how, pad);
  });
  return tf.tensor4d(values, [images.length, 3, side, side]);
}

/** The same from files, read side by side. */
export async function readPixels(files: readonly string[], how: Preprocessor, side: number): Promise<tf.Tensor4D> {
  return pixelTensor(await Promise.all(files.map(readImage)), how, side);
}
