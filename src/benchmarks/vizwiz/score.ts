import { cannotScore } from '../benchmark.ts';
import { VIZWIZ_CONTRACTIONS } from '../contractions.ts';
import { numpyRound } from '../python-text.ts';
import { leaveOneOut, normaliseAnswer, tidy } from '../vqa-answer.ts';
import { questionScorer, type VqaRule } from '../vqav2/score.ts';
import type { VizwizAnnotation } from './format.ts';

/**
 * VizWiz's scorer (VizWiz Python API, vqaEval.py): the prediction is normalised with a table of typographic
 * apostrophes, the ground truth is taken as it stands.
 */
export function processPrediction(text: string): string {
  return normaliseAnswer(tidy(text), { contractions: VIZWIZ_CONTRACTIONS });
}

export type VizwizItem = Readonly<{ image: string; type: string; processed: string; accuracy: number }>;

/** Accuracy (0..1) of every annotation, in file order. */
export function scoreVizwiz(
  annotations: readonly VizwizAnnotation[],
  answerOf: (image: string) => string,
): readonly VizwizItem[] {
  return annotations.map(({ image, answers, answer_type }) => {
    const processed = processPrediction(answerOf(image));
    const truths = answers.map(({ answer }) => answer);
    return { image, type: answer_type, processed, accuracy: leaveOneOut(processed, truths) };
  });
}

const VQA_2021: VqaRule = { version: 2021, python2: true };

/** VQAv2's rule on the same answers: what one gets by forgetting that VizWiz leaves the ground truth alone. */
export function scoreByVqaRule(
  annotations: readonly VizwizAnnotation[],
  answerOf: (image: string) => string,
): readonly VizwizItem[] {
  const accuracyOf = questionScorer(VQA_2021);
  return annotations.map(({ image, answers, answer_type }) => {
    const numbered = answers.map((entry, index) => ({ ...entry, answer_id: index + 1 }));
    const processed = answerOf(image);
    const accuracy = accuracyOf({ question_type: '', answer_type, question_id: 0, answers: numbered }, processed);
    return { image, type: answer_type, processed, accuracy };
  });
}

/** Percent before rounding: all questions, and by answer type in order of appearance. */
export function vizwizAccuracy(
  items: readonly VizwizItem[],
): Readonly<{ overall: number; perAnswerType: ReadonlyMap<string, number> }> {
  if (items.length === 0) throw cannotScore('no annotation to score');
  const percent = (some: readonly VizwizItem[]): number =>
    (100 * some.reduce((sum, { accuracy }) => sum + accuracy, 0)) / some.length;
  const types = [...new Set(items.map(({ type }) => type))];
  return {
    overall: percent(items),
    perAnswerType: new Map(types.map((type) => [type, percent(items.filter((item) => item.type === type))])),
  };
}

/**
 * Average precision and F1 (percent, 2 digits) of "unanswerable" as scikit-learn computes them, for results that say
 * how answerable a question is (0..1); the predicted score is 1 - answerable, the threshold above 0.5.
 */
export function unanswerability(
  pairs: readonly Readonly<{ truth: 0 | 1; answerable: number }>[],
): Readonly<{ average_precision: number; f1_score: number }> {
  const scored = pairs.map(({ truth, answerable }) => ({ positive: truth === 0, score: 1 - answerable }));
  const positives = scored.filter(({ positive }) => positive).length;
  const thresholds = [...new Set(scored.map(({ score }) => score))].sort((a, b) => b - a);
  let precisionSum = 0;
  let before = 0;
  for (const threshold of positives === 0 ? [] : thresholds) {
    const taken = scored.filter(({ score }) => score >= threshold);
    const hits = taken.filter(({ positive }) => positive).length;
    precisionSum += ((hits - before) / positives) * (hits / taken.length);
    before = hits;
  }
  const claimed = scored.filter(({ score }) => score > 0.5);
  const hits = claimed.filter(({ positive }) => positive).length;
  const f1 = claimed.length + positives === 0 ? 0 : (2 * hits) / (claimed.length + positives);
  return { average_precision: numpyRound(100 * precisionSum, 2), f1_score: numpyRound(100 * f1, 2) };
}
