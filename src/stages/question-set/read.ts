import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { badItem, utf8OrUndefined } from '../../data/bad-items.ts';
import { isInside } from '../../data/dataset.ts';
import { readImage } from '../../data/image.ts';
import { IMAGE_MARK } from '../../data/template.ts';
import { type Problem, ProblemError } from '../../problem.ts';

/** A line of LLaVA's question file, with the right answer or answers where they are known. */
export type OwnQuestion = Readonly<{
  question_id: string | number;
  image?: string;
  text: string;
  answer?: string | readonly string[];
}>;

/** Questions that can be asked, and what is wrong with each other line. `images` is undefined for text only. */
export async function readQuestions(
  file: string,
  images: string | undefined,
  signal: AbortSignal,
): Promise<Readonly<{ questions: readonly OwnQuestion[]; problems: readonly Problem[] }>> {
  const bytes = await readFile(file).catch((error: NodeJS.ErrnoException) => {
    const message = error.code === 'ENOENT' ? 'there is no such file' : error.message;
    throw new ProblemError({ code: 'bad-question-file', message: `${file}: ${message}` });
  });
  const problems: Problem[] = [];
  const questions = new Map<string, OwnQuestion>();
  const wrongWith = imageChecker(images);
  for (const [at, raw] of linesOf(bytes).entries()) {
    signal.throwIfAborted();
    if (raw.every((byte) => byte <= 0x20)) continue;
    const bad = (code: string, message: string) => problems.push(badItem(code, file, at + 1, message));
    const question = parseQuestion(raw);
    if (typeof question === 'string') {
      bad('bad-question', question);
      continue;
    }
    const id = String(question.question_id);
    const wrong = question.image === undefined ? undefined : await wrongWith(question.image);
    if (questions.has(id)) bad('duplicate-id', `a second question with the id ${id}`);
    else if (wrong !== undefined) bad('bad-image', `question ${id}: ${wrong}`);
    else questions.set(id, question);
  }
  return { questions: [...questions.values()], problems };
}

function linesOf(bytes: Buffer): readonly Buffer[] {
  const found: Buffer[] = [];
  for (let start = 0; start <= bytes.length; ) {
    const end = bytes.indexOf(0x0a, start) < 0 ? bytes.length : bytes.indexOf(0x0a, start);
    found.push(bytes.subarray(start, end));
    start = end + 1;
  }
  return found;
}

/** The question, or what is wrong with the line. */
function parseQuestion(raw: Buffer): OwnQuestion | string {
  const line = utf8OrUndefined(raw);
  if (line === undefined) return 'the line is not UTF-8';
  let json: unknown;
  try {
    json = JSON.parse(line);
  } catch (error) {
    return `not valid JSON: ${(error as Error).message}`;
  }
  const { question_id: id, image, text, answer } = (json ?? {}) as Readonly<Record<string, unknown>>;
  if (typeof id !== 'string' && !Number.isSafeInteger(id))
    return 'a question needs a "question_id", a text or a number';
  const name = `question ${id}`;
  if (typeof text !== 'string' || text.trim() === '') return `${name} has no "text"`;
  if (text.includes(IMAGE_MARK)) return `${name} has ${IMAGE_MARK} in its "text"; the image goes before it by itself`;
  if (image !== undefined && (typeof image !== 'string' || !isInside(image)))
    return `${name}: "image" must be a path below the folder of images, not ${JSON.stringify(image)}`;
  const answers: readonly unknown[] = answer === undefined || Array.isArray(answer) ? (answer ?? ['']) : [answer];
  if (answers.length === 0 || !answers.every((one) => typeof one === 'string'))
    return `${name}: "answer" must be a text or a list of texts`;
  return {
    question_id: id as string | number,
    ...(image === undefined ? {} : { image: image as string }),
    text,
    ...(answer === undefined ? {} : { answer: answer as string | readonly string[] }),
  };
}

/** Says what is wrong with an image; each file is read once. */
function imageChecker(folder: string | undefined): (image: string) => Promise<string | undefined> {
  const checked = new Map<string, string | undefined>();
  return async (image) => {
    if (folder === undefined) return `it has an image, but no folder of images was given`;
    if (!checked.has(image)) {
      const wrong = await readImage(join(folder, image)).then(
        () => undefined,
        (error: Error) => error.message,
      );
      checked.set(image, wrong);
    }
    return checked.get(image);
  };
}
