import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { decodeImage, readImage } from '../data/image.ts';
import type { Rgb } from '../data/resize.ts';

/** A question's picture: a file of the benchmark's folder, or bytes that stand in the question file (MMBench). */
export type QuestionImage = Readonly<{
  /** unique in the benchmark: the path below images/, or the row's index */
  name: string;
}> &
  (Readonly<{ path: string }> | Readonly<{ base64: string }>);

export async function imageBytes(image: QuestionImage): Promise<Buffer> {
  return 'path' in image ? readFile(image.path) : Buffer.from(image.base64, 'base64');
}

/**
 * Finds a benchmark's images below `images/`, by the first of the given names that exists; where the official name
 * ends in .jpg a .png of the same stem is as good. A missing file is left to whoever opens it: scoring needs none.
 */
export async function imageFinder(folder: string): Promise<(...names: string[]) => QuestionImage> {
  const root = join(folder, 'images');
  const found = new Set(await readdir(root, { recursive: true }).catch(() => []));
  return (...names) => {
    const candidates = names.flatMap((name) => [
      name,
      name.replace(/\.[^./]*$/, '.png'),
      name.replace(/\.[^./]*$/, '.jpg'),
    ]);
    const name = candidates.find((candidate) => found.has(join(candidate))) ?? names[0] ?? '';
    return { name, path: join(root, name) };
  };
}

/** Its pixels. Throws ProblemError naming the picture when it is missing or broken. */
export async function decodeQuestionImage(image: QuestionImage): Promise<Rgb> {
  return 'path' in image ? readImage(image.path) : decodeImage(await imageBytes(image), image.name);
}
