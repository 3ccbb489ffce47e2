import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { crc32, deflateSync } from 'node:zlib';
import fc from 'fast-check';
import sharp from 'sharp';
import { expect, test } from 'vitest';
import { decodeImage, readImage } from '../../src/data/image.ts';
import { magnified } from '../../src/data/input-size.ts';
import { parsePreprocessor, preprocess, preprocessInto, preprocessorJson } from '../../src/data/preprocess.ts';
import { centerCrop, padToSquare, type Rgb, resize } from '../../src/data/resize.ts';

const folder = mkdtempSync(join(tmpdir(), 'image-'));

function pattern(width: number, height: number, seed = 1): Rgb {
  return {
    width,
    height,
    pixels: Uint8Array.from({ length: width * height * 3 }, (_, i) => Math.imul(i + seed, 2654435761) >>> 24),
  };
}

const raw = ({ width, height }: Rgb) => ({ raw: { width, height, channels: 3 as const } });

/** A PNG that says it is larger than any memory, with hardly any data behind it. */
function bomb(side: number): Buffer {
  const chunk = (type: string, data: Buffer): Buffer => {
    const body = Buffer.concat([Buffer.from(type), data]);
    const out = Buffer.alloc(body.length + 8);
    out.writeUInt32BE(data.length);
    body.copy(out, 4);
    out.writeUInt32BE(crc32(body), body.length + 4);
    return out;
  };
  const header = Buffer.alloc(13);
  header.writeUInt32BE(side, 0);
  header.writeUInt32BE(side, 4);
  header.set([8, 2, 0, 0, 0], 8);
  const signature = Buffer.from([137, 80, 78, 71, 13, 10, 26, 10]);
  return Buffer.concat([
    signature,
    chunk('IHDR', header),
    chunk('IDAT', deflateSync(Buffer.alloc(1000))),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

test('gray, transparent and 16-bit files become three channels of 8 bits; alpha is dropped and not blended', async () => {
  const rgba = await sharp({
    create: { width: 3, height: 2, channels: 4, background: { r: 200, g: 100, b: 50, alpha: 0.25 } },
  })
    .png()
    .toBuffer();
  const image = await decodeImage(rgba, 'rgba.png');
  expect([image.width, image.height, [...image.pixels.subarray(0, 3)]]).toEqual([3, 2, [200, 100, 50]]);
  const gray = await sharp(Buffer.from([0, 128, 255, 7]), { raw: { width: 2, height: 2, channels: 1 } })
    .png()
    .toBuffer();
  expect([...(await decodeImage(gray, 'gray.png')).pixels]).toEqual([0, 0, 0, 128, 128, 128, 255, 255, 255, 7, 7, 7]);
});

test('the orientation in EXIF is ignored, as LLaVA ignores it', async () => {
  const image = pattern(4, 2);
  const turned = await sharp(image.pixels, raw(image)).withMetadata({ orientation: 6 }).png().toBuffer();
  const { width, height } = await decodeImage(turned, 'turned.png');
  expect([width, height]).toEqual([4, 2]);
});

test('inks become light as Pillow has it, without a profile', async () => {
  // Image.frombytes('CMYK', (4, 1), bytes([0,0,0,0, 255,0,0,0, 10,200,90,77, 0,0,0,255])) of Pillow, and its convert('RGB')
  const tiff = Buffer.from(
    'SUkqAAgAAAAKAAABBAABAAAABAAAAAEBBAABAAAAAQAAAAIBAwAEAAAAhgAAAAMBAwABAAAAAQAAAAYBAwABAAAABQAAABEBBAAB' +
      'AAAAjgAAABUBAwABAAAABAAAABYBBAABAAAAAQAAABcBBAABAAAAEAAAABwBAwABAAAAAQAAAAAAAAAIAAgACAAIAAAAAAD/AAAA' +
      'CshaTQAAAP8=',
    'base64',
  );
  expect([...(await decodeImage(tiff, 'inks.tif')).pixels]).toEqual([
    255, 255, 255, 0, 255, 255, 171, 38, 115, 0, 0, 0,
  ]);
});

test('a TIFF, of which Pillow applies the orientation, stands upright', async () => {
  const image = pattern(4, 2);
  const turned = await sharp(image.pixels, raw(image))
    .withMetadata({ orientation: 6 })
    .tiff({ compression: 'none' })
    .toBuffer();
  const { width, height, pixels } = await decodeImage(turned, 'turned.tif');
  expect([width, height]).toEqual([2, 4]);
  expect([...pixels.subarray(0, 3)]).toEqual([...image.pixels.subarray(12, 15)]);
});

test('a file that is missing, cut short, no image or a decompression bomb is named', async () => {
  const image = pattern(40, 30);
  const whole = await sharp(image.pixels, raw(image)).jpeg().toBuffer();
  const files: Record<string, Buffer> = {
    'cut.jpg': whole.subarray(0, whole.length >> 1),
    'text.png': Buffer.from('this is no image'),
    'empty.png': Buffer.alloc(0),
    'bomb.png': bomb(60_000),
  };
  for (const [name, bytes] of Object.entries(files)) {
    const file = join(folder, name);
    writeFileSync(file, bytes);
    await expect(readImage(file), name).rejects.toThrow(`${file}: not an image that can be read`);
  }
  await expect(readImage(join(folder, 'nowhere.png'))).rejects.toThrow('nowhere.png: there is no such file');
});

test('resizing to the same size changes nothing', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 12 }), fc.integer({ min: 1, max: 12 }), (width, height) => {
      const image = pattern(width, height);
      expect(resize(image, width, height, 'bicubic')).toBe(image);
    }),
  );
});

