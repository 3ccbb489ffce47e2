import { type FileHandle, open } from 'node:fs/promises';
import sharp, { type Sharp } from 'sharp';
import { ProblemError } from '../problem.ts';
import { transparentColour } from './gif.ts';
import type { Rgb } from './resize.ts';
import { decodeSmallPng } from './small-png.ts';

/** Pillow refuses larger images as decompression bombs. */
export const MAX_PIXELS = 178_956_970;

/** Longer sides are refused: LLaVA makes a square of them first. */
const MAX_SIDE = 16_384;

/** No image of MAX_PIXELS takes more, compressed or not. */
const MAX_BYTES = 1 << 30;

/**
 * An image file as [height, width, 3]: alpha dropped, the orientation in EXIF and colour profiles ignored, as LLaVA and
 * Pillow's `convert("RGB")` do. Throws ProblemError naming the file when it is missing, broken, or beyond MAX_PIXELS.
 */
export async function readImage(file: string): Promise<Rgb> {
  let handle: FileHandle;
  try {
    handle = await open(file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw badImage(file, (error as Error).message);
    throw badImage(file, 'there is no such file', 'missing-image');
  }
  try {
    const about = await handle.stat();
    if (!about.isFile()) throw badImage(file, 'it is not a file');
    if (about.size > MAX_BYTES) throw badImage(file, `it has ${about.size} bytes, more than ${MAX_BYTES}`);
    return await decodeImage(await handle.readFile(), file);
  } finally {
    await handle.close();
  }
}

/** The same for bytes; `name` appears in messages. */
export async function decodeImage(bytes: Buffer, name: string): Promise<Rgb> {
  if (!signatures.some((is) => is(bytes))) throw badImage(name, 'its first bytes are not those of an image');
  const small = decodeSmallPng(bytes);
  if (small !== undefined) return small;
  try {
    const image = sharp(bytes, { limitInputPixels: MAX_PIXELS, failOn: 'error', ignoreIcc: true });
    const { width, height, format, space, channels, hasAlpha } = await image.metadata(); // of the header alone
    if (Math.max(width, height) > MAX_SIDE) throw new Error(`${width} x ${height} pixels; sides end at ${MAX_SIDE}`);
    // of TIFF alone Pillow applies the orientation, as it reads
    const upright = format === 'tiff' ? image.autoOrient() : image;
    if (space === 'cmyk') {
      const inks = await decoded(upright.pipelineColourspace('cmyk').toColourspace('cmyk'));
      if (inks.channels < 4) throw new Error(`it has ${inks.channels} channels`);
      return { ...inks.size, pixels: withoutInk(inks.values, inks.channels) };
    }
    const isGray16 = space === 'grey16' && (format === 'png' ? bytes[PNG_COLOUR_TYPE] === 0 : channels === 1);
    if (isGray16) {
      const gray = await decoded(upright.toColourspace('grey16').extractChannel(0), 'ushort');
      return { ...gray.size, pixels: clippedGray(gray.values) };
    }
    const hidden = format === 'gif' && hasAlpha ? transparentColour(bytes) : undefined;
    if (hidden !== undefined) {
      const { size, values } = await decoded(upright.toColourspace('srgb').ensureAlpha());
      return { ...size, pixels: withColour(values, hidden) };
    }
    const rgb = await decoded(upright.toColourspace('srgb').removeAlpha());
    if (rgb.channels !== 3) throw new Error(`it has ${rgb.channels} channels`);
    return { ...rgb.size, pixels: rgb.values };
  } catch (error) {
    throw badImage(name, (error as Error).message);
  }
}

/** Byte of a PNG that tells gray from gray with alpha, which Pillow scales. */
const PNG_COLOUR_TYPE = 25;

type Decoded = Readonly<{ size: Readonly<{ width: number; height: number }>; channels: number; values: Uint8Array }>;

/** Values of a whole image, pixel by pixel; those of 16 bits as two bytes each. */
async function decoded(image: Sharp, depth: 'uchar' | 'ushort' = 'uchar'): Promise<Decoded> {
  const { data, info } = await image.raw({ depth }).toBuffer({ resolveWithObject: true });
  const { width, height, channels } = info;
  return { size: { width, height }, channels, values: new Uint8Array(data.buffer, data.byteOffset, data.length) };
}

/** Gray of 16 bits as Pillow makes it RGB: not scaled, everything above 255 is white. */
function clippedGray(bytes: Uint8Array): Uint8Array {
  const grays = new Uint16Array(bytes.buffer, bytes.byteOffset, bytes.length >> 1);
  const pixels = new Uint8ClampedArray(grays.length * 3);
  grays.forEach((gray, i) => void pixels.fill(gray, i * 3, i * 3 + 3));
  return new Uint8Array(pixels.buffer);
}

/** RGBA without its alpha, transparent pixels in the colour that they have in the palette. */
function withColour(rgba: Uint8Array, hidden: readonly [number, number, number]): Uint8Array {
  const pixels = new Uint8Array((rgba.length / 4) * 3);
  for (let from = 0, to = 0; from < rgba.length; from += 4, to += 3)
    pixels.set(rgba[from + 3] === 0 ? hidden : rgba.subarray(from, from + 3), to);
  return pixels;
}

/** CMYK to RGB as Pillow has it, which knows no profile: (255 - k) less its share of each ink. */
function withoutInk(inks: Uint8Array, channels: number): Uint8Array {
  const pixels = new Uint8Array((inks.length / channels) * 3);
  for (let from = 0, to = 0; from < inks.length; from += channels) {
    const light = 255 - (inks[from + 3] as number);
    for (let ink = 0; ink < 3; ink++) {
      const product = (inks[from + ink] as number) * light + 128;
      pixels[to++] = Math.max(0, light - (((product >> 8) + product) >> 8));
    }
  }
  return pixels;
}

const begins =
  (text: string, at = 0) =>
  (bytes: Buffer): boolean =>
    bytes.toString('latin1', at, at + text.length) === text;

/** PNG, JPEG, GIF, WebP, TIFF, AVIF: no text that draws, no document that refers elsewhere. */
const signatures = [
  begins('\x89PNG\r\n\x1a\n'),
  begins('\xff\xd8\xff'),
  begins('GIF8'),
  begins('WEBP', 8),
  begins('II*\0'),
  begins('MM\0*'),
  begins('ftypavi', 4),
];

function badImage(name: string, message: string, code = 'broken-image'): ProblemError {
  const text = message.replace(/\s+/g, ' ').trim();
  return new ProblemError({
    code,
    message: `${name}: ${code === 'broken-image' ? `not an image that can be read: ${text}` : text}`,
  });
}
