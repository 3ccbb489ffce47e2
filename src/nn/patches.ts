import * as tf from '@tensorflow/tfjs-core';
import { gridSide, type TowerConfig } from '../data/config.ts';
import { multiply } from './linear.ts';

/**
 * The patch convolution with `filters` [hidden, c, p, p] as one matrix product: [B, ...] -> [B, N, hidden]. Stride and kernel are the patch, so every
 * patch is a row; pixels beyond the last whole patch are unused ("valid" convolution).
 */
export function embedPatches(filters: tf.Tensor, pixels: tf.Tensor, config: TowerConfig): tf.Tensor {
  const { channels: c, patchSize: p, hidden } = config;
  const grid = gridSide(config);
  const side = grid * p;
  const batch = pixels.shape[0] as number;
  const last = pixels.shape[3] === c; // channels last: rows of a patch are contiguous runs of p * c numbers
  const expected = last
    ? [batch, config.imageSize, config.imageSize, c]
    : [batch, c, config.imageSize, config.imageSize];
  if (pixels.shape.join() !== expected.join())
    throw new Error(`pixels are [${pixels.shape}], the tower reads [${expected}]`);
  if (last) {
    const cut = tf.slice(pixels, [0, 0, 0, 0], [batch, side, side, c]);
    const rows = tf.reshape(tf.transpose(tf.reshape(cut, [batch, grid, p, grid, p * c]), [0, 1, 3, 2, 4]), [
      batch,
      grid * grid,
      p * p * c,
    ]);
    return multiply(rows, tf.reshape(tf.transpose(filters, [0, 2, 3, 1]), [hidden, p * p * c]));
  }
  const cut = tf.slice(pixels, [0, 0, 0, 0], [batch, c, side, side]);
  const rows = tf.reshape(tf.transpose(tf.reshape(cut, [batch, c, grid, p, grid, p]), [0, 2, 4, 1, 3, 5]), [
    batch,
    grid * grid,
    c * p * p,
  ]);
  return multiply(rows, tf.reshape(filters, [hidden, c * p * p]));
}
