import { join } from 'node:path';
import { answersById, stopAtMissing } from '../../../src/benchmarks/answers.ts';
import { type Benchmark, chooseVariant, mean } from '../../../src/benchmarks/benchmark.ts';
import { imageFinder } from '../../../src/benchmarks/images.ts';
import { readJsonLines, shape } from '../../../src/benchmarks/json-file.ts';

const text = { type: 'string' } as const;
const line = shape({
  type: 'object',
  required: ['question_id', 'image', 'text', 'label'],
  properties: { question_id: { type: 'integer' }, image: text, text, label: { enum: ['yes', 'no'] } },
} as const);
const read = (folder: string) => readJsonLines(join(folder, 'questions.jsonl'), line);
const variants = ['first-word'] as const;

export const yesNo: Benchmark = {
  name: 'yes-no',
  summary: 'Questions with yes or no for an answer; right when the first word of the answer is the label.',
  headline: 'accuracy, %',
  metrics: ['score'],
  variants,

  async questions(folder) {
    const image = await imageFinder(folder);
    return (await read(folder)).map(({ value: { question_id: id, image: name, text } }) => {
      return { id, image: image(name), text, recorded: text, maxNewTokens: 8 };
    });
  },

  async score(folder, answers, options) {
    const variant = chooseVariant(variants, options.variant);
    const asked = (await read(folder)).map(({ value }) => value);
    const ids = new Set(asked.map(({ question_id }) => String(question_id)));
    const given = answersById(answers, (id) => ids.has(id));
    const missing = [...ids].filter((id) => !given.has(id));
    if (missing.length > 0) stopAtMissing(answers, missing);
    const questions = asked.map(({ question_id: id, text: question, label: truth }) => {
      const answer = given.get(String(id))?.text ?? '';
      return { id, question, answer, truth, score: /^\w+/.exec(answer.toLowerCase())?.[0] === truth ? 1 : 0 };
    });
    const score = 100 * mean(questions.map((one) => one.score));
    return { metrics: { score }, questions, details: { variant }, notices: [] };
  },
};
