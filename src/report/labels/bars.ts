import { edgeOf, type Histogram } from '../../labels/histogram.ts';

/** A number that the paper names, shown where it lies. */
export type Mark = Readonly<{ at: number; text: string }>;

/** A stretch of a histogram as it is drawn. `share` in % of all that was counted. */
export type Bar = Readonly<{ from: number; to: number; share: number }>;

/**
 * The part of a histogram that is worth drawing, as at most `most` bars: what is filled, zero and the marks; neighbours
 * are added up where there are too many bins.
 */
export function barsOf(histogram: Histogram, marks: readonly Mark[], most: number): readonly Bar[] {
  const { counts, from, width } = histogram;
  const filled = counts.flatMap((count, bin) => (count > 0 ? [bin] : []));
  const binAt = (score: number): number => Math.floor((score - from) / width + 1e-9);
  const shown = [...filled, binAt(0), ...marks.map(({ at }) => binAt(at))];
  const [first, last] = [Math.min(...shown), Math.max(...shown)];
  // groups begin at multiples, so that zero stays an edge
  const startOf = (size: number): number => Math.floor((first - binAt(0)) / size) * size + binAt(0);
  let together = 1;
  while (Math.ceil((last + 1 - startOf(together)) / together) > most) together++;
  const start = startOf(together);
  const total = Math.max(
    1,
    counts.reduce((sum, count) => sum + count, 0),
  );
  const bars: Bar[] = [];
  for (let bin = start; bin <= last; bin += together) {
    const count = counts.slice(Math.max(0, bin), bin + together).reduce((sum, one) => sum + one, 0);
    bars.push({
      from: edgeOf(histogram, bin),
      to: edgeOf(histogram, bin + together),
      share: (100 * count) / total,
    });
  }
  return bars;
}

/** Positions along the axis that carry a number: multiples of 0.1, 0.2 or 0.5, at most `most` of them. */
export function ticksOf(bars: readonly Bar[], most: number): readonly number[] {
  const [from, to] = [bars[0]?.from ?? 0, bars.at(-1)?.to ?? 0];
  for (const tenths of [1, 2, 5]) {
    const first = Math.ceil((from * 10) / tenths - 1e-9);
    const last = Math.floor((to * 10) / tenths + 1e-9);
    if (last - first + 1 > most && tenths < 5) continue;
    return Array.from({ length: last - first + 1 }, (_, i) => ((first + i) * tenths) / 10);
  }
  return [];
}
