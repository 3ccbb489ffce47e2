import type { Json } from '../hash.ts';
import { exactMcNemar } from './significance.ts';
import { summarise } from './statistics.ts';

/** One question's part of a score, as a `scores` artifact keeps it; `score` is 0..1. */
export type QuestionResult = Readonly<{ id: string; question: string; answer: string; truth: Json; score: number }>;

/** The questions behind numbers, by the id of the stage that marked them; stages without questions are absent. */
export type QuestionResults = ReadonlyMap<string, readonly QuestionResult[]>;

/** How many questions a number comes from, and its standard error from drawing these and no others. */
export type QuestionError = Readonly<{ n: number; se: number }>;

/**
 * The standard error of a cell's mean from its questions: each question counts once, by its mean over the seeds, which
 * were all asked the same ones. undefined where a number is not the mean of its questions in percent (an F1, say).
 */
export function questionError(
  numbers: readonly Readonly<{ value: number; questions: readonly QuestionResult[] }>[],
): QuestionError | undefined {
  const isMean = ({ value, questions }: (typeof numbers)[number]) => {
    const mean = summarise(questions.map(({ score }) => score))?.mean;
    // official programs round to two decimals
    return mean !== undefined && Math.abs(100 * mean - value) <= 0.0100001;
  };
  if (numbers.length === 0 || !numbers.every(isMean)) return undefined;
  const summary = summarise([...meanScores(numbers.map(({ questions }) => questions)).values()]);
  return summary?.sd === undefined ? undefined : { n: summary.n, se: (100 * summary.sd) / Math.sqrt(summary.n) };
}

/** The standard error of the mean of independent benchmarks; undefined when one is not known. */
export function averageError(errors: readonly (QuestionError | undefined)[]): QuestionError | undefined {
  const known = errors.filter((error) => error !== undefined);
  if (known.length === 0 || known.length < errors.length) return undefined;
  const squares = known.reduce((sum, { se }) => sum + se * se, 0);
  return { n: known.reduce((sum, { n }) => sum + n, 0), se: Math.sqrt(squares) / known.length };
}

/** A question that both sides were asked; one result a seed, in the same order on both sides. */
export type QuestionPair = Readonly<{
  id: string;
  question: string;
  truth: Json;
  left: readonly Readonly<{ answer: string; score: number }>[];
  right: readonly Readonly<{ answer: string; score: number }>[];
  /** of the right side: a higher mean score over the seeds is a win */
  outcome: 'win' | 'loss' | 'same';
}>;

export type QuestionDuel = Readonly<{
  wins: number;
  losses: number;
  same: number;
  /** McNemar's exact test over the questions that tell the sides apart */
  p: number;
  /** questions that only one side was asked */
  unpaired: number;
  pairs: readonly QuestionPair[];
}>;

/** Both sides question by question. `seeds`: the results of the left and the right side, for each seed that both have. */
export function duel(
  seeds: readonly (readonly [left: readonly QuestionResult[], right: readonly QuestionResult[]])[],
): QuestionDuel | undefined {
  if (seeds.length === 0) return undefined;
  const [left, right] = [0, 1].map((side) => bySeed(seeds.map((pair) => pair[side as 0 | 1])));
  if (left === undefined || right === undefined) throw new Error('a duel has two sides');
  const pairs: QuestionPair[] = [];
  for (const [key, ours] of left) {
    const theirs = right.get(key);
    const [first] = ours;
    if (theirs === undefined || first === undefined || theirs.length !== ours.length) continue;
    const [a, b] = [total(ours), total(theirs)];
    const outcome = Math.abs(a - b) < 1e-9 ? 'same' : b > a ? 'win' : 'loss';
    const { id, question, truth } = first;
    pairs.push({ id, question, truth, left: ours.map(answerOf), right: theirs.map(answerOf), outcome });
  }
  const count = (wanted: QuestionPair['outcome']) => pairs.filter(({ outcome }) => outcome === wanted).length;
  const [wins, losses] = [count('win'), count('loss')];
  const unpaired = new Set([...left.keys(), ...right.keys()]).size - pairs.length;
  return { wins, losses, same: count('same'), p: exactMcNemar(wins, losses), unpaired, pairs };
}

/** Ids are numbers that start anew in every benchmark version: the text belongs to what a question is. */
function keyOf({ id, question }: QuestionResult): string {
  return `${id}\n${question}`;
}

function bySeed(seeds: readonly (readonly QuestionResult[])[]): ReadonlyMap<string, readonly QuestionResult[]> {
  const found = new Map<string, QuestionResult[]>();
  for (const result of seeds.flat()) {
    const known = found.get(keyOf(result));
    if (known === undefined) found.set(keyOf(result), [result]);
    else known.push(result);
  }
  return found;
}

function meanScores(seeds: readonly (readonly QuestionResult[])[]): ReadonlyMap<string, number> {
  return new Map([...bySeed(seeds)].map(([key, results]) => [key, total(results) / results.length]));
}

function total(results: readonly QuestionResult[]): number {
  return results.reduce((sum, { score }) => sum + score, 0);
}

function answerOf({ answer, score }: QuestionResult): Readonly<{ answer: string; score: number }> {
  return { answer, score };
}
