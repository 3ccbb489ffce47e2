import { readFile } from 'node:fs/promises';
import sharp from 'sharp';
import { ProblemError } from '../problem.ts';
import type { Rgb } from './resize.ts';

/** Pillow refuses larger images as decompression bombs. */
export const MAX_PIXELS = 178_956_970;

/**
 * An image file as [height, width, 3]: alpha dropped, the orientation in EXIF and colour profiles ignored, as LLaVA and
 * Pillow's `convert("RGB")` do. Throws ProblemError naming the file when it is missing, broken, or beyond MAX_PIXELS.
 */
export async function readImage(file: string): Promise<Rgb> {
  let bytes: Buffer;
  try {
    bytes = await readFile(file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    throw badImage(file, 'there is no such file', 'missing-image');
  }
  return decodeImage(bytes, file);
}

/** The same for bytes; `name` appears in messages. */
export async function decodeImage(bytes: Buffer, name: string): Promise<Rgb> {
  try {
    const { data, info } = await sharp(bytes, { limitInputPixels: MAX_PIXELS, failOn: 'error', ignoreIcc: true })
      .toColourspace('srgb')
      .removeAlpha()
      .raw({ depth: 'uchar' })
      .toBuffer({ resolveWithObject: true });
    if (info.channels !== 3) throw new Error(`it has ${info.channels} channels`);
    return {
      width: info.width,
      height: info.height,
      pixels: new Uint8Array(data.buffer, data.byteOffset, data.length),
    };
  } catch (error) {
    throw badImage(name, (error as Error).message);
  }
}

function badImage(name: string, message: string, code = 'broken-image'): ProblemError {
  const text = message.replace(/\s+/g, ' ').trim();
  return new ProblemError({
    code,
    message: `${name}: ${code === 'broken-image' ? `not an image that can be read: ${text}` : text}`,
  });
}
