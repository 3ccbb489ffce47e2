import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { settle } from '../../data/bad-items.ts';
import { copyImages } from '../../data/copy-images.ts';
import { ProblemError, problemLine } from '../../problem.ts';
import type { Run } from '../kind.ts';
import type { Params } from './kind.ts';
import { readQuestions } from './read.ts';

export const run: Run<Params, never, 'data'> = async ({ params, output, signal, log }) => {
  const { questions, problems } = await readQuestions(params.questions, params.images, signal);
  settle(problems, params.onBadItem);
  for (const problem of problems) log(`left out: ${problemLine(problem)}`);
  if (questions.length === 0) {
    const none = { code: 'no-questions', message: `${params.questions}: there is no question that can be used` };
    throw new ProblemError(none, ...problems);
  }
  const images = [...new Set(questions.flatMap(({ image }) => image ?? []))];
  await mkdir(join(output.data, 'images'), { recursive: true });
  if (params.images !== undefined) await copyImages(images, params.images, join(output.data, 'images'), signal);
  const lines = questions.map((question) => `${JSON.stringify(question)}\n`);
  await writeFile(join(output.data, 'questions.jsonl'), lines.join(''));
  return { questions: questions.length, skipped: problems.length };
};
