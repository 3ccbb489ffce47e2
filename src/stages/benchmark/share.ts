import type { Question } from '../../benchmarks/benchmark.ts';
import { inParts } from '../../data/order.ts';

/** A text that is read, and where the states that are wanted of it stand, the first one first. */
export type Row = Readonly<{ question: Question; ids: readonly number[]; reads: readonly number[] }>;

/** Rows cut in two: the beginnings, each once, and what follows in every row. */
export type Shared = Readonly<{
  beginnings: readonly Omit<Row, 'reads'>[];
  /** per row its beginning */
  of: readonly number[];
  /** per row; `reads` count from its start */
  rests: readonly Omit<Row, 'question'>[];
}>;

/** Cutting must spare so many of the tokens: it takes a pass of its own. */
export const WORTH = 0.25;

/**
 * What rows that stand one after another and show one image, or have the same examples, begin with. An image stands in the
 * beginning as a whole, a token that is read in the rest. Undefined where there is too little to share.
 */
export function shareBeginnings(rows: readonly Row[], imageToken: number): Shared | undefined {
  const groups = consecutive(rows)
    .map((own) => rangeOf(own, imageToken))
    .flatMap((group) => (group.least <= group.most ? [group] : group.rows.map((row) => rangeOf([row], imageToken))));
  const restOf = ({ rows: own, most }: Group): number => lengthOf(own) - most;
  const rest = Math.max(0, ...groups.filter((group) => group.rows.length > 1).map(restOf));
  if (rest === 0 || groups.some(({ least, most }) => least > most)) return undefined;
  // a row by itself is cut so that its rest is no longer than the others
  const cuts = groups.map(({ rows: own, least, most }) =>
    own.length > 1 ? most : Math.max(least, Math.min(most, lengthOf(own) - rest)),
  );
  const longestRest = Math.max(...groups.map(({ rows: own }, i) => lengthOf(own) - (cuts[i] as number)));
  const tokens = groups.length * Math.max(...cuts) + rows.length * longestRest;
  if (tokens > (1 - WORTH) * rows.length * lengthOf(rows)) return undefined;
  return {
    beginnings: groups.map(({ rows: [first] }, i) => {
      const { question, ids } = first as Row;
      return { question, ids: ids.slice(0, cuts[i]) };
    }),
    of: groups.flatMap(({ rows: own }, i) => own.map(() => i)),
    rests: groups.flatMap(({ rows: own }, i) => own.map((row) => behind(row, cuts[i] as number))),
  };
}

/** Rows that may begin in common, and with how many tokens, at least and at most. */
type Group = Readonly<{ rows: readonly Row[]; least: number; most: number }>;

function rangeOf(rows: readonly Row[], imageToken: number): Group {
  const least = Math.max(1, ...rows.map(({ ids }) => ids.lastIndexOf(imageToken) + 1));
  return { rows, least, most: commonLength(rows) };
}

/** Tokens with which all rows begin, none of which is read. */
function commonLength(rows: readonly Row[]): number {
  const unread = Math.min(...rows.map(({ reads }) => reads[0] ?? 0));
  const [first, ...others] = rows as readonly [Row, ...Row[]];
  for (let at = 0; at < unread; at++) if (others.some(({ ids }) => ids[at] !== first.ids[at])) return at;
  return unread;
}

const lengthOf = (rows: readonly Row[]): number => Math.max(...rows.map(({ ids }) => ids.length));

function behind({ ids, reads }: Row, cut: number): Omit<Row, 'question'> {
  return { ids: ids.slice(cut), reads: reads.map((at) => at - cut) };
}

/** The same for questions that may begin alike: those of an image, of a subject's examples, or a question and itself. */
const subjectOf = (question: Question): unknown => question.image?.name ?? question.shots?.head ?? question;

function consecutive(rows: readonly Row[]): readonly (readonly Row[])[] {
  const groups: Row[][] = [];
  for (const row of rows) {
    const last = groups.at(-1);
    const [first] = last ?? [];
    if (first !== undefined && subjectOf(first.question) === subjectOf(row.question)) last?.push(row);
    else groups.push([row]);
  }
  return groups;
}

/**
 * Batches of at most `size` prompts of similar length, the longest first: what does not fit in memory fails at once. Those
 * that may share a beginning stay together as far as a batch holds them.
 */
export function batchesOf<T extends Readonly<{ question: Question; sequence: Readonly<{ ids: readonly number[] }> }>>(
  prompts: readonly T[],
  size: number,
): readonly (readonly T[])[] {
  const longestFirst = prompts.toSorted((a, b) => b.sequence.ids.length - a.sequence.ids.length);
  const groups = new Map<unknown, T[]>();
  for (const prompt of longestFirst) {
    const subject = subjectOf(prompt.question);
    const group = groups.get(subject);
    if (group === undefined) groups.set(subject, [prompt]);
    else group.push(prompt);
  }
  const batches: T[][] = [];
  for (const part of [...groups.values()].flatMap((group) => inParts(group, size))) {
    const last = batches.at(-1);
    if (last !== undefined && last.length + part.length <= size) last.push(...part);
    else batches.push([...part]);
  }
  return batches;
}
