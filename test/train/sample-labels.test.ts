import fc from 'fast-check';
import { expect, test } from 'vitest';
import { stream } from '../../src/data/random.ts';
import {
  type LabelChoice,
  type PatchLabels,
  padPicks,
  picks,
  type SampleSettings,
  sampleLabels,
  type WindowDraws,
  windowsOf,
} from '../../src/train/sample-labels.ts';

const settings = (changes: Partial<SampleSettings> = {}): SampleSettings => ({
  grid: [4, 4],
  window: 2,
  edge: 'keep',
  choice: 'weighted',
  dedupe: true,
  ...changes,
});

/** Labels of one image from a list of [word, score] pairs for each patch. */
function labels(patches: readonly (readonly [number, number][])[], top: number): PatchLabels {
  const words = patches.flatMap((own) => Array.from({ length: top }, (_, j) => own[j]?.[0] ?? -1));
  const scores = patches.flatMap((own) => Array.from({ length: top }, (_, j) => own[j]?.[1] ?? 0));
  return { words, scores, top };
}

function draws(seed: number, windows: number): WindowDraws {
  const random = stream(seed, 'draws');
  const row = (): number[] => Array.from({ length: windows }, () => random.next());
  return { patch: row(), label: row(), priority: row() };
}

const arbitrarySettings = fc
  .record({
    rows: fc.integer({ min: 1, max: 7 }),
    columns: fc.integer({ min: 1, max: 7 }),
    window: fc.integer({ min: 1, max: 4 }),
    edge: fc.constantFrom('keep' as const, 'drop' as const),
    dedupe: fc.boolean(),
    choice: fc.constantFrom<LabelChoice>('weighted', 'top1', 'uniform'),
  })
  .map(({ rows, columns, ...rest }) => ({ grid: [rows, columns] as const, ...rest }));

test('windows cover every patch once when edges are kept, and only whole windows when they are dropped', () => {
  fc.assert(
    fc.property(arbitrarySettings, (own) => {
      const [rows, columns] = own.grid;
      const flat = windowsOf(own).flat();
      expect(new Set(flat).size).toBe(flat.length);
      if (own.edge === 'keep') expect(flat.length).toBe(rows * columns);
      else expect(windowsOf(own).every((patches) => patches.length === own.window ** 2)).toBe(true);
    }),
  );
});

test('every pick lies in its window, has a word of its patch with a share, and words are unique when deduplicated', () => {
  fc.assert(
    fc.property(
      arbitrarySettings,
      fc.integer({ min: 0, max: 1e6 }),
      fc.integer({ min: 1, max: 3 }),
      (own, seed, images) => {
        const random = stream(seed, 'labels');
        const windows = windowsOf(own);
        const patches = own.grid[0] * own.grid[1];
        const all = Array.from({ length: images }, () =>
          labels(
            Array.from({ length: patches }, () => randomWords(random)),
            3,
          ),
        );
        const kept = sampleLabels(
          all,
          all.map((_, i) => draws(seed + i, windows.length)),
          own,
        );
        for (const pick of kept) {
          expect(windows[pick.window]).toContain(pick.patch);
          const own3 = Array.from({ length: 3 }, (_, j) => pick.patch * 3 + j);
          const found = own3.find((j) => all[pick.image]?.words[j] === pick.word);
          expect(found).toBeDefined();
          if (own.choice !== 'uniform') expect(all[pick.image]?.scores[found as number]).toBeGreaterThan(0);
        }
        if (own.dedupe) expect(new Set(kept.map(({ word }) => word)).size).toBe(kept.length);
        const order = kept.map(({ image, window }) => image * windows.length + window);
        expect(order).toEqual([...order].sort((a, b) => a - b));
      },
    ),
    { numRuns: 60 },
  );
});

function randomWords(random: ReturnType<typeof stream>): [number, number][] {
  const scores = Array.from({ length: random.int(4) }, () => random.next()).sort((a, b) => b - a);
  const words = random.sample([0, 1, 2, 3, 4, 5], scores.length);
  return scores.map((score, j) => [words[j] as number, Math.fround(score)]);
}

test('words are drawn in proportion to their scores', () => {
  const one = labels([[[7, 0.6], [8, 0.3], [9, 0.1]]], 3); // biome-ignore format: a patch
  const counts = new Map<number, number>();
  const random = stream(5, 'proportion');
  const total = 4000;
  for (let i = 0; i < total; i++) {
    const draw = { patch: [0], label: [random.next()], priority: [0] };
    const [pick] = sampleLabels([one], [draw], settings({ grid: [1, 1] }));
    counts.set(pick?.word as number, (counts.get(pick?.word as number) ?? 0) + 1);
  }
  for (const [word, share] of [
    [7, 0.6],
    [8, 0.3],
    [9, 0.1],
  ] as const) {
    // biome-ignore format: pairs
    expect((counts.get(word) ?? 0) / total).toBeCloseTo(share, 1);
  }
});

test('of equal words in a batch the lowest priority stays, the earlier window on a tie', () => {
  const same = labels(
    Array.from({ length: 4 }, () => [[3, 0.5]] as [number, number][]),
    1,
  );
  const own = settings({ grid: [2, 2], window: 1 });
  const at = (priority: number[]): number | undefined =>
    sampleLabels([same], [{ patch: [0, 0, 0, 0], label: [0, 0, 0, 0], priority }], own)[0]?.window;
  expect(at([0.4, 0.2, 0.3, 0.9])).toBe(1);
  expect(at([0.4, 0.2, 0.2, 0.9])).toBe(1);
  expect(
    sampleLabels([same], [{ patch: [0, 0, 0, 0], label: [0, 0, 0, 0], priority: [0, 0, 0, 0] }], {
      ...own,
      dedupe: false,
    }),
  ).toHaveLength(4);
});

test('a window without any label is skipped and picks nothing', () => {
  const empty = labels(
    Array.from({ length: 16 }, (_, patch) => (patch === 5 ? [[2, 0.1] as [number, number]] : [])),
    2,
  );
  const { all, kept } = picks([empty], [draws(1, 4)], settings());
  expect(all[0]?.map((pick) => pick?.patch)).toEqual([5, undefined, undefined, undefined]);
  expect(kept).toEqual([{ image: 0, window: 0, patch: 5, word: 2 }]);
});

test('picks are padded to a fixed size, and more than fit are refused', () => {
  const found = [{ image: 1, window: 0, patch: 3, word: 9 }];
  const { rows, words, kept } = padPicks(found, 3, 16);
  expect([[...rows], [...words], [...kept]]).toEqual([[19, 0, 0], [9, 0, 0], [1, 0, 0]]); // biome-ignore format: rows
  expect(() => padPicks([...found, ...found], 1, 16)).toThrow('2 picks do not fit in 1 rows');
});
