import { existsSync, readdirSync, statSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { ProblemError, suggest } from '../problem.ts';
import type { Context } from './context.ts';
import { findPictures, type ModelSource, type Pictures } from './model-source.ts';

/** A picture file, what it is called, and the truth of its patches where it is one of a drawn world. */
export type Picture = Readonly<{ name: string; path: string; truth?: string }>;

type Asked = Readonly<{ image: string; data?: string }>;

/** A file of the user's own, or a picture by its name in `data` or, without it, in what the models were trained on. */
export async function findPicture(
  { image, data }: Asked,
  models: readonly ModelSource[],
  file: string | undefined,
  context: Context,
): Promise<Picture> {
  if (data !== undefined) {
    const pictures = await findPictures(data, file, context);
    return pictureIn(pictures, image) ?? unknown(image, [pictures]);
  }
  if (isFile(image)) return { name: basename(image), path: resolve(image) };
  const known = models.flatMap(({ pictures }) => pictures);
  for (const pictures of known) {
    const found = pictureIn(pictures, image);
    if (found !== undefined) return found;
  }
  return unknown(image, known);
}

function pictureIn({ folder, truth }: Pictures, name: string): Picture | undefined {
  const path = join(folder, name);
  return isFile(path) ? { name, path, ...(truth === undefined ? {} : { truth }) } : undefined;
}

const isFile = (path: string): boolean => existsSync(path) && statSync(path).isFile();

/** Names that a mistyped one is compared with. */
const COMPARED = 5000;

function unknown(image: string, searched: readonly Pictures[]): never {
  const names = searched.flatMap(({ folder }) => readdirSync(folder).slice(0, COMPARED));
  const stages = [...new Set(searched.map(({ stage }) => stage))];
  throw new ProblemError({
    code: 'unknown-image',
    message: `there is no file ${image}${stages.length === 0 ? '' : `, and no picture of this name in ${stages.join(', ')}`}`,
    hint: names.length === 0 ? 'name a picture file' : suggest(image, names),
  });
}
