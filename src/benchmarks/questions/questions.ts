import { join } from 'node:path';
import { ProblemError } from '../../problem.ts';
import { answersById, repeatedNotices, stopAtMissing } from '../answers.ts';
import { type Benchmark, chooseVariant, mean, type Question } from '../benchmark.ts';
import { imageFinder } from '../images.ts';
import { type Line, question_id, readJsonLines, shape } from '../json-file.ts';
import { stopAt } from '../text-file.ts';
import { processM4c } from '../vqa-answer.ts';

const variants = ['exact'] as const;

const questionLine = shape({
  type: 'object',
  required: ['question_id', 'text'],
  properties: {
    question_id,
    image: { type: 'string' },
    text: { type: 'string' },
    answer: { anyOf: [{ type: 'string' }, { type: 'array', minItems: 1, items: { type: 'string' } }] },
  },
} as const);

type OwnQuestion = Readonly<{
  question_id: string | number;
  image?: string;
  text: string;
  answer?: string | readonly string[];
}>;

/** A user's own questions: LLaVA's question file with answers, as the stage kind `question-set` leaves it. */
export const questions: Benchmark = {
  name: 'questions',
  summary:
    'Your own questions (questions.jsonl: question_id, image?, text, answer?). An answer is right when it equals one of the ' +
    "reference answers after VQA's normalisation; questions without a reference are asked and not marked.",
  headline: 'share of right answers, %',
  metrics: ['score', 'marked'],
  variants,

  async questions(folder) {
    const image = await imageFinder(folder);
    return (await readQuestions(folder)).map(
      ({ question_id, image: name, text }): Question => ({
        id: question_id,
        ...(name === undefined ? {} : { image: image(name) }),
        text,
        recorded: text,
        maxNewTokens: 128,
      }),
    );
  },

  async score(folder, answers, options) {
    const variant = chooseVariant(variants, options.variant);
    const asked = new Map((await readQuestions(folder)).map((question) => [String(question.question_id), question]));
    const byId = answersById(answers, (id) => asked.has(id));
    const missing = [...asked.keys()].filter((id) => !byId.has(id));
    if (missing.length > 0) stopAtMissing(answers, missing);
    const marked = Array.from(asked.values()).flatMap(({ question_id, text, answer: truth }) => {
      if (truth === undefined) return [];
      const answer = byId.get(String(question_id))?.text ?? '';
      const truths = typeof truth === 'string' ? [truth] : truth;
      const right = truths.some((one) => processM4c(one) === processM4c(answer));
      return [{ id: question_id, question: text, answer, truth, score: right ? 1 : 0 }];
    });
    if (marked.length === 0) {
      throw new ProblemError({ code: 'cannot-score', message: `no question of ${folder} has a reference answer` });
    }
    return {
      metrics: { score: 100 * mean(marked.map(({ score }) => score)), marked: marked.length },
      questions: marked,
      details: { variant, questions: asked.size, marked: marked.length },
      notices: [
        ...(marked.length < asked.size ? [`${asked.size - marked.length} questions have no reference answer`] : []),
        ...repeatedNotices(answers),
      ],
    };
  },
};

async function readQuestions(folder: string): Promise<readonly OwnQuestion[]> {
  const file = join(folder, 'questions.jsonl');
  const lines: readonly Line<OwnQuestion>[] = (await readJsonLines(file, questionLine)) as readonly Line<OwnQuestion>[];
  const seen = new Set<string>();
  for (const { line, value } of lines) {
    const id = String(value.question_id);
    if (seen.has(id)) stopAt(file, line, 'duplicate-id', `a second question with the id ${id}`);
    seen.add(id);
  }
  return lines.map(({ value }) => value);
}
