import {
  type Answer,
  type Answers,
  answersById,
  repeatedNotices,
  stopAtAnswers,
  stopAtMissing,
  uploadNotices,
} from '../answers.ts';
import { type Benchmark, chooseVariant } from '../benchmark.ts';
import { imageFinder } from '../images.ts';
import { dumpJson, round } from '../python-text.ts';
import { SHORT_ANSWER } from '../short-answer.ts';
import { ANNOTATORS, annotatorNotices, processM4c } from '../vqa-answer.ts';
import { readAnnotations, readOrder, readQuestions, type VizwizAnnotation } from './format.ts';
import { scoreByVqaRule, scoreVizwiz, unanswerability, vizwizAccuracy } from './score.ts';

const variants = ['official_api__llava_submission', 'official_api__raw_text', 'vqav2_rule__llava_submission'] as const;
const UNANSWERABLE = "When the provided information is insufficient, respond with 'Unanswerable'.";

export const vizwiz: Benchmark = {
  name: 'vizwiz',
  summary:
    'Questions that blind people asked about their photos, ten answers each, many unanswerable (VizWiz-VQA, vizwiz.org; ' +
    'CC BY 4.0). Tables report overall accuracy from the server; on val this is the same computation.',
  headline: 'overall accuracy, %, of the answers as LLaVA uploads them',
  metrics: ['score'],
  variants,

  async questions(folder, { prompt }) {
    const image = await imageFinder(folder);
    return (await readQuestions(folder)).map(({ image: name, question }) => {
      const recorded = `${question}\n${UNANSWERABLE}\n${SHORT_ANSWER}`;
      return {
        id: name,
        image: image(name),
        text: prompt === 'bare' ? question : recorded,
        recorded,
        maxNewTokens: 128,
      };
    });
  },

  async score(folder, answers, options) {
    const variant = chooseVariant(variants, options.variant);
    const annotations = await readAnnotations(folder);
    const names = new Set(annotations.map(({ image }) => image));
    const byId = answersById(answers, (id) => names.has(id));
    const missing = [...names].filter((name) => !byId.has(name));
    if (missing.length > 0) stopAtMissing(answers, missing);
    const answerOf = (image: string): string => {
      const text = byId.get(image)?.text ?? '';
      return variant.endsWith('raw_text') ? text : processM4c(text);
    };
    const vqaRule = variant.startsWith('vqav2_rule');
    const items = (vqaRule ? scoreByVqaRule : scoreVizwiz)(annotations, answerOf);
    const { overall, perAnswerType } = vizwizAccuracy(items);
    const rounded = (value: number): number => round(value, 2, vqaRule);
    const types = Array.from(perAnswerType, ([type, value]): [string, number] => [type, rounded(value)]);
    const unanswerable = unanswerabilityOf(annotations, answers, byId);
    return {
      metrics: {
        score: rounded(overall),
        ...Object.fromEntries(types.map(([type, value]) => [`answerType.${type}`, value])),
        ...Object.fromEntries(
          Object.entries(unanswerable ?? {}).map(([name, value]) => [`unanswerability.${name}`, value]),
        ),
      },
      questions: annotations.map(({ image, question, answers: truths }, index) => ({
        id: image,
        question,
        answer: byId.get(image)?.text ?? '',
        truth: truths.map(({ answer }) => answer),
        score: items[index]?.accuracy ?? 0,
      })),
      details: {
        variant,
        accuracy: { overall: rounded(overall), perAnswerType: Object.fromEntries(types) },
        ...(unanswerable === undefined ? {} : { unanswerability: unanswerable }),
      },
      notices: [
        ...annotatorNotices(annotations.filter((one) => one.answers.length !== ANNOTATORS).length),
        ...repeatedNotices(answers),
      ],
    };
  },

  uploadSkipsBroken: true,
  async submission(folder, answers) {
    const byId = new Map(answers.lines.map((answer) => [String(answer.question_id), answer.text]));
    const order = await readOrder(folder);
    const missing = order.flatMap(({ id }) => (byId.has(id) ? [] : [id]));
    if (missing.length > 0) stopAtMissing(answers, missing);
    return {
      name: 'vizwiz.json',
      bytes: dumpJson(order.map(({ id, image }) => ({ image, answer: processM4c(byId.get(id) ?? '') }))),
      notices: uploadNotices(
        answers,
        order.map(({ id }) => id),
      ),
    };
  },
};

/** How well the answers' `answerable` (0..1) tells unanswerable questions apart; nothing where no answer says it. */
function unanswerabilityOf(
  annotations: readonly VizwizAnnotation[],
  answers: Answers,
  byId: ReadonlyMap<string, Answer>,
): Readonly<Record<string, number>> | undefined {
  if (answers.lines.every(({ answerable }) => answerable === undefined)) return undefined;
  const without = answers.lines.filter(({ answerable }) => answerable === undefined);
  if (without.length > 0)
    stopAtAnswers(answers, without, 'no-answerable', 'only some answers say `answerable`, not that to');
  return unanswerability(
    annotations.map(({ image, answerable }) => ({
      truth: answerable === 0 ? 0 : 1,
      answerable: byId.get(image)?.answerable ?? 0,
    })),
  );
}
