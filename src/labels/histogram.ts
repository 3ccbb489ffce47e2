/** Counts of scores in bins of equal width; a bin holds its lower edge. Edges: `from`, `from + width`, ..., `to`. */
export type Histogram = Readonly<{ from: number; to: number; width: number; counts: readonly number[] }>;

const PER_UNIT = 50;
const BINS = 2 * PER_UNIT;

/** Empty bins for cosines: 100 of width 0.02 from -1 to 1, the same for every label set. */
export function emptyCounts(): Float64Array {
  return new Float64Array(BINS);
}

/** The bin of a score; what rounding puts beyond -1 or 1 counts in the outermost ones. */
export function binOf(score: number): number {
  // floor before the shift: a score just below zero must not be rounded into the bin above it
  return Math.min(BINS - 1, Math.max(0, Math.floor(score * PER_UNIT) + PER_UNIT));
}

export function histogramOf(counts: Float64Array): Histogram {
  return { from: -1, to: 1, width: 1 / PER_UNIT, counts: [...counts] };
}

/** Lower edge of a bin; one past the last gives `to`. Without the error that repeated addition would gather. */
export function edgeOf({ from, width }: Histogram, bin: number): number {
  return Number((from + bin * width).toFixed(10));
}

/** The middle of the fullest bin, the lowest of equals; null where nothing was counted. */
export function peakOf(histogram: Histogram): number | null {
  const most = Math.max(...histogram.counts);
  if (most === 0) return null;
  return Number((edgeOf(histogram, histogram.counts.indexOf(most)) + histogram.width / 2).toFixed(10));
}
