import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { badItem, settle, utf8OrUndefined } from '../../data/bad-items.ts';
import { copyImages } from '../../data/copy-images.ts';
import { readImage } from '../../data/image.ts';
import { type Problem, ProblemError } from '../../problem.ts';
import type { Run } from '../kind.ts';
import type { Params } from './kind.ts';

type Question = Readonly<{
  question_id: string | number;
  image?: string;
  text: string;
  answer?: string | readonly string[];
}>;

export const run: Run<Params, never, 'data'> = async ({ params, output, signal, log }) => {
  const { questions, problems } = await readQuestions(params);
  settle(problems, params.onBadItem);
  for (const { message } of problems) log(`left out: ${message}`);
  if (questions.length === 0)
    throw new ProblemError(
      { code: 'no-questions', message: `${params.questions}: there is no question that can be used` },
      ...problems,
    );
  const images = [...new Set(questions.flatMap(({ image }) => image ?? []))];
  await mkdir(join(output.data, 'images'), { recursive: true });
  if (params.images !== undefined) await copyImages(images, params.images, join(output.data, 'images'), signal);
  await writeFile(
    join(output.data, 'questions.jsonl'),
    questions.map((question) => `${JSON.stringify(question)}\n`).join(''),
  );
  return { questions: questions.length, skipped: problems.length };
};

async function readQuestions(
  params: Params,
): Promise<{ questions: readonly Question[]; problems: readonly Problem[] }> {
  const file = params.questions;
  const bytes = await readFile(file).catch(() => {
    throw new ProblemError({ code: 'no-questions', message: `${file}: there is no such file` });
  });
  const problems: Problem[] = [];
  const questions = new Map<string, Question>();
  const checked = new Map<string, string | undefined>();
  for (const [at, raw] of lines(bytes).entries()) {
    if (raw.every((byte) => byte <= 0x20)) continue;
    const question = parseQuestion(raw);
    const problem =
      typeof question === 'string'
        ? question
        : ((questions.has(String(question.question_id))
            ? `a second question with the id ${question.question_id}`
            : undefined) ?? (await badImage(question, params, checked)));
    if (typeof question === 'string' || problem !== undefined)
      problems.push(badItem('bad-question', file, at + 1, problem ?? ''));
    else questions.set(String(question.question_id), question);
  }
  return { questions: [...questions.values()], problems };
}

function lines(bytes: Buffer): readonly Buffer[] {
  const found: Buffer[] = [];
  for (let start = 0; start <= bytes.length; ) {
    const end = bytes.indexOf(0x0a, start) < 0 ? bytes.length : bytes.indexOf(0x0a, start);
    found.push(bytes.subarray(start, end));
    start = end + 1;
  }
  return found;
}

/** The question, or what is wrong with the line. */
function parseQuestion(raw: Buffer): Question | string {
  const text = utf8OrUndefined(raw);
  if (text === undefined) return 'the line is not UTF-8';
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    return `not valid JSON: ${(error as Error).message}`;
  }
  const { question_id: id, image, text: asked, answer } = (json ?? {}) as Readonly<Record<string, unknown>>;
  if (typeof id !== 'string' && typeof id !== 'number') return 'a question needs a "question_id"';
  if (typeof asked !== 'string' || asked === '') return `question ${id} has no "text"`;
  if (
    image !== undefined &&
    (typeof image !== 'string' || image.split(/[\\/]/).includes('..') || image.startsWith('/'))
  )
    return `question ${id}: "image" must be a path below the folder of images`;
  const answers = Array.isArray(answer) ? (answer as readonly unknown[]) : answer === undefined ? [] : [answer];
  if (!answers.every((one) => typeof one === 'string'))
    return `question ${id}: "answer" must be a text or a list of texts`;
  return json as Question;
}

/** What is wrong with a question's image; each file is read once. */
async function badImage(
  { question_id: id, image }: Question,
  { images }: Params,
  checked: Map<string, string | undefined>,
): Promise<string | undefined> {
  if (image === undefined) return undefined;
  if (images === undefined) return `question ${id} has an image, but no folder of images was given`;
  if (!checked.has(image)) {
    const reason = await readImage(join(images, image)).then(
      () => undefined,
      (error: Error) => error.message,
    );
    checked.set(image, reason);
  }
  const reason = checked.get(image);
  return reason === undefined ? undefined : `question ${id}: ${reason}`;
}
