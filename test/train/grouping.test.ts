import fc from 'fast-check';
import { expect, test } from 'vitest';
import { epochOrder } from '../../src/data/order.ts';
import { type Grouping, groupBatches } from '../../src/train/grouping.ts';

type Settings = Readonly<{ seed: number; size: number; count: number; steps: number }>;
const settings: fc.Arbitrary<Settings> = fc.record({
  seed: fc.nat(1000),
  size: fc.integer({ min: 1, max: 8 }),
  count: fc.integer({ min: 1, max: 70 }),
  steps: fc.integer({ min: 1, max: 60 }),
});

/** Every third item is without an image. */
const hasImage = (item: number): boolean => item % 3 !== 0;

function grouped(grouping: Grouping, { seed, size, count, steps }: Settings) {
  const drawn = Array.from({ length: steps }, (_, step) => epochOrder(seed, step, size, count));
  const perEpoch = Math.ceil(count / size);
  return { drawn, perEpoch, batches: groupBatches(drawn, grouping, { seed, perEpoch, hasImage }) };
}

const ascending = (items: readonly (readonly number[])[]) => items.flat().toSorted((a, b) => a - b);

test('without grouping the batches stay as they were drawn', () => {
  fc.assert(
    fc.property(settings, (given) => {
      const { drawn, batches } = grouped('none', given);
      expect(batches).toEqual(drawn);
    }),
  );
});

test('by modality every step has a whole batch, of the examples that its epoch drew', () => {
  fc.assert(
    fc.property(settings, (given) => {
      const { drawn, batches, perEpoch } = grouped('modality', given);
      expect(batches.map(({ length }) => length)).toEqual(drawn.map(({ length }) => length));
      for (let at = 0; at < drawn.length; at += perEpoch)
        expect(ascending(batches.slice(at, at + perEpoch))).toEqual(ascending(drawn.slice(at, at + perEpoch)));
    }),
  );
});

test('by modality only the last batch of an epoch holds examples with an image and examples without', () => {
  fc.assert(
    fc.property(settings, (given) => {
      const { batches, perEpoch } = grouped('modality', given);
      const mixed = batches.flatMap((batch, step) => (batch.some(hasImage) && !batch.every(hasImage) ? [step] : []));
      for (const step of mixed) expect(step % perEpoch === perEpoch - 1 || step === batches.length - 1).toBe(true);
    }),
  );
});

test('batches with images and batches without stand in random order, that of the seed', () => {
  const kinds = (seed: number): string =>
    grouped('modality', { seed, size: 4, count: 96, steps: 24 })
      .batches.map((batch) => (batch.every(hasImage) ? 'i' : 't'))
      .join('');
  expect(kinds(1)).toMatch(/^[it]{24}$/);
  expect(kinds(1)).not.toMatch(/^i+t+$/);
  expect(kinds(1)).toBe(kinds(1));
  expect(kinds(1)).not.toBe(kinds(2));
});
