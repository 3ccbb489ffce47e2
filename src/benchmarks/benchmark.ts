import type { Json } from '../hash.ts';
import { ProblemError, suggest } from '../problem.ts';
import type { Answers, Id } from './answers.ts';
import type { QuestionImage } from './images.ts';

/** How a benchmark's questions are put to a model. */
export type Asking = Readonly<{
  /** llava: LLaVA-1.5's prompt with its instruction line; bare: the question alone */
  prompt: 'llava' | 'bare';
  /** multiple choice answered by letter, as LLaVA does, or by the option's text */
  choices: 'letter' | 'text';
}>;

export type Question = Readonly<{
  id: Id;
  image?: QuestionImage;
  /** what the model reads, without the `<image>` line */
  text: string;
  /** the `prompt` of the answers file, as LLaVA records it; official scorers read it, so it does not follow `Asking` */
  recorded: string;
  maxNewTokens: number;
  /** the options' texts, A first */
  choices?: readonly string[];
  /** few-shot examples in front of `text`: `head` + examples + text is the whole prompt */
  shots?: Readonly<{ head: string; examples: readonly string[] }>;
  /** a bare completion prompt: no conversation template around it (MMLU's official form) */
  completion?: true;
  /** more fields of the answers line (MMBench) */
  extra?: Readonly<Record<string, Json>>;
}>;

/** One question's part of the score, for comparing rows question by question. */
export type QuestionScore = Readonly<{
  id: Id;
  question: string;
  answer: string;
  /** the reference answer or answers */
  truth: Json;
  /** 0..1 */
  score: number;
}>;

export type Scores = Readonly<{
  /** percent (0..100) unless a name says otherwise; `score` is the figure of the paper's tables */
  metrics: Readonly<Record<string, number>>;
  questions: readonly QuestionScore[];
  /** everything the official program reports, under its own names */
  details: Readonly<Record<string, Json>>;
  /** what a reader of the number must know: rows paired by position, answers missing, no judge used */
  notices: readonly string[];
}>;

export type ScoreOptions = Readonly<{
  /** one of `variants`; default: the first */
  variant?: string;
  /** how multiple-choice answers were given; default: what the answers' metadata say, else letter */
  choices?: Asking['choices'];
  /** MM-Vet only. none: marked by the words of the reference */
  judge?: 'none' | Judge;
}>;

/** A language model that marks answers; every request is paid for once and its reply kept. */
export interface Judge {
  readonly model: string;
  /** address of the server, fit to be shown */
  readonly server: string;
  /** times that every answer is marked */
  readonly runs: number;
  /** requests under way at the same time */
  readonly concurrency: number;
  readonly signal: AbortSignal;
  /** the text of the reply; equal requests of one run have one reply, of another run another */
  ask(request: JudgeRequest, signal: AbortSignal): Promise<string>;
  progress?(done: number, of: number): void;
}

export type JudgeRequest = Readonly<{ run: number; content: string; temperature: number; maxTokens: number }>;

/** A file that an evaluation server takes. */
export type Submission = Readonly<{ name: string; bytes: string | Uint8Array; notices: readonly string[] }>;

export interface Benchmark {
  readonly name: string;
  /** what is asked, the format's source and licence, and what the paper's table reports, in a few lines */
  readonly summary: string;
  /** what `score` is */
  readonly headline: string;
  /** metrics that every score of this benchmark has; others (per category) depend on the data */
  readonly metrics: readonly string[];
  /** scoring rules; the first is the default: the one behind the paper's tables */
  readonly variants: readonly string[];
  questions(folder: string, asking: Asking): Promise<readonly Question[]>;
  score(folder: string, answers: Answers, options: ScoreOptions): Promise<Scores>;
  /** LLaVA's script for the upload leaves broken lines out and counts them; the others stop there */
  readonly uploadSkipsBroken?: true;
  /** the upload file that LLaVA's scripts write for this benchmark's server */
  submission?(folder: string, answers: Answers): Promise<Submission>;
}

/** What is thrown where the official program would stop: a division by zero, a missing prediction. */
export function cannotScore(message: string): ProblemError {
  return new ProblemError({ code: 'cannot-score', message, hint: 'the official scorer stops here too' });
}

/** Mean of a list, summed left to right in doubles; throws on an empty list, where the official programs stop too. */
export function mean(values: readonly number[]): number {
  if (values.length === 0) throw cannotScore('the mean of no values');
  return sum(values) / values.length;
}

/** Left to right, plain doubles, as Python before 3.12 adds. */
export function sum(values: Iterable<number>): number {
  let total = 0;
  for (const value of values) total += value;
  return total;
}

/** Values by key in order of first appearance. */
export function groupBy<T, K>(items: Iterable<T>, key: (item: T) => K): Map<K, T[]> {
  const groups = new Map<K, T[]>();
  for (const item of items) {
    const name = key(item);
    const group = groups.get(name);
    if (group === undefined) groups.set(name, [item]);
    else group.push(item);
  }
  return groups;
}

/** The variant asked for, or the default one; an unknown name stops with the nearest. */
export function chooseVariant<V extends string>(variants: readonly [V, ...V[]], wanted: string | undefined): V {
  if (wanted === undefined) return variants[0];
  const found = variants.find((variant) => variant === wanted);
  if (found !== undefined) return found;
  throw new ProblemError({
    code: 'unknown-variant',
    message: `no scoring variant "${wanted}"`,
    hint: suggest(wanted, variants),
  });
}
