import { join } from 'node:path';
import { expect, test } from 'vitest';
import { readImage } from '../../src/data/image.ts';
import { preprocess, readPreprocessor } from '../../src/data/preprocess.ts';
import type { Rgb } from '../../src/data/resize.ts';
import { exact, printExactAtEnd } from './exact.ts';
import { describeFolders, expected, foldersWith, type Golden, openGolden } from './golden.ts';

printExactAtEnd();

/** The stored pixels of a picture, if the set has the folder with its `decode` case. */
async function stored(image: string, variant: string): Promise<Rgb | undefined> {
  for (const name of foldersWith('decode')) {
    const golden = await openGolden(name);
    const found = golden.cases.find((item) => item.kind === 'decode' && item['file'] === image);
    const key = (found?.['variants'] as Record<string, string> | undefined)?.[variant];
    if (key === undefined) continue;
    const { shape, values } = expected(golden, key);
    return { height: shape[0] as number, width: shape[1] as number, pixels: Uint8Array.from(values) };
  }
  return undefined;
}

describeFolders('pictures', foldersWith('decode'), 'decoding %s', (name) => {
  test('pixels are those of the reference, within a few levels for JPEG', async () => {
    const golden = await openGolden(name);
    for (const item of golden.cases.filter(({ kind }) => kind === 'decode')) {
      const image = await readImage(join(golden.folder, item['file'] as string));
      const { shape, values } = expected(golden, (item['variants'] as Record<string, string>)['rgb'] as string);
      expect([image.height, image.width, 3], item.name).toEqual([...shape]);
      if (item['lossy'] === true) {
        const worst = image.pixels.reduce(
          (most, value, i) => Math.max(most, Math.abs(value - (values[i] as number))),
          0,
        );
        exact(`${name} decoded JPEG within 4 levels`, item.name, worst <= 4, true);
      } else {
        exact(
          `${name} decoded pixels`,
          item.name,
          Buffer.from(image.pixels).equals(Buffer.from(Uint8Array.from(values))),
          true,
        );
      }
    }
  });
});

async function difference(golden: Golden, item: Golden['cases'][number], image: Rgb): Promise<number> {
  const how = await readPreprocessor(golden.folder);
  const { pixels, width, height } = preprocess(image, how, item['mode'] === 'pad');
  const reference = expected(golden, item['tensor'] as string);
  expect([3, height, width], item.name).toEqual([...reference.shape]);
  return pixels.reduce((most, value, i) => Math.max(most, Math.abs(value - (reference.values[i] as number))), 0);
}

describeFolders('preprocessing', foldersWith('preprocess'), 'preprocessing of %s', (name) => {
  test('resized, padded, cut and normalised pixels are those of the reference', async () => {
    const golden = await openGolden(name);
    for (const item of golden.cases.filter(({ kind }) => kind === 'preprocess')) {
      const image = await stored(item['image'] as string, item['variant'] as string);
      if (image === undefined) continue;
      const worst = await difference(golden, item, image);
      exact(`${name} pixel values (${String(item['mode'])})`, `${item.name}: largest difference`, worst, 0);
    }
  });
});
