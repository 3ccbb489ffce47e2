import { join } from 'node:path';
import type * as tf from '@tensorflow/tfjs-core';
import { readImage } from '../data/image.ts';
import { pixelTensor } from '../data/pixels.ts';
import type { Preprocessor } from '../data/preprocess.ts';
import type { Rgb } from '../data/resize.ts';

/** Decoded pictures kept in memory at most; beyond it they are decoded again when they come. */
const KEPT_BYTES = 1e9;

/** Reads pictures of a folder as pixels [B, 3, side, side]; without a name, a blank one that no text will hold. */
export type Pictures = (names: readonly (string | undefined)[]) => Promise<tf.Tensor4D>;

/** Pictures are decoded once, as 8-bit colours, and prepared for the tower each time they are taken. */
export function openPictures(folder: string, how: Preprocessor, side: number): Pictures {
  const decoded = new Map<string, Rgb>();
  let bytes = 0;
  const read = async (name: string): Promise<Rgb> => {
    const known = decoded.get(name);
    if (known !== undefined) return known;
    const picture = await readImage(join(folder, name));
    if (bytes + picture.pixels.length <= KEPT_BYTES) {
      decoded.set(name, picture);
      bytes += picture.pixels.length;
    }
    return picture;
  };
  const blank: Rgb = { width: side, height: side, pixels: new Uint8Array(3 * side * side) };
  return async (names) => {
    const pictures = await Promise.all(names.map((name) => (name === undefined ? blank : read(name))));
    return pixelTensor(pictures, how, side);
  };
}
