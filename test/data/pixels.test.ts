import { beforeAll, expect, test } from 'vitest';
import { pixelTensor } from '../../src/data/pixels.ts';
import { parsePreprocessor, preprocess, preprocessorJson } from '../../src/data/preprocess.ts';
import { stream } from '../../src/data/random.ts';
import type { Rgb } from '../../src/data/resize.ts';
import { openEngine } from '../../src/engine/open.ts';

beforeAll(async () => void (await openEngine()));

const picture = (name: string, width: number, height: number): Rgb => {
  const random = stream(2, name);
  return { width, height, pixels: Uint8Array.from({ length: width * height * 3 }, () => random.int(256)) };
};
const pictures = [picture('wide', 30, 12), picture('tall', 9, 20), picture('square', 16, 16)];

test.each(['clip', 'siglip'] as const)(
  'a batch for %s holds each image as it is alone, padded to a square or not',
  (family) => {
    const how = parsePreprocessor(preprocessorJson(family, 16), '');
    for (const pad of [true, false]) {
      const batch = pixelTensor(pictures, how, 16, { pad });
      expect(batch.shape).toEqual([3, 3, 16, 16]);
      const alone = pictures.flatMap((one) => [...preprocess(one, how, pad).pixels]);
      expect([...batch.dataSync()]).toEqual(alone);
      batch.dispose();
    }
    const padded = pixelTensor(pictures, how, 16);
    expect([...padded.dataSync()]).toEqual(pictures.flatMap((one) => [...preprocess(one, how, true).pixels]));
  },
);

test('an image that would not have the size of the tower is refused', () => {
  const larger = parsePreprocessor(preprocessorJson('clip', 24), '');
  expect(() => pixelTensor(pictures, larger, 16)).toThrow(
    'makes an image of 24 x 24 pixels; the encoder reads 16 x 16',
  );
  const uncropped = parsePreprocessor({ ...preprocessorJson('clip', 16), do_center_crop: false }, '');
  expect(pixelTensor(pictures, uncropped, 16).shape).toEqual([3, 3, 16, 16]);
  expect(() => pixelTensor(pictures, uncropped, 16, { pad: false })).toThrow('makes an image of 40 x 16 pixels');
});
