/** Consecutive queries from `start` on, and the keys before `end` that they may see. */
export type Span = Readonly<{ start: number; size: number; end: number }>;

/** A text is cut into so many blocks, unless they had fewer queries than this. */
const MOST = 4;
const QUERIES = 32;

/** Blocks of the queries of a causal text: no later key can be seen, and four blocks meet 5/8 of the pairs. */
export function causalSpans(length: number): readonly Span[] {
  const count = Math.max(1, Math.min(MOST, Math.floor(length / QUERIES)));
  const border = (i: number): number => Math.floor((i * length) / count);
  return Array.from({ length: count }, (_, i) => {
    const [start, end] = [border(i), border(i + 1)];
    return { start, size: end - start, end };
  });
}

/** Pairs of a query and a key that the blocks meet. */
export function causalPairs(length: number): number {
  return causalSpans(length).reduce((sum, { size, end }) => sum + size * end, 0);
}
