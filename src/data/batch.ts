import { type Example, IGNORE, IMAGE_ID } from './conversation.ts';

/** An example whose images are as long as their visual tokens; positions run on through them. */
export type Sequence = Example & Readonly<{ positions: readonly number[] }>;

/**
 * Sequences side by side, each array [size, length] row-major. Padding is on the right: `pad` in ids, -100 in labels,
 * -1 in segments, 0 in positions.
 */
export type Batch = Readonly<{
  size: number;
  length: number;
  ids: Int32Array;
  labels: Int32Array;
  positions: Int32Array;
  segments: Int32Array;
}>;

/**
 * Every image mark becomes `tokens` times `imageToken`. Positions count from 0; those of a segment (1, 2, ...) go on from
 * the end of the part that all segments share, as if it stood there alone.
 */
export function expandImages({ ids, labels, segments }: Example, tokens: number, imageToken: number): Sequence {
  const out = { ids: [] as number[], labels: [] as number[], segments: [] as number[], positions: [] as number[] };
  const lengths = new Map<number, number>();
  ids.forEach((id, at) => {
    const segment = segments[at] as number;
    for (let copy = 0; copy < (id === IMAGE_ID ? tokens : 1); copy++) {
      const own = lengths.get(segment) ?? 0;
      lengths.set(segment, own + 1);
      out.ids.push(id === IMAGE_ID ? imageToken : id);
      out.labels.push(labels[at] as number);
      out.segments.push(segment);
      out.positions.push(segment === 0 ? own : (lengths.get(0) ?? 0) + own);
    }
  });
  return out;
}

/**
 * The sequence in at most `limit` tokens: later segments are left out whole, a single one is cut at the end, as LLaVA
 * does. Undefined when nothing that could be learnt is left, so that it is never trained on silently.
 */
export function limitLength(sequence: Sequence, limit: number): Sequence | undefined {
  let length = Math.min(limit, sequence.ids.length);
  if (length < sequence.ids.length && (sequence.segments[length] as number) > 1) {
    length = sequence.segments.indexOf(sequence.segments[length] as number);
  }
  const cut = <T>(values: readonly T[]): readonly T[] => values.slice(0, length);
  const { ids, labels, segments, positions } = sequence;
  const short = { ids: cut(ids), labels: cut(labels), segments: cut(segments), positions: cut(positions) };
  return short.labels.some((label, at) => label !== IGNORE && at > 0) ? short : undefined;
}

/** Up to `count` lengths, multiples of `multiple`, that waste little padding: every sequence goes into the shortest that holds it. */
export function chooseLengths(lengths: readonly number[], count: number, multiple = 8): readonly number[] {
  const sorted = lengths.toSorted((a, b) => a - b);
  const chosen = Array.from({ length: count }, (_, i) => {
    const at = Math.ceil((sorted.length * (i + 1)) / count) - 1;
    return Math.ceil((sorted[Math.max(0, at)] ?? 1) / multiple) * multiple;
  });
  return [...new Set(chosen)];
}

/** The shortest of the ascending lengths that holds `length` tokens. */
export function lengthFor(length: number, lengths: readonly number[]): number {
  const found = lengths.find((candidate) => candidate >= length);
  if (found === undefined) throw new Error(`a sequence of ${length} tokens in lengths ${lengths.join(', ')}`);
  return found;
}

/** Arrays of one shape, whatever the sequences' own lengths. */
export function makeBatch(sequences: readonly Sequence[], length: number, pad: number): Batch {
  const size = sequences.length;
  const filled = (value: number): Int32Array => new Int32Array(size * length).fill(value);
  const batch = { ids: filled(pad), labels: filled(IGNORE), positions: filled(0), segments: filled(-1) };
  sequences.forEach((sequence, i) => {
    if (sequence.ids.length > length)
      throw new Error(`a sequence of ${sequence.ids.length} tokens in a batch of ${length}`);
    batch.ids.set(sequence.ids, i * length);
    batch.labels.set(sequence.labels, i * length);
    batch.positions.set(sequence.positions, i * length);
    batch.segments.set(sequence.segments, i * length);
  });
  return { size, length, ...batch };
}
