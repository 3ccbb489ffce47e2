import { cannotScore, mean, sum } from '../benchmark.ts';
import { LETTERS } from '../choices.ts';
import { format } from '../python-text.ts';
import { SUBJECT_GROUPS } from './categories.ts';

/** hendrycks/test evaluate.py; the groups of evaluate_flan.py. */

const ABSENT = -100;

/** The letter with the largest log-probability of its token (` A`, ` B`, ...); ties: the first; absent: -100. */
export function predictLetter(
  logprobs: Readonly<Record<string, number>>,
  options: number,
): Readonly<{ letter: string; probs: readonly number[] }> {
  const values = LETTERS.slice(0, options).map((letter) => logprobs[` ${letter}`] ?? ABSENT);
  const top = Math.max(...values);
  const powers = values.map((value) => Math.exp(value - top));
  const total = sum(powers);
  return { letter: LETTERS[values.indexOf(top)] ?? '', probs: powers.map((power) => power / total) };
}

export type MmluScore = Readonly<{
  /** 0..1 by subject */
  subjects: ReadonlyMap<string, number>;
  /** 0..1 by subcategory and category; those without a question are left out */
  groups: ReadonlyMap<string, number>;
  /** mean over all questions: the official figure */
  weighted: number;
  /** mean over subjects: not official, told beside it */
  macro: number;
  printed: readonly string[];
  printedGroups: readonly string[];
}>;

/** Accuracies from right and wrong answers by subject, subjects in sorted order. */
export function scoreMmlu(correct: ReadonlyMap<string, readonly boolean[]>): MmluScore {
  const all = [...correct.values()].flat();
  if (all.length === 0) throw cannotScore('no question to score');
  const share = (some: readonly boolean[]): number => some.filter(Boolean).length / some.length;
  const subjects = new Map(Array.from(correct, ([name, some]) => [name, share(some)]));
  const groups = new Map(
    Array.from(SUBJECT_GROUPS).flatMap(([name, members]): readonly [string, number][] => {
      const some = members.flatMap((subject) => correct.get(subject) ?? []);
      return some.length === 0 ? [] : [[name, share(some)]];
    }),
  );
  const weighted = share(all);
  const lines = (figures: ReadonlyMap<string, number>): readonly string[] => [
    ...Array.from(figures, ([name, value]) => `Average accuracy ${format(value, 3)} - ${name}`),
    `Average accuracy: ${format(weighted, 3)}`,
  ];
  const macro = mean([...subjects.values()]);
  return { subjects, groups, weighted, macro, printed: lines(subjects), printedGroups: lines(groups) };
}
