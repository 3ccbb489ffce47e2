import { type FileHandle, open } from 'node:fs/promises';
import sharp from 'sharp';
import { ProblemError } from '../problem.ts';
import type { Rgb } from './resize.ts';

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
  try {
    const image = sharp(bytes, { limitInputPixels: MAX_PIXELS, failOn: 'error', ignoreIcc: true });
    const { width, height, format, space } = await image.metadata(); // of the header alone
    if (Math.max(width, height) > MAX_SIDE) throw new Error(`${width} x ${height} pixels; sides end at ${MAX_SIDE}`);
    const isInk = space === 'cmyk';
    // of TIFF alone Pillow applies the orientation, as it reads
    const upright = format === 'tiff' ? image.autoOrient() : image;
    const { data, info } = await (isInk
      ? upright.pipelineColourspace('cmyk').toColourspace('cmyk')
      : upright.toColourspace('srgb').removeAlpha()
    )
      .raw({ depth: 'uchar' })
      .toBuffer({ resolveWithObject: true });
    if (isInk ? info.channels < 4 : info.channels !== 3) throw new Error(`it has ${info.channels} channels`);
    const pixels = new Uint8Array(data.buffer, data.byteOffset, data.length);
    return { width: info.width, height: info.height, pixels: isInk ? withoutInk(pixels, info.channels) : pixels };
  } catch (error) {
    throw badImage(name, (error as Error).message);
  }
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
