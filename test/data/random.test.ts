import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Random, stream } from '../../src/data/random.ts';

const draw = (random: Random, n: number): number[] => Array.from({ length: n }, () => random.next());

test('a stream gives the numbers of an independent xoshiro128** over the SHA-256 of its name', () => {
  // computed in Python from hashlib and the published generator
  expect(draw(stream(7, 'pretrain', 'patch', 3), 4)).toEqual([
    0.3161456737499171, 0.22103978124267776, 0.7412614824058164, 0.8300838576878192,
  ]);
  expect(draw(stream(0), 4)).toEqual([0.8718688658214769, 0.8109901669120202, 0.7323150804983026, 0.17585664330597928]);
});

test('derived draws never change silently', () => {
  const random = stream(1, 'reference');
  const drawn = {
    ints: Array.from({ length: 5 }, () => random.int(1000)),
    normals: Array.from({ length: 3 }, () => random.normal()),
    shuffled: random.shuffle(['a', 'b', 'c', 'd', 'e', 'f']),
    picked: random.pick(['x', 'y', 'z']),
    sampled: random.sample([10, 20, 30, 40, 50], 3),
    weighted: random.weighted(['rare', 'common'], [1, 9]),
    between: random.between(-1, 1),
    chance: random.chance(0.5),
  };
  expect(drawn).toMatchInlineSnapshot(`
    {
      "between": 0.8394378889448153,
      "chance": true,
      "ints": [
        819,
        466,
        945,
        888,
        58,
      ],
      "normals": [
        0.6155870544808489,
        1.3387988708084044,
        0.027833587009495776,
      ],
      "picked": "z",
      "sampled": [
        40,
        30,
        10,
      ],
      "shuffled": [
        "c",
        "b",
        "f",
        "e",
        "a",
        "d",
      ],
      "weighted": "common",
    }
  `);
});

test('a stream does not notice what other streams draw', () => {
  const alone = draw(stream(3, 'a'), 20);
  const other = stream(3, 'b');
  const mixed = stream(3, 'a');
  const interleaved = Array.from({ length: 20 }, () => {
    other.normal();
    return mixed.next();
  });
  expect(interleaved).toEqual(alone);
});

test('names that look alike are different streams', () => {
  const names: [number, ...(string | number)[]][] = [
    [1],
    [1, 'a'],
    [1, 'a', 'b'],
    [1, 'ab'],
    [1, 'a,b'],
    [1, 'a', ''],
    [1, 1],
    [1, '1'],
    [2, 'a'],
    [-1, 'a'],
  ];
  expect(new Set(names.map((name) => stream(...name).next())).size).toBe(names.length);
});

test('uniform numbers fill the interval evenly', () => {
  const bins = new Array<number>(20).fill(0);
  const random = stream(5, 'bins');
  let outside = 0;
  for (let i = 0; i < 200_000; i++) {
    const value = random.next();
    if (!(value >= 0 && value < 1)) outside++;
    const bin = Math.floor(value * 20);
    bins[bin] = (bins[bin] as number) + 1;
  }
  expect(outside).toBe(0);
  const chiSquared = bins.reduce((sum, count) => sum + (count - 10_000) ** 2 / 10_000, 0);
  expect(chiSquared).toBeLessThan(45); // 19 degrees of freedom: p < 0.001 above 43.8
});

test('the first numbers of neighbouring streams are independent', () => {
  const firsts = Array.from({ length: 20_000 }, (_, step) => stream(1, 'step', step).next() - 0.5);
  let correlation = 0;
  for (let i = 1; i < firsts.length; i++) correlation += 12 * (firsts[i] as number) * (firsts[i - 1] as number);
  expect(Math.abs(correlation / firsts.length)).toBeLessThan(4 / Math.sqrt(firsts.length));
});

test('normal numbers have mean 0, variance 1 and the right tails', () => {
  const random = stream(9, 'normal');
  const n = 100_000;
  let [sum, squares, fourth, beyond] = [0, 0, 0, 0];
  for (let i = 0; i < n; i++) {
    const x = random.normal();
    sum += x;
    squares += x * x;
    fourth += x ** 4;
    if (Math.abs(x) > 1.959964) beyond++;
  }
  expect(Math.abs(sum / n)).toBeLessThan(0.015);
  expect(Math.abs(squares / n - 1)).toBeLessThan(0.02);
  expect(Math.abs(fourth / n - 3)).toBeLessThan(0.15);
  expect(Math.abs(beyond / n - 0.05)).toBeLessThan(0.004);
});

test('weighted draws come in proportion, and weight 0 never comes', () => {
  const random = stream(2, 'weights');
  const counts: Record<string, number> = {};
  for (let i = 0; i < 60_000; i++) {
    const item = random.weighted(['none', 'one', 'three', 'zero'], [0, 1, 3, 0]);
    counts[item] = (counts[item] ?? 0) + 1;
  }
  expect(Object.keys(counts).sort()).toEqual(['one', 'three']);
  expect(Math.abs((counts['three'] as number) / 60_000 - 0.75)).toBeLessThan(0.01);
});

test('int(n) stays in range and reaches everything, also where 2^32 is no multiple of n', () => {
  fc.assert(
    fc.property(fc.integer(), fc.integer({ min: 1, max: 2 ** 32 }), (seed, n) => {
      const value = stream(seed, 'int').int(n);
      return Number.isInteger(value) && value >= 0 && value < n;
    }),
  );
  const random = stream(4, 'dice');
  const seen = new Set(Array.from({ length: 500 }, () => random.int(6)));
  expect([...seen].sort()).toEqual([0, 1, 2, 3, 4, 5]);
});

test('int(n) has no modulo bias', () => {
  // with n = 3 * 2^30 a plain remainder would fall into the first third half of the time
  const n = 3 * 2 ** 30;
  const random = stream(6, 'bias');
  let low = 0;
  for (let i = 0; i < 30_000; i++) if (random.int(n) < n / 3) low++;
  expect(Math.abs(low / 30_000 - 1 / 3)).toBeLessThan(0.02);
});

test('a shuffle keeps every item, leaves its input alone and puts each item everywhere', () => {
  fc.assert(
    fc.property(fc.array(fc.integer()), fc.integer(), (items, seed) => {
      const before = [...items];
      const shuffled = stream(seed, 'shuffle').shuffle(items);
      expect(items).toEqual(before);
      expect(shuffled.toSorted((a, b) => a - b)).toEqual(before.toSorted((a, b) => a - b));
    }),
  );
  const where = new Array<number>(4).fill(0);
  for (let seed = 0; seed < 4000; seed++) {
    const at = stream(seed, 'place').shuffle([0, 1, 2, 3]).indexOf(0);
    where[at] = (where[at] as number) + 1;
  }
  for (const count of where) expect(Math.abs(count - 1000)).toBeLessThan(120);
});

test('impossible draws are refused', () => {
  const random = stream(1, 'errors');
  expect(() => random.pick([])).toThrow('empty list');
  expect(() => random.int(0)).toThrow('1 <= n');
  expect(() => random.sample([1, 2], 3)).toThrow('3 different items from 2');
  expect(() => random.weighted(['a'], [0])).toThrow('sum to 0');
  expect(() => random.weighted(['a', 'b'], [1])).toThrow('2 items but 1 weights');
  expect(() => random.weighted(['a'], [Number.NaN])).toThrow('>= 0');
  expect(() => stream(0.5, 'x')).toThrow('integer');
});
