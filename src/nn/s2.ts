import * as tf from '@tensorflow/tfjs-core';
import { areaMap, bicubicMap, resampleSquare } from './resample.ts';

export type S2 = Readonly<{
  /** side lengths in pixels, multiples of `tile`; the first one's grid is the result's */
  sizes: readonly number[];
  /** the size that the tower reads */
  tile: number;
}>;

/**
 * S2-Wrapper (arXiv 2403.13043): the image at several scales, each cut into tiles of the tower's size, encoded tile by
 * tile, joined, pooled to the first scale's grid and concatenated on channels. `pixels` [B, 3, S, S] normalised, `encode`
 * maps tiles [n, 3, tile, tile] to patch features [n, N, d]; the result is [B, patches, sizes * d].
 */
export function s2Features(encode: (tiles: tf.Tensor) => tf.Tensor, pixels: tf.Tensor, { sizes, tile }: S2): tf.Tensor {
  const wrong = sizes.find((size) => size % tile !== 0);
  if (wrong !== undefined || sizes.length === 0)
    throw new Error(`S2 sizes ${sizes} are not multiples of the tile ${tile}`);
  return tf.tidy(() => {
    let side = 0;
    const scales = sizes.map((size) => {
      const grid = joinTiles(encode(cutTiles(resized(pixels, size), tile)), size / tile);
      if (side === 0) side = grid.shape[1] as number;
      return pooled(grid, side);
    });
    return tf.concat(scales, -1);
  });
}

/** [B, 3, S, S] -> [B, 3, size, size], torch's bicubic. */
export function resized(pixels: tf.Tensor, size: number): tf.Tensor {
  const [batch, channels, side] = pixels.shape as [number, number, number];
  if (side === size) return pixels;
  const flat = tf.reshape(pixels, [batch * channels, side, side]);
  return tf.reshape(resampleSquare(flat, bicubicMap(side, size)), [batch, channels, size, size]);
}

/** [B, 3, n tile, n tile] -> [B n n, 3, tile, tile], row-major. */
function cutTiles(pixels: tf.Tensor, tile: number): tf.Tensor {
  const [batch, channels, side] = pixels.shape as [number, number, number];
  const n = side / tile;
  const split = tf.reshape(pixels, [batch, channels, n, tile, n, tile]);
  return tf.reshape(tf.transpose(split, [0, 2, 4, 1, 3, 5]), [batch * n * n, channels, tile, tile]);
}

/** Patch features of tiles [B n n, g g, d] -> one grid [B, n g, n g, d]. */
function joinTiles(features: tf.Tensor, n: number): tf.Tensor {
  const [tiles, patches, dim] = features.shape as [number, number, number];
  const grid = Math.round(Math.sqrt(patches));
  if (grid * grid !== patches) throw new Error(`${patches} patches of a tile are no square`);
  const split = tf.reshape(features, [tiles / (n * n), n, n, grid, grid, dim]);
  return tf.reshape(tf.transpose(split, [0, 1, 3, 2, 4, 5]), [tiles / (n * n), n * grid, n * grid, dim]);
}

/** Mean pooling [B, s, s, d] -> [B, side side, d]. */
function pooled(grid: tf.Tensor, side: number): tf.Tensor {
  const [batch, from, , dim] = grid.shape as [number, number, number, number];
  if (from === side) return tf.reshape(grid, [batch, side * side, dim]);
  const planes = tf.reshape(tf.transpose(grid, [0, 3, 1, 2]), [batch * dim, from, from]);
  const small = tf.reshape(resampleSquare(planes, areaMap(from, side)), [batch, dim, side * side]);
  return tf.transpose(small, [0, 2, 1]);
}
