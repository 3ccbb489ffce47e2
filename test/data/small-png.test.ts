import fc from 'fast-check';
import sharp from 'sharp';
import { expect, test } from 'vitest';
import { decodeSmallPng } from '../../src/data/small-png.ts';
import { damaged } from './damage.ts';

const sides = fc.integer({ min: 1, max: 24 });
const settings = fc.record({ compressionLevel: fc.nat(9), adaptiveFiltering: fc.boolean(), progressive: fc.boolean() });

/** A picture of few or many colours, so that every filter of PNG is met. */
const pictures = fc
  .tuple(sides, sides, fc.integer({ min: 1, max: 255 }), fc.nat())
  .map(([width, height, most, seed]) => {
    const pixels = Uint8Array.from(
      { length: width * height * 3 },
      (_, i) => (Math.imul(i + seed, 2654435761) >>> 24) % most,
    );
    return { width, height, pixels };
  });

type Picture = Readonly<{ width: number; height: number; pixels: Uint8Array }>;

const written = ({ width, height, pixels }: Picture, how: object): Promise<Buffer> =>
  sharp(pixels, { raw: { width, height, channels: 3 } })
    .png(how)
    .toBuffer();

test('a small RGB file has the pixels that were written, however it is compressed', async () => {
  await fc.assert(
    fc.asyncProperty(pictures, settings, async (picture, how) => {
      expect(decodeSmallPng(await written(picture, how))).toEqual(picture);
    }),
  );
});

test('a damaged file is left to the general decoder, or has the same pixels there', async () => {
  const picture = { width: 9, height: 7, pixels: Uint8Array.from({ length: 189 }, (_, i) => (i * 37) % 256) };
  const whole = await written(picture, { adaptiveFiltering: true });
  let kept = 0;
  await fc.assert(
    fc.asyncProperty(damaged(whole), async (bytes) => {
      const found = decodeSmallPng(bytes);
      if (found === undefined) return;
      kept++;
      const general = await sharp(bytes, { failOn: 'error' }).removeAlpha().raw().toBuffer({ resolveWithObject: true });
      expect({ width: found.width, height: found.height }).toEqual({
        width: general.info.width,
        height: general.info.height,
      });
      expect(Buffer.from(found.pixels).equals(general.data)).toBe(true);
    }),
    { numRuns: 500 },
  );
  expect(kept).toBeLessThan(100); // the checks of the file do refuse
});

test('gray, transparent, deep and large pictures are left to the general decoder', async () => {
  const create = { width: 6, height: 5, channels: 3 as const, background: 'teal' };
  const small = sharp({ create });
  const large = sharp({ create: { ...create, width: 200, height: 200 } });
  for (const other of [
    small.clone().toColourspace('b-w').png(),
    small.clone().ensureAlpha(0.5).png(),
    small.clone().pipelineColourspace('rgb16').toColourspace('rgb16').png(),
    small.clone().png({ palette: true }),
    small.clone().jpeg(),
    large.png(),
  ])
    expect(decodeSmallPng(await other.toBuffer())).toBeUndefined();
  expect(decodeSmallPng(Buffer.alloc(3))).toBeUndefined();
});
