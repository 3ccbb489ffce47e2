import fc from 'fast-check';
import { expect, test } from 'vitest';
import { epochOrder } from '../../src/data/order.ts';

const sizes = fc.record({
  seed: fc.nat(1000),
  batchSize: fc.integer({ min: 1, max: 9 }),
  count: fc.integer({ min: 1, max: 12 }),
});

test('every epoch has every item once, and batches run on from one epoch into the next', () => {
  fc.assert(
    fc.property(sizes, ({ seed, batchSize, count }) => {
      const items = Array.from({ length: 3 * count }, (_, step) => epochOrder(seed, step, batchSize, count)).flat();
      const sorted = Array.from({ length: count }, (_, i) => i);
      for (let epoch = 0; epoch < 3 * batchSize; epoch++) {
        const own = items.slice(epoch * count, (epoch + 1) * count);
        expect(own.toSorted((a, b) => a - b)).toEqual(sorted);
      }
    }),
    { numRuns: 50 },
  );
});

test('the items of a step depend on nothing but seed, step and sizes', () => {
  fc.assert(
    fc.property(sizes, fc.array(fc.nat(40), { maxLength: 12 }), ({ seed, batchSize, count }, visited) => {
      const fresh = epochOrder(seed, 7, batchSize, count);
      for (const step of visited) epochOrder(seed + step, step, batchSize, count);
      expect(epochOrder(seed, 7, batchSize, count)).toEqual(fresh);
    }),
    { numRuns: 50 },
  );
});

test('epochs and seeds have orders of their own', () => {
  const order = (seed: number, epoch: number): string => epochOrder(seed, epoch, 50, 50).join();
  expect(new Set([order(0, 0), order(0, 1), order(0, 2), order(1, 0)]).size).toBe(4);
});

test('without items there is nothing to train on', () => {
  expect(() => epochOrder(0, 0, 1, 0)).toThrow('there is nothing to train on');
});
