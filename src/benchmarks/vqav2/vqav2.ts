import { answersById, repeatedNotices, stopAtMissing, uploadNotices } from '../answers.ts';
import { type Benchmark, chooseVariant, type QuestionScore } from '../benchmark.ts';
import { imageFinder } from '../images.ts';
import { dumpJson } from '../python-text.ts';
import { SHORT_ANSWER } from '../short-answer.ts';
import { ANNOTATORS, annotatorNotices, processM4c } from '../vqa-answer.ts';
import { readAnnotations, readOrder, readQuestions, type VqaAnnotation } from './format.ts';
import { roundVqa, scoreVqa, type VqaRule } from './score.ts';

const variants = [
  'official_2021__llava_submission__python2',
  'official_2021__llava_submission__python3',
  'official_2021__raw_text__python2',
  'official_2021__raw_text__python3',
  'official_2016__llava_submission__python2',
  'official_2016__llava_submission__python3',
  'official_2016__raw_text__python2',
  'official_2016__raw_text__python3',
] as const;

export const vqav2: Benchmark = {
  name: 'vqav2',
  summary:
    'Open questions about COCO photos, ten human answers each (VQA v2, visualqa.org; annotations CC BY 4.0). Tables report ' +
    'test-dev accuracy from the server; on a split with public annotations this is the same computation.',
  headline: 'overall accuracy, %, of the answers as LLaVA uploads them',
  metrics: ['score'],
  variants,

  async questions(folder, { prompt }) {
    const image = await imageFinder(folder);
    const { byId, imageName } = await readQuestions(folder);
    return Array.from(byId, ([id, { question, image_id }]) => ({
      id,
      image: image(imageName(image_id)),
      text: prompt === 'bare' ? question : `${question}\n${SHORT_ANSWER}`,
      recorded: `${question}\n${SHORT_ANSWER}`,
      maxNewTokens: 128,
    }));
  },

  async score(folder, answers, options) {
    const variant = chooseVariant(variants, options.variant);
    const rule: VqaRule = { version: variant.includes('2016') ? 2016 : 2021, python2: variant.endsWith('python2') };
    const upload = variant.includes('llava_submission');
    const { byId: asked } = await readQuestions(folder);
    const annotations = await readAnnotations(folder, asked);
    const known = new Set(Array.from(asked.keys(), String));
    const byId = answersById(answers, (id) => known.has(id));
    const missing = [...asked.keys()].filter((id) => !byId.has(String(id)));
    if (missing.length > 0) stopAtMissing(answers, missing);
    const questions: QuestionScore[] = [];
    const truths = new Map<number, string>();
    let uncommon = 0;
    const submitted = (id: number): string => {
      const text = byId.get(String(id))?.text ?? '';
      return upload ? processM4c(text) : text;
    };
    // keeps only each question's most common answer
    function* remembering(): Iterable<VqaAnnotation> {
      for (const annotation of annotations()) {
        const { question_id, multiple_choice_answer, answers: given } = annotation;
        truths.set(question_id, multiple_choice_answer ?? given[0]?.answer ?? '');
        if (given.length !== ANNOTATORS) uncommon++;
        yield annotation;
      }
    }
    const raw = scoreVqa(remembering(), submitted, rule);
    const score = roundVqa(raw, rule);
    for (const [id, percent] of raw.evalQA) {
      const answer = byId.get(String(id))?.text ?? '';
      questions.push({
        id,
        question: asked.get(id)?.question ?? '',
        answer,
        truth: truths.get(id) ?? '',
        score: percent / 100,
      });
    }
    return {
      metrics: {
        score: score.overall,
        ...prefixed('answerType', score.perAnswerType),
        ...prefixed('questionType', score.perQuestionType),
      },
      questions,
      details: {
        variant,
        accuracy: {
          overall: score.overall,
          perAnswerType: Object.fromEntries(score.perAnswerType),
          perQuestionType: Object.fromEntries(score.perQuestionType),
        },
      },
      notices: [...annotatorNotices(uncommon), ...repeatedNotices(answers)],
    };
  },

  uploadSkipsBroken: true,
  async submission(folder, answers) {
    const byId = new Map(answers.lines.map((answer) => [String(answer.question_id), answer.text]));
    const order = await readOrder(folder);
    const entries = order.map((question_id) => {
      const text = byId.get(String(question_id));
      return { question_id, answer: text === undefined ? '' : processM4c(text) };
    });
    const empty = order.filter((id) => !byId.has(String(id))).length;
    return {
      name: 'vqav2.json',
      bytes: dumpJson(entries),
      notices: [
        ...uploadNotices(answers, order),
        ...(empty > 0 ? [`${empty} questions without an answer are uploaded with an empty one`] : []),
      ],
    };
  },
};

function prefixed(prefix: string, values: ReadonlyMap<string, number>): Record<string, number> {
  return Object.fromEntries(Array.from(values, ([name, value]) => [`${prefix}.${name}`, value]));
}
