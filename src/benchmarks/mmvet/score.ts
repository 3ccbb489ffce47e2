import { groupBy, mean, sum } from '../benchmark.ts';
import { numpyRound, reprFloat } from '../python-text.ts';
import type { VetQuestion } from './format.ts';

/** The figures of one table of MM-Vet's evaluator: percent with one digit. */
export type VetFigures = Readonly<{
  /** by capability, or by set of capabilities (sorted names joined with +), and `total` */
  figures: ReadonlyMap<string, number>;
  /** population standard deviation of the runs' totals */
  std: number;
  /** the runs' totals as Python prints the list */
  runs: string;
}>;
export type VetScore = Readonly<{
  byCapability: VetFigures;
  byIntegration: VetFigures;
  counts: ReadonlyMap<string, number>;
}>;

/** Aggregates marks (0..1, one a run) as mm-vet_evaluator.py does. */
export function aggregate(
  questions: ReadonlyMap<string, VetQuestion>,
  scoresOf: (id: string) => readonly number[],
): VetScore {
  const marks = Array.from(questions, ([id, { capability }]) => ({
    capabilities: [...new Set(capability)],
    scores: scoresOf(id),
  }));
  const runs = marks[0]?.scores.length ?? 0;
  const runPercents = (some: typeof marks): readonly number[] =>
    Array.from(
      { length: runs },
      (_, run) => (sum(some.map(({ scores }) => scores[run] ?? Number.NaN)) / some.length) * 100,
    );
  const figure = (some: typeof marks): number => numpyRound(mean(runPercents(some)), 1);

  const totals = runPercents(marks);
  const center = mean(totals);
  const spread = {
    std: numpyRound(Math.sqrt(mean(totals.map((total) => (total - center) ** 2))), 1),
    runs: `[${totals.map((total) => reprFloat(numpyRound(total, 1))).join(', ')}]`,
  };
  const each = marks.flatMap((mark) => mark.capabilities.map((name) => ({ name, mark })));
  const capabilities = groupBy(each, ({ name }) => name);
  const sets = groupBy(marks, ({ capabilities: names }) => [...names].sort().join('+'));
  const total: [string, number] = ['total', figure(marks)];
  return {
    byCapability: {
      figures: new Map([
        ...Array.from(capabilities, ([name, some]): [string, number] => [name, figure(some.map(({ mark }) => mark))]),
        total,
      ]),
      ...spread,
    },
    byIntegration: {
      figures: new Map([...Array.from(sets, ([name, some]): [string, number] => [name, figure(some)]), total]),
      ...spread,
    },
    counts: new Map([
      ...Array.from(capabilities, ([name, some]): [string, number] => [name, some.length]),
      ['total', marks.length],
    ]),
  };
}

const WORD = /-?[\p{L}\p{N}]+(?:['.][\p{L}\p{N}]+)*/gu;

/**
 * A mark without a judge (ours, not MM-Vet's): the share of the reference's <AND> parts that the answer holds as
 * whole words, any <OR> alternative doing; a reference of one part gives the share of its words. Case does not count.
 */
export function referenceScore(reference: string, answer: string): number {
  const said = words(answer);
  const parts = reference.split('<AND>').map((part) => part.split('<OR>').map(words));
  const credit = parts.map((alternatives) =>
    Math.max(
      ...alternatives.map((wanted) => (parts.length > 1 ? Number(holds(said, wanted)) : shareFound(said, wanted))),
    ),
  );
  return mean(credit);
}

function words(text: string): readonly string[] {
  return text.toLowerCase().match(WORD) ?? [];
}

function holds(said: readonly string[], wanted: readonly string[]): boolean {
  if (wanted.length === 0) return false;
  return said.some((_, start) => wanted.every((word, index) => said[start + index] === word));
}

function shareFound(said: readonly string[], wanted: readonly string[]): number {
  const distinct = [...new Set(wanted)];
  return distinct.length === 0 ? 0 : distinct.filter((word) => said.includes(word)).length / distinct.length;
}
