import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { loadWeights, readPairedConfig } from '../../data/checkpoint.ts';
import type { EncoderConfig } from '../../data/config.ts';
import { readPixels } from '../../data/pixels.ts';
import { type Preprocessor, readPreprocessor } from '../../data/preprocess.ts';
import { loadTokenizer, type Tokenizer } from '../../data/tokenizer.ts';
import { pairShapes } from '../../nn/pair.ts';
import { densePatches, type Readout } from '../../nn/readout.ts';
import type { Weights } from '../../nn/weights.ts';

/** Both towers of a paired encoder in memory, and the images that it is to look at. */
export type Encoder = Readonly<{
  config: EncoderConfig;
  how: Preprocessor;
  tokenizer: Tokenizer;
  weights: Weights;
  /** folder of the images */
  images: string;
  readout: Readout;
}>;

/** The caller disposes the weights. */
export async function openEncoder(folder: string, images: string, readout: Readout): Promise<Encoder> {
  const config = await readPairedConfig(folder);
  const [how, tokenizer] = await Promise.all([readPreprocessor(folder), loadTokenizer(folder)]);
  const weights = await loadWeights(folder, { expect: pairShapes(config) });
  return { config, how, tokenizer, weights, images, readout };
}

/** Patches of some images in the text space (V of Eq. 4), [images * patches, dim], not normalised. The caller disposes. */
export async function densePatchesOf(
  { config: { vision }, how, weights, images, readout }: Encoder,
  names: readonly string[],
): Promise<tf.Tensor2D> {
  const files = names.map((name) => join(images, name));
  const pixels = await readPixels(files, how, vision.imageSize);
  const dense = tf.tidy(() => {
    const found = densePatches(weights, pixels, vision, readout); // [images, patches, dim]
    return tf.reshape(found, [-1, found.shape[2] as number]) as tf.Tensor2D;
  });
  pixels.dispose();
  return dense;
}
