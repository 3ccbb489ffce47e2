import { readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { type Answers, readAnswers } from '../../src/benchmarks/answers.ts';
import { readExtras, readQuestions as readGqa } from '../../src/benchmarks/gqa/format.ts';
import { type GqaScores, printGqa, scoreGqa, toPrediction } from '../../src/benchmarks/gqa/score.ts';
import { readLabels, readQuestions as readPope } from '../../src/benchmarks/pope/format.ts';
import { answersByCategory } from '../../src/benchmarks/pope/pope.ts';
import { decide, scorePope } from '../../src/benchmarks/pope/score.ts';
import { format, round } from '../../src/benchmarks/python-text.ts';
import { readAnnotations as readText } from '../../src/benchmarks/textvqa/format.ts';
import { annotationsByKey, questionKey, questionOfPrompt, scoreAnswer } from '../../src/benchmarks/textvqa/score.ts';
import { readAnnotations as readVizwiz } from '../../src/benchmarks/vizwiz/format.ts';
import {
  scoreByVqaRule,
  scoreVizwiz,
  unanswerability,
  type VizwizItem,
  vizwizAccuracy,
} from '../../src/benchmarks/vizwiz/score.ts';
import { vizwiz } from '../../src/benchmarks/vizwiz/vizwiz.ts';
import { processM4c } from '../../src/benchmarks/vqa-answer.ts';
import { readAnnotations as readVqa, readQuestions as readVqaQuestions } from '../../src/benchmarks/vqav2/format.ts';
import { roundVqa, scoreVqa, type VqaScore } from '../../src/benchmarks/vqav2/score.ts';
import { vqav2 } from '../../src/benchmarks/vqav2/vqav2.ts';
import type { Recorded } from './scoring-dir.ts';

/** Recomputes what expected.json records; `expected` only tells which cases there are. */
export type Recompute = (folder: string, expected: Recorded) => Promise<Recorded>;

const texts = ({ lines }: Answers): ReadonlyMap<string, string> =>
  new Map(lines.map(({ question_id, text }) => [String(question_id), text]));
const object = (map: ReadonlyMap<unknown, unknown>): Recorded =>
  Object.fromEntries(Array.from(map, ([key, value]) => [String(key), value]));

export const recomputeVqav2: Recompute = async (folder, expected) => {
  const out: Recorded = { results: {} };
  for (const key of Object.keys(expected)) {
    const file = key === 'llava_submission' ? 'answers' : /^llava_submission_from_(.+)$/.exec(key)?.[1];
    if (file === undefined) continue;
    const answers = await readAnswers(join(folder, `${file}.jsonl`), { skipBroken: true });
    out[key] = JSON.parse(String((await vqav2.submission?.(folder, answers))?.bytes));
  }
  const byId = texts(await readAnswers(join(folder, 'answers.jsonl')));
  const annotations = await readVqa(folder, (await readVqaQuestions(folder)).byId);
  for (const variant of Object.keys(expected['results'])) {
    const [official = '', source = ''] = variant.split('__');
    const run = (python2: boolean) => {
      const rule = { version: official === 'official_2016' ? (2016 as const) : (2021 as const), python2 };
      const answerOf = (id: number): string => {
        const text = byId.get(String(id)) ?? '';
        return source === 'llava_submission' ? processM4c(text) : text;
      };
      const score = scoreVqa(annotations(), answerOf, rule);
      return (digits: number): VqaScore => roundVqa(score, rule, digits);
    };
    const accuracy = ({ overall, perAnswerType, perQuestionType }: VqaScore): Recorded => ({
      overall,
      perAnswerType: object(perAnswerType),
      perQuestionType: object(perQuestionType),
    });
    const [two, three] = [run(true), run(false)];
    out['results'][variant] = {
      python2: { accuracy: accuracy(two(2)), accuracy_10_digits: accuracy(two(10)), evalQA: object(two(2).evalQA) },
      python3: {
        accuracy: accuracy(three(2)),
        evalQA_differs_from_python2: changed(
          two(2),
          three(2),
          expected['results'][variant].python3.evalQA_differs_from_python2,
        ),
      },
    };
  }
  return out;
};

/** Questions whose score differs between the interpreters, in the form that the recorded ones have. */
function changed(two: VqaScore, three: VqaScore, form: Recorded): Recorded {
  const pairs = Array.from(two.evalQA).filter(([id, value]) => three.evalQA.get(id) !== value);
  return Object.fromEntries(
    pairs.map(([id, before]) => {
      const after = three.evalQA.get(id);
      const shown = form[String(id)];
      if (Array.isArray(shown)) return [String(id), [before, after]];
      return [String(id), typeof shown === 'object' ? { python2: before, python3: after } : after];
    }),
  );
}

export const recomputeTextvqa: Recompute = async (folder) => {
  const annotations = annotationsByKey(await readText(folder));
  const { lines } = await readAnswers(join(folder, 'answers.jsonl'));
  const items = lines.map(({ question_id, prompt, text }) => {
    const question = questionOfPrompt(prompt) ?? '';
    const annotation = annotations.get(questionKey(String(question_id), question));
    if (annotation === undefined) throw new Error(`no annotation for ${question_id}: ${question}`);
    const { processed, processedTruths, score } = scoreAnswer(annotation, text);
    return { processed, processed_gt: processedTruths, question_id, question_key: question, score };
  });
  const accuracy = items.reduce((sum, { score }) => sum + score, 0) / items.length;
  const printed = [`Samples: ${items.length}`, `Accuracy: ${format(100 * accuracy, 2)}%`];
  return { results: { llava_m4c: { accuracy, items, printed } } };
};

export const recomputeVizwiz: Recompute = async (folder, expected) => {
  const annotations = await readVizwiz(folder);
  const answers = await readAnswers(join(folder, 'answers.jsonl'));
  const byId = texts(answers);
  const raw = (image: string): string => byId.get(image) ?? '';
  const upload = (image: string): string => processM4c(raw(image));
  const answerable = new Map(
    ((expected['raw_with_answerable'] ?? []) as Recorded[]).map((one) => [one['image'], one['answerable'] as number]),
  );
  const figures = (items: readonly VizwizItem[], digits: number, python2 = false): Recorded => {
    const { overall, perAnswerType } = vizwizAccuracy(items);
    const types = Array.from(perAnswerType, ([type, value]) => [type, round(value, digits, python2)]);
    return { overall: round(overall, digits, python2), perAnswerType: Object.fromEntries(types) };
  };
  const evalQA = (items: readonly VizwizItem[], python2 = false): Recorded =>
    Object.fromEntries(items.map(({ image, accuracy }) => [image, round(100 * accuracy, 2, python2)]));
  const official = (answerOf: (image: string) => string, unanswerable: unknown): Recorded => {
    const items = scoreVizwiz(annotations, answerOf);
    return {
      accuracy: figures(items, 2),
      accuracy_10_digits: figures(items, 10),
      evalQA: evalQA(items),
      processed: Object.fromEntries(items.map(({ image, processed }) => [image, processed])),
      unanswerability: unanswerable,
    };
  };
  const vqaItems = scoreByVqaRule(annotations, upload);
  const pairs = annotations.map(({ image, answerable: truth }) => ({
    truth: truth as 0 | 1,
    answerable: answerable.get(image) ?? 0,
  }));
  return {
    llava_submission: JSON.parse(String((await vizwiz.submission?.(folder, answers))?.bytes)),
    // an input that stands among the results: checked against the answers
    raw_with_answerable: annotations.map(({ image }) => ({
      image,
      answer: raw(image),
      answerable: answerable.get(image),
    })),
    results: {
      official_api__llava_submission: official(upload, null),
      official_api__raw_text: official(raw, unanswerability(pairs)),
      vqav2_rule_on_the_same_answers: { accuracy: figures(vqaItems, 2, true), evalQA: evalQA(vqaItems, true) },
    },
  };
};

export const recomputeGqa: Recompute = async (folder) => {
  const questions = await readGqa(folder);
  const { lines } = await readAnswers(join(folder, 'answers.jsonl'));
  const predictions = new Map(lines.map(({ question_id, text }) => [String(question_id), toPrediction(text)]));
  const shown = (scores: GqaScores, full: boolean): Recorded => ({
    printed: printGqa(scores, full),
    scores: Object.fromEntries(
      Object.entries(scores).map(([key, value]) => [key, value instanceof Map ? object(value) : value]),
    ),
  });
  return {
    predictions: lines.map(({ question_id, text }) => ({ questionId: question_id, prediction: toPrediction(text) })),
    results: {
      llava_mode: shown(scoreGqa(questions, predictions), false),
      full_mode: shown(scoreGqa(questions, predictions, await readExtras(folder)), true),
    },
  };
};

export const recomputePope: Recompute = async (folder, expected) => {
  const questions = await readPope(folder);
  const labels = await readLabels(folder);
  const run = async (file: string, printed: boolean): Promise<Recorded> => {
    const answers = answersByCategory(await readAnswers(join(folder, file)), questions);
    return Object.fromEntries(
      Array.from(labels, ([category, lines]) => {
        const mine = (answers.get(category) ?? []).map(({ text }) => text);
        const {
          printed: line,
          samples,
          yesRatio,
          ...score
        } = scorePope(
          category,
          mine,
          lines.map(({ label }) => label),
        );
        const more = printed ? { printed_line_f1_acc_prec_rec_yes: line, samples } : {};
        return [category, { ...score, yes_ratio: yesRatio, ...more }];
      }),
    );
  };
  const { lines } = await readAnswers(join(folder, 'answers.jsonl'));
  const results: Recorded = {
    decisions: Object.fromEntries(lines.map(({ question_id, text }) => [question_id, decide(text)])),
  };
  for (const variant of Object.keys(expected['results'])) {
    const [script = '', kind] = variant.split('__');
    if (script !== 'llava_eval_pope' && script !== 'aoidragon_evaluate') continue;
    results[variant] = await run(answersFile(folder, kind), script === 'llava_eval_pope');
  }
  const f1 = Object.values(results['llava_eval_pope'] as Record<string, { f1: number }>).map((score) => score.f1);
  results['table_figure'] = { mean_f1_percent: (100 * f1.reduce((sum, value) => sum + value, 0)) / f1.length };
  return { results };
};

/** answers.jsonl, or for a case like `misordered_short_answers` the answers_*.jsonl whose name begins it. */
function answersFile(folder: string, kind: string | undefined): string {
  if (kind === undefined) return 'answers.jsonl';
  const found = readdirSync(folder).find((name) => {
    const part = /^answers_(.+)\.jsonl$/.exec(basename(name))?.[1];
    return part !== undefined && kind.startsWith(part);
  });
  if (found === undefined) throw new Error(`no answers file for the case ${kind}`);
  return found;
}
