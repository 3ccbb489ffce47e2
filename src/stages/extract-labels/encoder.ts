import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { loadWeights, readPairedConfig } from '../../data/checkpoint.ts';
import type { EncoderConfig, VisionConfig } from '../../data/config.ts';
import { magnified } from '../../data/input-size.ts';
import { readPixels } from '../../data/pixels.ts';
import { type Preprocessor, readPreprocessor } from '../../data/preprocess.ts';
import { loadTokenizer, type Tokenizer } from '../../data/tokenizer.ts';
import { pairShapes } from '../../nn/pair.ts';
import { densePatches, type Readout } from '../../nn/readout.ts';
import { hasScales, overScales, pixelSide } from '../../nn/sight.ts';
import type { Weights } from '../../nn/weights.ts';
import { unitRows } from '../../train/losses.ts';

/** Both towers of a paired encoder in memory, and the images that it is to look at. */
export type Encoder = Readonly<{
  config: EncoderConfig;
  how: Preprocessor;
  tokenizer: Tokenizer;
  weights: Weights;
  /** folder of the images */
  images: string;
  readout: Readout;
  /** at which sizes it looks */
  sight: Readonly<{ vision: VisionConfig; scales: readonly number[] }>;
}>;

/** The caller disposes the weights. */
export async function openEncoder(
  folder: string,
  images: string,
  { readout, scales }: Readonly<{ readout: Readout; scales: readonly number[] }>,
): Promise<Encoder> {
  const config = await readPairedConfig(folder);
  const [own, tokenizer] = await Promise.all([readPreprocessor(folder), loadTokenizer(folder)]);
  const weights = await loadWeights(folder, { expect: pairShapes(config) });
  const how = magnified(own, Math.max(...scales));
  return { config, how, tokenizer, weights, images, readout, sight: { vision: config.vision, scales } };
}

/**
 * Patches of some images in the text space (V of Eq. 4), [images * patches, dim], not normalised. At several scales the
 * mean of their directions, which is as near to a word as the scales are on average. The caller disposes.
 */
export async function densePatchesOf(
  { config: { vision }, how, weights, images, readout, sight }: Encoder,
  names: readonly string[],
): Promise<tf.Tensor2D> {
  const files = names.map((name) => join(images, name));
  const pixels = await readPixels(files, how, pixelSide(sight));
  const dense = tf.tidy(() => {
    const read = (tiles: tf.Tensor): tf.Tensor => densePatches(weights, tiles, vision, readout); // [tiles, patches, dim]
    if (!hasScales(sight.scales)) return rows(read(pixels));
    const found = overScales(pixels, sight, (tiles) => unitRows(read(tiles))); // [images, patches, scales * dim]
    const { length } = sight.scales;
    return tf.mean(tf.reshape(found, [-1, length, (found.shape[2] as number) / length]), 1) as tf.Tensor2D;
  });
  pixels.dispose();
  return dense;
}

const rows = (x: tf.Tensor): tf.Tensor2D => tf.reshape(x, [-1, x.shape.at(-1) as number]);
