import fc from 'fast-check';
import { expect, test } from 'vitest';
import { rateAt, type Schedule, warmupSteps } from '../../src/train/schedule.ts';

const schedule = (changes: Partial<Schedule> = {}): Schedule => ({
  kind: 'cosine',
  totalSteps: 100,
  warmup: { ratio: 0.03 },
  ...changes,
});

test('warm-up is the share of the steps rounded up, and begins at 0', () => {
  expect(warmupSteps(schedule())).toBe(3);
  expect(warmupSteps(schedule({ totalSteps: 101 }))).toBe(4);
  expect([0, 1, 2, 3].map((step) => rateAt(schedule(), step))).toEqual([0, 1 / 3, 2 / 3, 1]);
});

test('the cosine falls to its floor and never leaves the range between floor and 1 after warm-up', () => {
  const arbitrary = fc.record({
    totalSteps: fc.integer({ min: 1, max: 500 }),
    floor: fc.double({ min: 0, max: 1, noNaN: true }),
    steps: fc.integer({ min: 0, max: 20 }),
  });
  fc.assert(
    fc.property(arbitrary, ({ totalSteps, floor, steps }) => {
      const own = schedule({ totalSteps, floor, warmup: { steps } });
      const rates = Array.from({ length: totalSteps }, (_, step) => rateAt(own, step)).slice(steps);
      rates.forEach((rate, i) => {
        if (rate > (rates[i - 1] ?? 1) + 1e-12 || rate < floor - 1e-12) expect.unreachable(`rate ${rate} at ${i}`);
      });
    }),
  );
});

test('a constant schedule stays at the base rate after warm-up', () => {
  expect([0, 1, 50, 99].map((step) => rateAt(schedule({ kind: 'constant', warmup: { steps: 2 } }), step))).toEqual([
    0, 0.5, 1, 1,
  ]);
});
