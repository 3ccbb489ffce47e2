import type * as tf from '@tensorflow/tfjs-core';
import { gridSide, type TowerConfig } from '../data/config.ts';
import { s2Features } from './s2.ts';
import { visionFeatures } from './vit.ts';
import type { Weights } from './weights.ts';

/** What an adapter reads of images: a hidden state of a tower, at one scale or several (S2). */
export type Sight = Readonly<{
  vision: TowerConfig;
  /** hidden state, as `visionFeatures` counts them */
  layer: number;
  /** multiples of the tower's image size; [1] is the tower alone. The first one's grid is that of the features */
  scales: readonly number[];
}>;

/** Whether several scales, or another than the tower's own, are looked at. */
export function hasScales(scales: readonly number[]): boolean {
  return scales.length !== 1 || scales[0] !== 1;
}

/** Side of the images that are read, in pixels: the largest scale's. */
export function pixelSide({ vision, scales }: Pick<Sight, 'vision' | 'scales'>): number {
  return vision.imageSize * Math.max(...scales);
}

/** Patches of an image on one side. */
export function featureGrid({ vision, scales }: Pick<Sight, 'vision' | 'scales'>): number {
  return gridSide(vision) * (scales[0] ?? 1);
}

/** Numbers of one patch. */
export function featureDim({ vision, scales }: Pick<Sight, 'vision' | 'scales'>): number {
  return vision.hidden * scales.length;
}

/** Features of pixels [B, 3, side, side], [B, grid * grid, dim]: of each scale one after another. */
export function sightFeatures(weights: Weights, pixels: tf.Tensor, sight: Sight): tf.Tensor {
  const { vision, layer } = sight;
  return overScales(pixels, sight, (tiles) => visionFeatures(weights, tiles, vision, layer));
}

/** What `encode` makes of images of the tower's size, [n, patches, d], at every scale: [B, grid * grid, scales * d]. */
export function overScales(
  pixels: tf.Tensor,
  { vision: { imageSize }, scales }: Pick<Sight, 'vision' | 'scales'>,
  encode: (images: tf.Tensor) => tf.Tensor,
): tf.Tensor {
  if (!hasScales(scales)) return encode(pixels);
  return s2Features(encode, pixels, { sizes: scales.map((scale) => scale * imageSize), tile: imageSize });
}
