import { createReadStream } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { ProblemError } from '../problem.ts';
import type { Truth } from './truth.ts';

/** What `truth.jsonl` says of an image, as far as a diagnosis reads it. */
export type ImageTruth = Readonly<{ image: string; patches: Truth['patches']; background: string }>;

/** The lines of a truth folder, one at a time. Throws ProblemError naming file and line. */
export async function* readTruth(folder: string): AsyncGenerator<ImageTruth> {
  const file = join(folder, 'truth.jsonl');
  const stream = createReadStream(file, 'utf8');
  let line = 0;
  try {
    for await (const text of createInterface({ input: stream, crlfDelay: Number.POSITIVE_INFINITY })) {
      line++;
      yield parseTruth(text) ?? stopAt(file, line);
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    throw new ProblemError({
      code: 'no-truth',
      message: `there is no ${file}`,
      hint: 'the output `truth` of a `world` stage is such a folder',
    });
  } finally {
    stream.destroy();
  }
}

function parseTruth(text: string): ImageTruth | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  const { image, patches, scene } = (value ?? {}) as Partial<Truth>;
  const background: unknown = scene?.background;
  const isList = Array.isArray(patches) && patches.every((words) => Array.isArray(words) && words.every(isText));
  return isText(image) && isText(background) && isList ? { image, patches, background } : undefined;
}

const isText = (value: unknown): value is string => typeof value === 'string';

function stopAt(file: string, line: number): never {
  throw new ProblemError({
    code: 'bad-truth',
    message: 'expected { image, patches: lists of words, scene: { background } }',
    at: { file, line, column: 1 },
  });
}
