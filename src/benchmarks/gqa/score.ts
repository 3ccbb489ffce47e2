import { cannotScore, groupBy, mean, sum } from '../benchmark.ts';
import { compareText, format, lower, split } from '../python-text.ts';
import type { GqaExtras, GqaQuestion, GqaQuestions } from './format.ts';
import { groundingOf } from './grounding.ts';

/** GQA's scorer (Stanford eval.py). Percent, except distribution (lower is better). */
export type GqaScores = Readonly<{
  binary: number;
  open: number;
  accuracy: number;
  consistency: number;
  validity: number;
  plausibility: number;
  grounding: number;
  distribution: number;
  accuracyPerStructuralType: ReadonlyMap<string, Share>;
  accuracyPerSemanticType: ReadonlyMap<string, Share>;
  accuracyPerSteps: ReadonlyMap<string, Share>;
  accuracyPerLength: ReadonlyMap<string, Share>;
}>;
export type Share = Readonly<{ percent: number; count: number }>;

/** What LLaVA's convert_gqa_for_eval.py makes of an answer: all trailing periods off, lower case, nothing else. */
export function toPrediction(text: string): string {
  return lower(text.replace(/\.+$/, ''));
}

type Marked = Readonly<{ id: string; question: GqaQuestion; predicted: string; score: number }>;

/**
 * Scores the balanced questions. Without `extras` as LLaVA runs it: questions and predictions only, validity and
 * plausibility 0, consistency and grounding not computed. Throws where the official program does.
 */
export function scoreGqa(
  questions: GqaQuestions,
  predictions: ReadonlyMap<string, string>,
  extras?: GqaExtras,
): GqaScores {
  const marked: Marked[] = [];
  for (const [id, question] of questions) {
    if (!question.isBalanced) continue;
    const predicted = predictionOf(predictions, id);
    marked.push({ id, question, predicted, score: predicted === question.answer ? 1 : 0 });
  }
  const percentOf = (some: readonly number[]): number => (some.length === 0 ? 0 : mean(some) * 100);
  const accuracyOf = (some: readonly Marked[]): number => percentOf(some.map(({ score }) => score));
  const by = (key: (item: Marked) => string): ReadonlyMap<string, Share> =>
    new Map(
      Array.from(groupBy(marked, key), ([name, some]) => [name, { percent: accuracyOf(some), count: some.length }]),
    );
  const open = (item: Marked): boolean => item.question.types.structural === 'query';
  return {
    binary: accuracyOf(marked.filter((item) => !open(item))),
    open: accuracyOf(marked.filter(open)),
    accuracy: accuracyOf(marked),
    consistency: extras === undefined ? 0 : percentOf(consistency(marked, questions, predictions)),
    validity: percentOf(marked.map((item) => (allowed(item, extras, 'valid') ? 1 : 0))),
    plausibility: percentOf(marked.map((item) => (allowed(item, extras, 'plausible') ? 1 : 0))),
    grounding:
      extras === undefined ? 0 : percentOf(marked.map(({ id, question }) => groundingOf(id, question, extras))),
    distribution: distribution(marked) / 100,
    accuracyPerStructuralType: by(({ question }) => question.types.structural),
    accuracyPerSemanticType: by(({ question }) => question.types.semantic),
    accuracyPerSteps: by(({ question }) => String(stepsOf(question))),
    accuracyPerLength: by(({ question }) => String(split(question.question).length)),
  };
}

function predictionOf(predictions: ReadonlyMap<string, string>, id: string): string {
  const predicted = predictions.get(id);
  if (predicted === undefined) throw cannotScore(`no prediction for question ${id}`);
  return predicted;
}

// the last "querying" step does not count
function stepsOf(question: GqaQuestion): number {
  const uncounted = ['exist', 'query: name', 'choose name'];
  const steps = question.semantic.map(({ operation, argument }) => `${operation}: ${argument}`);
  return steps.filter((step) => !uncounted.some((part) => step.includes(part))).length;
}

function allowed(
  { id, question, predicted }: Marked,
  extras: GqaExtras | undefined,
  list: 'valid' | 'plausible',
): boolean {
  if (extras === undefined) return false;
  const choices = extras.choices.get(id);
  if (choices === undefined) throw cannotScore(`no choices for question ${id}`);
  const words = question.types.detailed.includes('Common') ? ['color', 'material', 'shape'] : choices[list];
  return words.includes(predicted);
}

/** Of each right answer with entailed questions: the share of those that are right too (0..1). */
function consistency(
  marked: readonly Marked[],
  questions: GqaQuestions,
  predictions: ReadonlyMap<string, string>,
): readonly number[] {
  return marked.flatMap(({ id, question, score }) => {
    const entailed = question.entailed.filter((other) => other !== id);
    if (score === 0 || entailed.length === 0) return [];
    return [mean(entailed.map((other) => (predictionOf(predictions, other) === truthOf(questions, other) ? 1 : 0)))];
  });
}

function truthOf(questions: GqaQuestions, id: string): string {
  const question = questions.get(id);
  if (question === undefined) throw cannotScore(`an entailed question is not in the question file: ${id}`);
  return question.answer;
}

/** Chi-square of predicted against gold answers in each global group, weighted by the groups' sizes. */
function distribution(marked: readonly Marked[]): number {
  const groups = groupBy(
    marked.filter(({ question }) => question.groups.global !== null),
    ({ question }) => question.groups.global,
  );
  if (groups.size === 0) throw cannotScore('no balanced question belongs to a global group');
  let total = 0;
  let overall = 0;
  for (const members of groups.values()) {
    const gold = count(members.map(({ question }) => question.answer));
    const predicted = count(members.map((item) => item.predicted));
    const score = sum(
      Array.from(gold, ([answer, expected]) => ((predicted.get(answer) ?? 0) - expected) ** 2 / expected),
    );
    total += score * members.length;
    overall += members.length;
  }
  return total / overall;
}

function count(answers: readonly string[]): ReadonlyMap<string, number> {
  return new Map(
    Array.from(
      groupBy(answers, (answer) => answer),
      ([answer, some]) => [answer, some.length],
    ),
  );
}

/** What the program prints. */
export function printGqa(scores: GqaScores, full: boolean): readonly string[] {
  const names = [
    'binary',
    'open',
    'accuracy',
    'consistency',
    'validity',
    'plausibility',
    'grounding',
    'distribution',
  ] as const;
  const printed = full ? names : names.filter((name) => name !== 'consistency' && name !== 'grounding');
  const lines = printed.map((name) => {
    const suffix = name === 'distribution' ? ' (lower is better)' : '%';
    return `${name.charAt(0).toUpperCase()}${name.slice(1)}: ${format(scores[name], 2)}${suffix}`;
  });
  const numeric = (a: string, b: string): number => Number(a) - Number(b);
  return [
    ...lines,
    ...printShares('structural type', scores.accuracyPerStructuralType, compareText),
    ...printShares('semantic type', scores.accuracyPerSemanticType, compareText),
    ...printShares('steps number', scores.accuracyPerSteps, numeric),
    ...printShares('words number', scores.accuracyPerLength, numeric),
  ];
}

function printShares(
  title: string,
  shares: ReadonlyMap<string, Share>,
  order: (a: string, b: string) => number,
): readonly string[] {
  const lines = [...shares]
    .sort(([a], [b]) => order(a, b))
    .map(([name, { percent, count: amount }]) => `  ${name}: ${format(percent, 2)}% (${amount} questions)`);
  return ['', `Accuracy / ${title}:`, ...lines];
}