test('an image of one colour keeps it at every size', () => {
  fc.assert(
    fc.property(
      fc.tuple(...[1, 2, 3, 4].map(() => fc.integer({ min: 1, max: 40 }))),
      fc.integer({ min: 0, max: 255 }),
      ([w, h, x, y], level) => {
        const image = {
          width: w as number,
          height: h as number,
          pixels: new Uint8Array((w as number) * (h as number) * 3).fill(level),
        };
        for (const filter of ['bicubic', 'bilinear'] as const) {
          expect(resize(image, x as number, y as number, filter).pixels.every((value) => value === level)).toBe(true);
        }
      },
    ),
  );
});

test('padding centres the image and rounds the offset down', () => {
  const image = pattern(2, 5);
  const padded = padToSquare(image, [1, 2, 3]);
  expect([padded.width, padded.height]).toEqual([5, 5]);
  expect([...padded.pixels.subarray(0, 3)]).toEqual([1, 2, 3]);
  expect([...padded.pixels.subarray(3, 9)]).toEqual([...image.pixels.subarray(0, 6)]);
  expect(centerCrop(padded, 3, 5).width).toBe(3);
});

test('an image of the right size is only normalised', () => {
  const how = parsePreprocessor(preprocessorJson('siglip', 8), 'preprocessor_config.json');
  const image = pattern(8, 8);
  const { pixels } = preprocess(image, how);
  expect(pixels[0]).toBeCloseTo(((image.pixels[0] as number) / 255 - 0.5) / 0.5, 6);
  expect(pixels[64]).toBeCloseTo(((image.pixels[1] as number) / 255 - 0.5) / 0.5, 6);
  const batch = new Float32Array(2 * pixels.length);
  preprocessInto(batch, pixels.length, image, how);
  expect(batch.subarray(pixels.length)).toEqual(pixels);
});

test('sizes are understood in old and new files', () => {
  const parse = (json: object) => parsePreprocessor(json, 'preprocessor_config.json');
  const old = parse({ feature_extractor_type: 'CLIPFeatureExtractor', size: 30, crop_size: 28, do_center_crop: true });
  const recent = parse({
    image_processor_type: 'CLIPImageProcessor',
    size: { shortest_edge: 30 },
    crop_size: { height: 28, width: 28 },
  });
  expect(old).toEqual(recent);
  expect(old).toMatchObject({ resize: { shortest: 30 }, crop: { width: 28, height: 28 }, filter: 'bicubic' });
  const wide = preprocess(pattern(61, 29), old);
  expect([wide.width, wide.height]).toEqual([28, 28]);
});

test.each([
  ['{"image_mean": [1e400, 0, 0]}', 'must be three numbers each'],
  ['{"image_std": [1e-300, 1, 1]}', '"image_std" must be above 0'],
  ['{"rescale_factor": 1e400}', '"rescale_factor" must be a number'],
])('numbers that float32 does not have are refused: %s', (text, message) => {
  const json = { image_processor_type: 'CLIPImageProcessor', ...(JSON.parse(text) as object) };
  expect(() => parsePreprocessor(json, 'preprocessor_config.json')).toThrow(message);
});

test("DINOv2's processor is CLIP's, MAE's makes squares bilinearly unless it says otherwise", () => {
  const parse = (json: object) => parsePreprocessor(json, 'preprocessor_config.json');
  const clip = parse({ image_processor_type: 'CLIPImageProcessor' });
  for (const name of ['BitImageProcessor', 'BitImageProcessorFast'])
    expect(parse({ image_processor_type: name })).toEqual(clip);
  const old = parse({ feature_extractor_type: 'ViTFeatureExtractor', size: 30 });
  expect(old).toEqual(parse({ image_processor_type: 'ViTImageProcessor', size: { height: 30, width: 30 } }));
  expect(old).toMatchObject({ filter: 'bilinear', resize: { width: 30, height: 30 } });
  expect(old.crop).toBeUndefined();
  expect(parse({ image_processor_type: 'ViTImageProcessor', resample: 3 }).filter).toBe('bicubic');
});

test('at twice the size the same part of a picture is seen', () => {
  const how = parsePreprocessor(
    { image_processor_type: 'BitImageProcessor', size: { shortest_edge: 32 }, crop_size: 28 },
    'preprocessor_config.json',
  );
  expect(magnified(how, 1)).toBe(how);
  expect(magnified(how, 2)).toMatchObject({ resize: { shortest: 64 }, crop: { width: 56, height: 56 } });
  const { resize: _, crop: _crop, ...unsized } = how;
  expect(() => magnified(unsized, 2)).toThrow('does not resize images');
});

test.each([
  [{ image_processor_type: 'FuyuImageProcessor' }, 'FuyuImageProcessor'],
  [{ image_processor_type: 'CLIPImageProcessor', resample: 1 }, '"resample" is 1'],
  [{ image_processor_type: 'SiglipImageProcessor', size: { height: 0, width: 3 } }, '"size" is'],
  [{ image_processor_type: 'CLIPImageProcessor', size: 20, crop_size: 30 }, '"crop_size" 30 x 30 is larger'],
  [{ image_processor_type: 'CLIPImageProcessor', image_mean: [1] }, 'three numbers'],
])('a preprocessor that cannot be honoured is refused: %j', (json, message) => {
  expect(() => parsePreprocessor(json, 'enc/preprocessor_config.json')).toThrow('enc/preprocessor_config.json');
  expect(() => parsePreprocessor(json, 'enc/preprocessor_config.json')).toThrow(message);
});

test('a file is read pixel for pixel', async () => {
  const image = pattern(6, 6);
  const file = join(folder, 'again.png');
  await sharp(image.pixels, raw(image)).png().toFile(file);
  const read = await readImage(file);
  expect(Buffer.from(read.pixels).equals(Buffer.from(image.pixels))).toBe(true);
});
