import { OFFICIAL_JUDGE } from '../../judge/settings.ts';
import { ProblemError } from '../../problem.ts';
import { answersById, repeatedNotices, stopAtMissing } from '../answers.ts';
import { type Benchmark, chooseVariant, type Judge, mean, type Question } from '../benchmark.ts';
import { imageFinder } from '../images.ts';
import { dumpJson } from '../python-text.ts';
import { keyOf, readQuestions, type VetQuestion } from './format.ts';
import { type Grade, grade, JUDGE_MAX_TOKENS } from './judge.ts';
import { aggregate, referenceScore, type VetFigures } from './score.ts';

// who marks decides which of them it is
const variants = ['judge', 'reference_words'] as const;

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
    const { judge } = options;
    if (judge === undefined) {
      throw new ProblemError({
        code: 'no-judge',
        message: 'MM-Vet has no judge',
        hint: 'the official score needs a GPT-4 judge: give its url; `judge: none` marks by the words of the reference',
      });
    }
    const variant = variantOf(judge, options.variant);
    const questions = await readQuestions(folder);
    const byId = answersById(answers, (id) => questions.has(keyOf(id)));
    const texts = new Map(Array.from(byId, ([id, { text }]) => [keyOf(id), text]));
    const missing = [...questions.keys()].filter((key) => !texts.has(key));
    if (missing.length > 0) stopAtMissing(answers, missing);
    const textOf = (key: string): string => texts.get(key) ?? '';
    const grades =
      judge === 'none'
        ? gradeByReference(questions, textOf)
        : await grade(questions, textOf, judge, ({ run, temperature, content }, signal) =>
            judge.ask({ run, temperature, content, maxTokens: JUDGE_MAX_TOKENS }, signal),
          );
    const marksOf = (key: string): readonly number[] => grades.get(key)?.scores ?? [];
    const { byCapability, byIntegration, counts } = aggregate(questions, marksOf);
    const capabilities = [...byCapability.figures].filter(([name]) => name !== 'total');
    return {
      metrics: {
        score: byCapability.figures.get('total') ?? 0,
        ...Object.fromEntries(capabilities.map(([name, value]) => [`capability.${name}`, value])),
      },
      questions: Array.from(questions, ([key, { question, answer }]) => ({
        id: key,
        question,
        answer: textOf(key),
        truth: answer,
        score: mean(marksOf(key)),
      })),
      details: {
        variant,
        judge: judge === 'none' ? judge : { model: judge.model, server: judge.server, runs: judge.runs },
        byCapability: toJson(byCapability),
        byIntegration: toJson(byIntegration),
        counts: Object.fromEntries(counts),
        ...(judge === 'none'
          ? {}
          : {
              grades: Object.fromEntries(
                Array.from(grades, ([key, { contents, scores }]) => [key, { contents, scores }]),
              ),
            }),
      },
      notices: [...judgeNotices(judge, grades), ...repeatedNotices(answers)],
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

function variantOf(judge: 'none' | Judge, wanted: string | undefined): (typeof variants)[number] {
  const variant = judge === 'none' ? 'reference_words' : 'judge';
  if (wanted === undefined || chooseVariant(variants, wanted) === variant) return variant;
  throw new ProblemError({
    code: 'wrong-variant',
    message: `the variant ${wanted} does not go with ${judge === 'none' ? '`judge: none`' : 'a judge'}`,
    hint: `leave variant out: it is ${variant}`,
  });
}

function gradeByReference(
  questions: ReadonlyMap<string, VetQuestion>,
  textOf: (key: string) => string,
): ReadonlyMap<string, Grade> {
  const mark = (key: string, { answer }: VetQuestion): Grade => ({
    contents: [],
    scores: [referenceScore(answer, textOf(key))],
    unread: 0,
  });
  return new Map(Array.from(questions, ([key, question]) => [key, mark(key, question)]));
}

/** Who marked; the official program takes a mark of nan, and so are the figures that it enters, and 0 for no mark at all. */
function judgeNotices(judge: 'none' | Judge, grades: ReadonlyMap<string, Grade>): readonly string[] {
  if (judge === 'none') return ['judge: none (marked by the words of the reference, not by GPT-4)'];
  const { model, server, runs } = judge;
  const marked = `judge: ${model} at ${server}, ${runs === 1 ? '1 run' : `${runs} runs`}`;
  const nan = [...grades].filter(([, { scores }]) => scores.some(Number.isNaN)).map(([key]) => key);
  const unread = [...grades].filter(([, grade]) => grade.unread > 0).map(([key]) => key);
  return [
    model === OFFICIAL_JUDGE ? marked : `${marked}: another judge than ${OFFICIAL_JUDGE}, so another figure`,
    ...(unread.length > 0
      ? [`the judge gave ${listed(unread)} no mark from 0 to 1 in six replies: 0, as the official program counts`]
      : []),
    ...(nan.length > 0 ? [`the judge marked ${listed(nan)} with nan, as the official program allows`] : []),
  ];
}

function listed(keys: readonly string[]): string {
  return keys.length <= 5 ? keys.join(', ') : `${keys.slice(0, 5).join(', ')} and ${keys.length - 5} more`;
}

function toJson({ figures, std, runs }: VetFigures) {
  return { ...Object.fromEntries(figures), std, runs };
}
