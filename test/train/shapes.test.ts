import fc from 'fast-check';
import { expect, test } from 'vitest';
import { chooseShapes, shapeFor } from '../../src/train/shapes.ts';

const sizes = fc.array(
  fc.record({
    length: fc.integer({ min: 1, max: 400 }),
    targets: fc.integer({ min: 0, max: 300 }),
    most: fc.integer({ min: 0, max: 50 }),
  }),
  { minLength: 1, maxLength: 60 },
);

test('every batch finds a shape that holds it, and there are never more shapes than allowed', () => {
  fc.assert(
    fc.property(sizes, fc.integer({ min: 1, max: 5 }), (batches, most) => {
      const shapes = chooseShapes(batches, most);
      expect(shapes.length).toBeLessThanOrEqual(most);
      for (const batch of batches) {
        const { length, targets, most: ofOne } = shapeFor(shapes, batch);
        expect(ofOne).toBeGreaterThanOrEqual(batch.most);
        expect(length).toBeGreaterThanOrEqual(batch.length);
        expect(targets).toBeGreaterThanOrEqual(batch.targets);
      }
    }),
  );
});

test('a shape of its own is made for short batches only where they are many', () => {
  const of = (short: number) => [
    ...Array.from({ length: short }, () => ({ length: 60, targets: 10, most: 3 })),
    ...Array.from({ length: 50 }, () => ({ length: 120, targets: 20, most: 9 })),
  ];
  expect(chooseShapes(of(4))).toEqual([{ length: 120, targets: 24, most: 16 }]);
  expect(chooseShapes(of(50))).toEqual([
    { length: 64, targets: 16, most: 8 },
    { length: 120, targets: 24, most: 16 },
  ]);
});

test('a batch that no shape holds is an error with both sizes', () => {
  expect(() => shapeFor([{ length: 8, targets: 8, most: 8 }], { length: 9, targets: 1, most: 1 })).toThrow(
    /9 tokens and 1 targets \(1 of one\): 8 tokens and 8 targets/,
  );
});
