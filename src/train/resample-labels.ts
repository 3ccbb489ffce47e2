import type { PatchLabels } from './sample-labels.ts';

/** Patches down and across. */
export type Grid = readonly [height: number, width: number];

/** A patch of one grid under a patch of another, and the share of the latter's area that it covers. */
export type Overlap = Readonly<{ patch: number; share: number }>;

/** For every patch of `to` the patches of `from` under it, row-major, when both grids cover the same square. */
export function overlaps(from: Grid, to: Grid): readonly (readonly Overlap[])[] {
  const [down, across] = [along(from[0], to[0]), along(from[1], to[1])];
  return down.flatMap((rows) =>
    across.map((columns) =>
      rows.flatMap((row) =>
        columns.map((column) => ({ patch: row.patch * from[1] + column.patch, share: row.share * column.share })),
      ),
    ),
  );
}

/** The same along one axis. Lengths are counted in 1 / (from * to) of the side, where all edges are whole numbers. */
function along(from: number, to: number): readonly (readonly Overlap[])[] {
  return Array.from({ length: to }, (_, i) => {
    const [start, end] = [i * from, (i + 1) * from];
    const [first, last] = [Math.floor(start / to), Math.ceil(end / to)];
    return Array.from({ length: last - first }, (_, j) => {
      const patch = first + j;
      return { patch, share: (Math.min(end, (patch + 1) * to) - Math.max(start, patch * to)) / from };
    });
  });
}

/**
 * Labels of another grid of patches, by position: a word's score is the mean over the area of the new patch of its scores
 * in the label patches there, 0 where it is not among their labels (as the paper counts in Figure 6). The best `top` stay,
 * best first, equal scores by the lower index; words of 0 or less only where a new patch lies in one old patch alone.
 */
export function resampleLabels(labels: PatchLabels, under: readonly (readonly Overlap[])[]): PatchLabels {
  const { top } = labels;
  const words = new Int32Array(under.length * top).fill(-1);
  const scores = new Float32Array(under.length * top);
  under.forEach((patches, i) => {
    const found = patches.length === 1 ? ownWords(labels, patches[0] as Overlap) : meanScores(labels, patches);
    found.slice(0, top).forEach(([word, score], j) => {
      words[i * top + j] = word;
      scores[i * top + j] = score;
    });
  });
  return { words, scores, top };
}

type Scored = readonly [word: number, score: number];

function ownWords({ words, scores, top }: PatchLabels, { patch }: Overlap): readonly Scored[] {
  return Array.from({ length: top }, (_, j): Scored => {
    return [words[patch * top + j] as number, scores[patch * top + j] as number];
  });
}

function meanScores({ words, scores, top }: PatchLabels, patches: readonly Overlap[]): readonly Scored[] {
  const total = new Map<number, number>();
  for (const { patch, share } of patches) {
    for (let j = patch * top; j < (patch + 1) * top; j++) {
      const word = words[j] as number;
      if (word >= 0) total.set(word, (total.get(word) ?? 0) + share * (scores[j] as number));
    }
  }
  return [...total].filter(([, score]) => score > 0).sort((a, b) => b[1] - a[1] || a[0] - b[0]);
}
