import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'vitest';
import { openWeights } from '../../src/data/checkpoint.ts';
import { exact, printExactAtEnd } from './exact.ts';
import { describeFolders, expected, foldersHolding, goldenRoot, openGolden } from './golden.ts';

printExactAtEnd();

type Described = Readonly<{ shape: number[]; dtype: string; max_abs_value?: number }>;

const isFloat = (dtype: string): boolean => /float|^B?F\d/.test(dtype);

describeFolders('stored tensors', foldersHolding('expected.safetensors'), 'tensors of %s', (name) => {
  test('shapes, kinds and largest values are those that the set states', async () => {
    const golden = await openGolden(name);
    const stated = JSON.parse(readFileSync(join(golden.folder, 'cases.json'), 'utf8')) as {
      tensors?: Record<string, Described>; // a set may state nothing
    };
    for (const [key, { shape, dtype, max_abs_value: largest }] of Object.entries(stated.tensors ?? {})) {
      const { shape: found, values } = expected(golden, key);
      exact(`${name} stored tensors`, key, found, shape);
      exact(`${name} stored tensors`, key, values instanceof Float32Array, isFloat(dtype));
      if (largest === undefined || values.length === 0) continue;
      let most = 0;
      for (const value of values) most = Math.max(most, Math.abs(value));
      // the stated number may be rounded
      exact(
        `${name} largest values`,
        `${key}: ${most} for ${largest}`,
        Math.abs(most - largest) <= 1e-3 * largest,
        true,
      );
    }
  });
});

describeFolders('checkpoints', foldersHolding('config.json'), 'weights of %s', (name) => {
  test('every tensor is read whole, whatever its kind and wherever its shard', async () => {
    const opened = await openWeights(join(goldenRoot, name));
    for (const tensor of opened.tensors.keys()) {
      const { shape, values } = await opened.read(tensor);
      exact(
        `${name} weights`,
        tensor,
        values.length,
        shape.reduce((product, size) => product * size, 1),
      );
      exact(`${name} weights`, tensor, values.every(Number.isFinite), true);
    }
    await opened.close();
  });
});
