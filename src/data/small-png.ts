import { decode } from 'fast-png';
import type { Rgb } from './resize.ts';

/** Pixels up to which a call of the general decoder costs more than the decoding: 0.7 ms against 0.1 at 64 x 64. */
const SMALL = 128 * 128;

/** Bytes of a small picture, compressed or not; no more than a thousand times as many come out of so many. */
const MOST_BYTES = 1 << 16;

/**
 * The pixels of a small PNG of 8-bit RGB, as pictures of data sets for small encoders are; undefined for all others, and for
 * one that has any fault, which the general decoder names.
 */
export function decodeSmallPng(bytes: Buffer): Rgb | undefined {
  if (bytes.length > MOST_BYTES || bytes.length < HEADER.end || !bytes.subarray(12, 16).equals(IHDR)) return undefined;
  const [width, height] = [bytes.readUInt32BE(HEADER.width), bytes.readUInt32BE(HEADER.height)];
  const [depth, colours] = [bytes[HEADER.depth], bytes[HEADER.colours]];
  if (width * height > SMALL || depth !== 8 || colours !== RGB) return undefined;
  try {
    const { data } = decode(bytes, { checkCrc: true });
    return data instanceof Uint8Array && data.length === 3 * width * height
      ? { width, height, pixels: data }
      : undefined;
  } catch {
    return undefined;
  }
}

/** Bytes of the first chunk, which has the sizes. */
const HEADER = { width: 16, height: 20, depth: 24, colours: 25, end: 33 } as const;
const IHDR = Buffer.from('IHDR');
const RGB = 2;
