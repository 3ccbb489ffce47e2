import { type Difference, summarise, withInterval } from './statistics.ts';
import type { TableRow } from './table.ts';

/** The mean of a column's differences over pairs of a row and its own baseline, and of the paper's over the same pairs. */
export type OverPairs = Difference & Readonly<{ paper?: number }>;

/** Of fewer an interval says next to nothing. */
const FEWEST = 3;

/**
 * Where every row has a baseline of its own, each pair is one observation, whatever its seeds: what several models have in
 * common is more than what one model's seeds have. A t test over the pairs, which may share data and an encoder. undefined
 * for fewer than three pairs, or where rows share a baseline, whose luck would count twice.
 */
export function overPairs(rows: readonly TableRow[], column: number): OverPairs | undefined {
  const pairs = rows.flatMap(({ against, cells }) => {
    const { delta, paperDelta } = cells[column] ?? {};
    return against === undefined || delta === undefined ? [] : [{ against, mean: delta.mean, paperDelta }];
  });
  if (pairs.length < FEWEST || new Set(pairs.map(({ against }) => against)).size < pairs.length) return undefined;
  const summary = summarise(pairs.map(({ mean }) => mean));
  if (summary === undefined) return undefined;
  const printed = pairs.flatMap(({ paperDelta }) => paperDelta ?? []);
  const paper = printed.length < pairs.length ? undefined : summarise(printed);
  return { ...withInterval(summary), ...(paper === undefined ? {} : { paper: paper.mean }) };
}
