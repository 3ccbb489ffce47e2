import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Grid, overlaps, resampleLabels } from '../../src/train/resample-labels.ts';
import type { PatchLabels } from '../../src/train/sample-labels.ts';

const side = fc.integer({ min: 1, max: 9 });
const grids = fc.tuple(fc.tuple(side, side), fc.tuple(side, side));
const TOP = 3;

/** Random labels of a grid: words in order of their scores, some patches with fewer than `TOP`. */
const labelled = grids.chain(([from, to]) =>
  fc
    .array(
      fc.uniqueArray(fc.tuple(fc.integer({ min: 0, max: 7 }), fc.integer({ min: 1, max: 64 })), {
        maxLength: TOP,
        selector: ([word]) => word,
      }),
      { minLength: from[0] * from[1], maxLength: from[0] * from[1] },
    )
    .map((patches) => ({ from, to, labels: labelsOf(patches) })),
);

function labelsOf(patches: readonly (readonly (readonly [number, number])[])[]): PatchLabels {
  const sorted = patches.map((own) => own.toSorted((a, b) => b[1] - a[1] || a[0] - b[0]));
  const all = sorted.flatMap((own) => Array.from({ length: TOP }, (_, j) => own[j] ?? ([-1, 0] as const)));
  return { words: Int32Array.from(all, ([word]) => word), scores: Float32Array.from(all, ([, s]) => s / 64), top: TOP };
}

const wordsAt = ({ words }: PatchLabels, patch: number): number[] =>
  Array.from(words)
    .slice(patch * TOP, (patch + 1) * TOP)
    .filter((word) => word >= 0);

const corners = ([height, width]: Grid): readonly number[] => [0, width - 1, (height - 1) * width, height * width - 1];

test('the patches under a patch cover it once, and all of the other grid is under some patch', () => {
  fc.assert(
    fc.property(grids, ([from, to]) => {
      const under = overlaps(from, to);
      expect(under.length).toBe(to[0] * to[1]);
      for (const patches of under) {
        expect(patches.reduce((sum, { share }) => sum + share, 0)).toBeCloseTo(1, 12);
        expect(patches.every(({ share }) => share > 0)).toBe(true);
      }
      expect(new Set(under.flat().map(({ patch }) => patch)).size).toBe(from[0] * from[1]);
    }),
  );
});

test('corners lie on corners', () => {
  fc.assert(
    fc.property(grids, ([from, to]) => {
      const under = overlaps(from, to);
      corners(to).forEach((patch, i) => {
        expect(under[patch]?.map((overlap) => overlap.patch)).toContain(corners(from)[i]);
      });
    }),
  );
});

test('of the same grid labels stay what they are', () => {
  fc.assert(
    fc.property(labelled, ({ from, labels }) => {
      expect(resampleLabels(labels, overlaps(from, from))).toEqual(labels);
    }),
  );
});

test('on a grid some whole times finer every patch has the labels of the patch it lies in', () => {
  fc.assert(
    fc.property(labelled, fc.integer({ min: 1, max: 3 }), ({ from, labels }, times) => {
      const to: Grid = [times * from[0], times * from[1]];
      const fine = resampleLabels(labels, overlaps(from, to));
      for (let patch = 0; patch < to[0] * to[1]; patch++) {
        const [row, column] = [Math.floor(patch / to[1]), patch % to[1]];
        const coarse = Math.floor(row / times) * from[1] + Math.floor(column / times);
        expect(wordsAt(fine, patch)).toEqual(wordsAt(labels, coarse));
      }
    }),
  );
});

test('words of a patch come from the patches under it, the best first, each with its mean over the area', () => {
  fc.assert(
    fc.property(labelled, ({ from, to, labels }) => {
      const under = overlaps(from, to);
      const found = resampleLabels(labels, under);
      under.forEach((patches, i) => {
        const mean = (word: number): number =>
          patches.reduce((sum, { patch, share }) => {
            const at = wordsAt(labels, patch).indexOf(word);
            return sum + (at < 0 ? 0 : share * (labels.scores[patch * TOP + at] as number));
          }, 0);
        const all = new Set(patches.flatMap(({ patch }) => wordsAt(labels, patch)));
        const words = wordsAt(found, i);
        expect(words.length).toBe(Math.min(TOP, all.size));
        for (const [j, word] of words.entries()) expect(found.scores[i * TOP + j]).toBeCloseTo(mean(word), 6);
        const scores = words.map(mean);
        expect(scores).toEqual(scores.toSorted((a, b) => b - a));
        const left = [...all].filter((word) => !words.includes(word));
        for (const word of left) expect(mean(word)).toBeLessThanOrEqual((scores.at(-1) as number) + 1e-12);
      });
    }),
  );
});

test('four patches under one share their words by area', () => {
  const labels = labelsOf([[[5, 32]], [[5, 16]], [[6, 64]], []]);
  const { words, scores } = resampleLabels(labels, overlaps([2, 2], [1, 1]));
  expect([...Int32Array.from(words)]).toEqual([6, 5, -1]);
  expect([...Float32Array.from(scores)]).toEqual([0.25, 0.1875, 0]);
});
