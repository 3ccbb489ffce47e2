import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { incompleteBeta, lnGamma } from '../../src/report/gamma.ts';
import { exactMcNemar, studentQuantile, studentTwoSided } from '../../src/report/significance.ts';
import { meanInterval, pairedDifference, type SeedValue, summarise } from '../../src/report/statistics.ts';

const numbers = fc.double({ min: -1000, max: 1000, noNaN: true });

describe("Student's t", () => {
  // https://www.itl.nist.gov/div898/handbook/eda/section3/eda3672.htm, 0.975 column
  test.each([
    [1, 12.706],
    [2, 4.303],
    [3, 3.182],
    [4, 2.776],
    [9, 2.262],
    [29, 2.045],
    [100, 1.984],
    [100_000, 1.96],
  ])('with %i degrees of freedom is beyond ±%d in 5 of 100 cases', (freedom, t) => {
    expect(studentQuantile(0.95, freedom)).toBeCloseTo(t, 3);
  });

  test('with one and two degrees of freedom is what its closed forms say', () => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: 200, noNaN: true }), (t) => {
        expect(studentTwoSided(t, 1)).toBeCloseTo(1 - (2 / Math.PI) * Math.atan(t), 10);
        expect(studentTwoSided(t, 2)).toBeCloseTo(1 - t / Math.sqrt(2 + t * t), 10);
      }),
    );
  });

  test('has a quantile that undoes its tail', () => {
    fc.assert(
      fc.property(fc.double({ min: 0.01, max: 0.999, noNaN: true }), fc.integer({ min: 1, max: 400 }), (p, freedom) => {
        expect(studentTwoSided(studentQuantile(p, freedom), freedom)).toBeCloseTo(1 - p, 9);
      }),
    );
  });
});

test('the gamma and beta functions are what factorials and powers say', () => {
  let factorial = 0;
  for (let n = 1; n <= 40; n++) {
    expect(lnGamma(n)).toBeCloseTo(factorial, 9);
    factorial += Math.log(n);
  }
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 1000 }).map((n) => n / 1000),
      fc.double({ min: 0.2, max: 50, noNaN: true }),
      fc.double({ min: 0.2, max: 50, noNaN: true }),
      (x, a, b) => {
        expect(incompleteBeta(x, a, 1)).toBeCloseTo(x ** a, 9);
        expect(incompleteBeta(x, a, b) + incompleteBeta(1 - x, b, a)).toBeCloseTo(1, 9);
      },
    ),
  );
});

describe("McNemar's exact test", () => {
  test('counts the binomial outcomes that are no more even', () => {
    // 2 * (C(10,0) + C(10,1)) / 2^10
    expect(exactMcNemar(9, 1)).toBeCloseTo(22 / 1024, 12);
    expect(exactMcNemar(0, 0)).toBe(1);
    expect(exactMcNemar(5, 5)).toBe(1);
  });

  test('is the same from both sides, a probability, and smaller the more one side wins', () => {
    const count = fc.integer({ min: 0, max: 300 });
    fc.assert(
      fc.property(count, count, (wins, losses) => {
        const p = exactMcNemar(wins, losses);
        expect(p).toBe(exactMcNemar(losses, wins));
        expect(p).toBeGreaterThan(0);
        expect(p).toBeLessThanOrEqual(1);
        if (wins >= losses) expect(exactMcNemar(wins + 1, losses)).toBeLessThanOrEqual(p + 1e-12);
      }),
    );
  });
});

describe('a paired interval', () => {
  const seeds = (values: readonly number[], row: string): readonly SeedValue[] =>
    values.map((value, seed) => ({ seed, value, source: `${row} ${seed}` }));

  test('is the textbook one', () => {
    const difference = pairedDifference(seeds([12, 14, 13], 'a'), seeds([10, 11, 12], 'b'));
    // differences 2, 3, 1: mean 2, sd 1, t 4.303 / sqrt(3)
    expect(difference?.interval?.low).toBeCloseTo(2 - 4.3027 / Math.sqrt(3), 3);
    expect(difference?.interval?.high).toBeCloseTo(2 + 4.3027 / Math.sqrt(3), 3);
    expect(difference?.interval?.excludesZero).toBe(false);
  });

  test('is not given for one difference or for equal ones', () => {
    expect(pairedDifference(seeds([1], 'a'), seeds([0], 'b'))).not.toHaveProperty('interval');
    expect(pairedDifference(seeds([1.1, 2.1, 0.3], 'a'), seeds([1, 2, 0.2], 'b'))).not.toHaveProperty('interval');
  });

  test('excludes zero exactly where the t test rejects at 5 %, and turns over with the sides', () => {
    fc.assert(
      fc.property(fc.array(numbers, { minLength: 2, maxLength: 12 }), (values) => {
        const summary = summarise(values);
        if (summary?.sd === undefined) throw new Error('no spread');
        const interval = meanInterval(summary);
        fc.pre(interval !== undefined);
        const t = summary.mean / (summary.sd / Math.sqrt(summary.n));
        const p = studentTwoSided(t, summary.n - 1);
        fc.pre(Math.abs(p - 0.05) > 1e-9);
        expect(interval?.excludesZero).toBe(p < 0.05);
        const turned = meanInterval({ ...summary, mean: -summary.mean });
        expect(turned?.low).toBeCloseTo(-(interval?.high ?? Number.NaN), 6);
      }),
    );
  });
});
