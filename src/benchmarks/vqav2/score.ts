import { canonicalJson, type Json } from '../../hash.ts';
import { cannotScore } from '../benchmark.ts';
import { round } from '../python-text.ts';
import { normaliseAnswer, stripPunctuation, tidy } from '../vqa-answer.ts';
import type { VqaAnnotation } from './format.ts';

/**
 * VQA evaluation (GT-Vision-Lab/VQA PythonEvaluationTools/vqaEvaluation/vqaEval.py). `2021` is the code since March
 * 2021, `2016` the one before. Python 2, for which the code was written, differs in rounding ties and in what a digit is.
 */
export type VqaRule = Readonly<{ version: 2021 | 2016; python2: boolean }>;

/** Figures before rounding: percent, in order of first appearance. */
export type VqaScore = Readonly<{
  overall: number;
  perQuestionType: ReadonlyMap<string, number>;
  perAnswerType: ReadonlyMap<string, number>;
  /** percent by question id */
  evalQA: ReadonlyMap<number, number>;
}>;

type Sum = { total: number; count: number };

/** Scores one answer a question; `answerOf` gives the submitted text. */
export function scoreVqa(
  annotations: Iterable<VqaAnnotation>,
  answerOf: (id: number) => string,
  rule: VqaRule,
): VqaScore {
  const accuracyOf = questionScorer(rule);
  const all: Sum = { total: 0, count: 0 };
  const questionTypes = new Map<string, Sum>();
  const answerTypes = new Map<string, Sum>();
  const evalQA = new Map<number, number>();
  for (const annotation of annotations) {
    const accuracy = accuracyOf(annotation, answerOf(annotation.question_id));
    evalQA.set(annotation.question_id, 100 * accuracy);
    for (const sum of [
      all,
      entry(questionTypes, annotation.question_type),
      entry(answerTypes, annotation.answer_type),
    ]) {
      sum.total += accuracy;
      sum.count++;
    }
  }
  return {
    overall: percent(all),
    perQuestionType: mapValues(questionTypes, percent),
    perAnswerType: mapValues(answerTypes, percent),
    evalQA,
  };
}

/** `round(figure, digits)` of the rule's Python, on every figure; the program prints 2 digits. */
export function roundVqa(score: VqaScore, { python2 }: VqaRule, digits = 2): VqaScore {
  const rounded = (value: number): number => round(value, digits, python2);
  return {
    overall: rounded(score.overall),
    perQuestionType: mapValues(score.perQuestionType, rounded),
    perAnswerType: mapValues(score.perAnswerType, rounded),
    evalQA: mapValues(score.evalQA, rounded),
  };
}

/** Accuracy (0..1) of one question; remembers normalised texts, since the same few answers come by the thousand. */
export function questionScorer({ version, python2 }: VqaRule): (annotation: VqaAnnotation, answer: string) => number {
  const tidied = remember((text) => tidy(text, python2));
  const normalise = remember((text) => normaliseAnswer(text, { python2 }));
  const punctuation = remember((text) => stripPunctuation(text, { python2 }));
  return ({ answers }, submitted) => {
    let truths = answers.map(({ answer }) => (version === 2021 ? tidied(answer) : answer));
    let answer = tidied(submitted);
    const unanimous = truths.every((truth) => truth === truths[0]);
    if (version === 2016) {
      answer = normalise(answer);
      if (!unanimous) truths = truths.map(punctuation);
    } else if (!unanimous) {
      answer = normalise(answer);
      truths = truths.map(normalise);
    }
    return accuracy(answers, truths, answer);
  };
}

/**
 * Mean over the annotators of min(1, matches among the others / 3). "The others" are the entries that differ as whole
 * dictionaries (answer, confidence and id), so two fully identical entries leave each other out.
 */
function accuracy(entries: VqaAnnotation['answers'], truths: readonly string[], answer: string): number {
  const matching = truths.filter((truth) => truth === answer).length;
  if (matching === 0) return 0;
  const signatures = distinctIds(entries) ? undefined : entries.map((entry, i) => signature(entry, truths[i] ?? ''));
  let sum = 0;
  for (const [i, truth] of truths.entries()) {
    let left = matching;
    if (truth === answer) left -= signatures?.filter((other) => other === signatures[i]).length ?? 1;
    sum += Math.min(1, left / 3);
  }
  return sum / truths.length;
}

function distinctIds(entries: VqaAnnotation['answers']): boolean {
  const ids = entries.map((entry) => entry['answer_id']);
  return !ids.includes(undefined) && new Set(ids).size === ids.length;
}

function signature(entry: Readonly<Record<string, unknown>>, truth: string): string {
  return canonicalJson({ ...entry, answer: truth } as Json);
}

function remember(map: (text: string) => string): (text: string) => string {
  const known = new Map<string, string>();
  return (text) => {
    let value = known.get(text);
    if (value === undefined) {
      value = map(text);
      known.set(text, value);
    }
    return value;
  };
}

function entry(sums: Map<string, Sum>, key: string): Sum {
  let sum = sums.get(key);
  if (sum === undefined) {
    sum = { total: 0, count: 0 };
    sums.set(key, sum);
  }
  return sum;
}

function percent({ total, count }: Sum): number {
  if (count === 0) throw cannotScore('no annotation to score');
  return (100 * total) / count;
}

function mapValues<K, V, W>(map: ReadonlyMap<K, V>, change: (value: V) => W): ReadonlyMap<K, W> {
  return new Map(Array.from(map, ([key, value]) => [key, change(value)]));
}
