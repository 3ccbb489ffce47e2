// Pictures of every kind of pixel, and what Pillow made of them: test/data/pillow/make.py wrote both.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { transparentColour } from '../../src/data/gif.ts';
import { readImage } from '../../src/data/image.ts';

const folder = join(import.meta.dirname, 'pillow');

type Expected = Readonly<{ mode: string; width: number; height: number; pixels: string }>;
const { pictures } = JSON.parse(readFileSync(join(folder, 'expected.json'), 'utf8')) as {
  pictures: Readonly<Record<string, Expected>>;
};

describe("has the pixels of Pillow's convert('RGB')", () => {
  test.each(Object.entries(pictures))('%s', async (name, { width, height, pixels }) => {
    const image = await readImage(join(folder, name));
    expect([image.width, image.height]).toEqual([width, height]);
    expect([...image.pixels]).toEqual([...Buffer.from(pixels, 'base64')]);
  });
});

test('a GIF that is cut anywhere gives a colour of its palette or none, and ends', () => {
  const whole = readFileSync(join(folder, 'palette-hidden.gif'));
  const colour = transparentColour(whole);
  expect(colour).toHaveLength(3);
  expect(transparentColour(readFileSync(join(folder, 'palette.gif')))).toBeUndefined();
  for (let length = 0; length < whole.length; length++)
    expect(transparentColour(whole.subarray(0, length))).toSatisfy(
      (found) => found === undefined || String(found) === String(colour),
    );
});
