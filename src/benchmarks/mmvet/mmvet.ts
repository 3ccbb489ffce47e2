import { ProblemError } from '../../problem.ts';
import { answersById, stopAtMissing } from '../answers.ts';
import { type Benchmark, chooseVariant, type Question } from '../benchmark.ts';
import { imageFinder } from '../images.ts';
import { dumpJson } from '../python-text.ts';
import { keyOf, readQuestions } from './format.ts';
import { aggregate, referenceScore, type VetFigures } from './score.ts';

const variants = ['reference_words'] as const;

export const mmvet: Benchmark = {
  name: 'mmvet',
  summary:
    'Open questions that need several capabilities at once (MM-Vet, yuweihao/MM-Vet; Apache 2.0). Tables report the total ' +
    'that a GPT-4 judge gives. `judge: none` marks by the words of the reference instead: another figure, named so.',
  headline: 'total, %',
  metrics: ['score'],
  variants,

  async questions(folder) {
    const image = await imageFinder(folder);
    return Array.from(
      await readQuestions(folder),
      ([key, { imagename, question }]): Question => ({
        id: Number(key.replace(/^v1_/, '')),
        image: image(imagename),
        text: question,
        recorded: question,
        maxNewTokens: 1024,
      }),
    );
  },

  async score(folder, answers, options) {
    const variant = chooseVariant(variants, options.variant);
    if (options.judge !== 'none') {
      throw new ProblemError({
        code: 'no-judge',
        message: `MM-Vet has no judge "${options.judge ?? ''}"`,
        hint: 'the official score needs a GPT-4 judge; `judge: none` marks by the words of the reference',
      });
    }
    const questions = await readQuestions(folder);
    const byId = answersById(answers, (id) => questions.has(keyOf(id)));
    const texts = new Map(Array.from(byId, ([id, { text }]) => [keyOf(id), text]));
    const missing = [...questions.keys()].filter((key) => !texts.has(key));
    if (missing.length > 0) stopAtMissing(answers, missing);
    const scores = new Map(
      Array.from(questions, ([key, { answer }]) => [key, referenceScore(answer, texts.get(key) ?? '')]),
    );
    const { byCapability, byIntegration, counts } = aggregate(questions, (key) => [scores.get(key) ?? 0]);
    const capabilities = [...byCapability.figures].filter(([name]) => name !== 'total');
    return {
      metrics: {
        score: byCapability.figures.get('total') ?? 0,
        ...Object.fromEntries(capabilities.map(([name, value]) => [`capability.${name}`, value])),
      },
      questions: Array.from(questions, ([key, { question, answer }]) => ({
        id: key,
        question,
        answer: texts.get(key) ?? '',
        truth: answer,
        score: scores.get(key) ?? 0,
      })),
      details: {
        variant,
        judge: 'none',
        byCapability: toJson(byCapability),
        byIntegration: toJson(byIntegration),
        counts: Object.fromEntries(counts),
      },
      notices: ['judge: none (marked by the words of the reference, not by GPT-4)'],
    };
  },

  async submission(folder, answers) {
    const questions = await readQuestions(folder);
    answersById(answers, (id) => questions.has(keyOf(id)));
    const results = new Map(answers.lines.map(({ question_id, text }) => [keyOf(question_id), text]));
    const missing = [...questions.keys()].filter((key) => !results.has(key));
    if (missing.length > 0) stopAtMissing(answers, missing);
    return { name: 'mm-vet-results.json', bytes: dumpJson(results, 2), notices: [] };
  },
};

function toJson({ figures, std, runs }: VetFigures) {
  return { ...Object.fromEntries(figures), std, runs };
}
