import fc from 'fast-check';
import { expect, it } from 'vitest';
import { planGaze } from '../../src/stages/benchmark/gaze-plan.ts';

const batches = fc.array(fc.array(fc.constantFrom(...'abcdefgh'), { maxLength: 4 }), { maxLength: 12 });

it('every image is encoded once where there is room for all', () => {
  fc.assert(
    fc.property(batches, (shown) => {
      const encoded = planGaze(shown, 8).flatMap(({ encode }) => encode);
      expect(encoded.toSorted()).toEqual([...new Set(shown.flat())].sort());
    }),
  );
});

it('a batch encodes what no earlier one left for it, and no more than there is room for is left', () => {
  fc.assert(
    fc.property(batches, fc.nat(5), (shown, capacity) => {
      let left: ReadonlySet<string> = new Set();
      for (const [batch, { encode, keep }] of planGaze(shown, capacity).entries()) {
        const needed = [...new Set(shown[batch])];
        expect(encode).toEqual(needed.filter((name) => !left.has(name)));
        expect(keep.size).toBeLessThanOrEqual(capacity);
        const later = new Set(shown.slice(batch + 1).flat());
        for (const name of keep) {
          expect(left.has(name) || needed.includes(name)).toBe(true);
          expect(later.has(name)).toBe(true); // nothing stays in vain
        }
        left = keep;
      }
    }),
  );
});

it('what is needed soonest stays', () => {
  const plan = planGaze([['a', 'b'], ['c'], ['b'], ['a']], 1);
  expect(plan.map(({ keep }) => [...keep])).toEqual([['b'], ['b'], [], []]);
  expect(plan.map(({ encode }) => encode)).toEqual([['a', 'b'], ['c'], [], ['a']]);
});
