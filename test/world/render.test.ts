import sharp from 'sharp';
import { describe, expect, test } from 'vitest';
import { stream } from '../../src/data/random.ts';
import { encodePng } from '../../src/world/png.ts';
import { BACKGROUND, render, SIGN } from '../../src/world/render.ts';
import type { Scene } from '../../src/world/scene.ts';
import { shoot } from '../../src/world/shot.ts';
import { truthOf } from '../../src/world/truth.ts';
import { WORDS } from '../../src/world/vocabulary.ts';

const staging = { signProbability: 0.5, degradeProbability: 0.3 };
const scene: Scene = {
  background: 'sand',
  entries: [{ kind: 'cat', color: 'blue', size: 'large', pattern: 'plain', cells: [{ row: 0, column: 0 }] }],
  sign: { word: 'zoo', cell: { row: 3, column: 1 } },
};

describe('a picture', () => {
  test('is the same whenever it is taken, and whatever was taken before', () => {
    const first = shoot(7, 'set', 5, 64, staging);
    for (let i = 0; i < 5; i++) shoot(7, 'set', i, 64, staging);
    expect(shoot(7, 'set', 5, 64, staging)).toEqual(first);
  });

  test('differs with the seed, the set and the index', () => {
    const taken = [
      shoot(7, 'set', 5, 64, staging),
      shoot(8, 'set', 5, 64, staging),
      shoot(7, 'other', 5, 64, staging),
      shoot(7, 'set', 6, 64, staging),
    ];
    const bytes = taken.map(({ picture }) => Buffer.from(picture.pixels).toString('base64'));
    expect(new Set(bytes).size).toBe(4);
  });

  test.each([64, 96, 160])('of side %i comes back from its PNG file as it was drawn', async (side) => {
    const { picture } = shoot(7, 'png', 1, side, staging);
    const decoded = await sharp(encodePng(picture.pixels, side)).raw().toBuffer({ resolveWithObject: true });
    expect(decoded.info).toMatchObject({ width: side, height: side, channels: 3 });
    expect(decoded.data.equals(Buffer.from(picture.pixels))).toBe(true);
  });

  test('shows the thing in its cell, in its colour', () => {
    const { pixels, objects } = render(scene, stream(1), 64);
    expect(objects.filter((object) => object === 0).length).toBeGreaterThan(80);
    const center = 12 * 64 + 4; // the cat's cheek, beside its eyes
    expect(objects[center]).toBe(0);
    const [red = 0, green = 0, blue = 0] = pixels.subarray(center * 3, center * 3 + 3);
    expect(blue).toBeGreaterThan(red + 80);
    expect(blue).toBeGreaterThan(green + 60);
  });

  test('shows each letter of the sign on a patch of its own', () => {
    const { objects } = render(scene, stream(1), 64);
    const patches = new Set<number>();
    objects.forEach((object, i) => {
      if (object === SIGN) patches.add(Math.floor(i / 512) * 8 + Math.floor((i % 64) / 8));
    });
    expect(patches.size).toBe(3);
    expect(objects.filter((object) => object === SIGN)).toHaveLength(3 * 64);
  });

  test('is dark when the photo is black', () => {
    const mean = (degradation?: 'black') => {
      const { pixels } = render({ ...scene, ...(degradation && { degradation }) }, stream(1), 64);
      return pixels.reduce((sum, value) => sum + value, 0) / pixels.length;
    };
    expect(mean()).toBeGreaterThan(120);
    expect(mean('black')).toBeLessThan(15);
  });
});

const known = new Set(WORDS);

describe('the truth of a picture', () => {
  const truth = truthOf('a.png', scene, render(scene, stream(1), 64), 8);

  test('names what each patch shows, with synonyms', () => {
    expect(truth.patches).toHaveLength(64);
    expect(truth.patches[0 * 8 + 1]).toEqual(expect.arrayContaining(['cat', 'kitten', 'blue', 'animal', 'large']));
    expect(truth.patches[3 * 8 + 6]).toEqual(['sand', 'beach', 'desert', 'dune', 'shore']);
    expect(truth.patches.filter((words) => words.includes('zoo'))).toHaveLength(3);
  });

  test('uses words of the word list only', () => {
    for (let i = 0; i < 50; i++) {
      const shot = shoot(7, 'truth', i, 64, staging);
      for (const words of truthOf('a.png', shot.scene, shot.picture, 8).patches) {
        expect(words.length).toBeGreaterThan(0);
        expect(words.filter((word) => !known.has(word))).toEqual([]);
      }
    }
  });

  test('covers patches of other sizes', () => {
    const picture = render(scene, stream(1), 64);
    expect(truthOf('a.png', scene, picture, 16).patches).toHaveLength(16);
    expect(picture.objects).toContain(BACKGROUND);
  });
});
