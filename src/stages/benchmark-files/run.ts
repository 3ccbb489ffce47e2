import { constants } from 'node:fs';
import { access, copyFile, mkdir, readdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { benchmarkNamed } from '../../benchmarks/list.ts';
import { ProblemError } from '../../problem.ts';
import type { Run } from '../kind.ts';
import type { Params } from './kind.ts';

export const run: Run<Params, never, 'data'> = async ({ params, output, signal, log }) => {
  const benchmark = benchmarkNamed(params.benchmark);
  const questions = await benchmark.questions(params.path, { prompt: 'llava', choices: 'letter' });
  if (questions.length === 0)
    throw new ProblemError({
      code: 'no-questions',
      message: `${params.path}: there is no question of ${benchmark.name}`,
    });
  const images = new Map(questions.flatMap(({ image }) => (image === undefined ? [] : [[image.name, image]])));
  const paths = [...images.values()].flatMap((image) => ('path' in image ? [image.path] : []));
  await stopAtAbsent(paths, signal);
  const copied = await copyFolder(params.path, output.data, new Set(paths), signal);
  log(`${benchmark.name}: ${questions.length} questions, ${images.size} images, ${copied} files`);
  return { questions: questions.length, images: images.size };
};

/** Stops at images that no file holds: now, not when the model is asked. */
async function stopAtAbsent(paths: readonly string[], signal: AbortSignal): Promise<void> {
  const absent: string[] = [];
  for (const path of paths) {
    signal.throwIfAborted();
    await access(path).catch(() => absent.push(path));
  }
  const [first] = absent;
  if (first === undefined) return;
  const rest = absent.length > 1 ? `, and ${absent.length - 1} more` : '';
  throw new ProblemError({
    code: 'missing-image',
    message: `${first} is not there${rest}`,
    hint: "the questions' images lie in images/ below the folder",
  });
}

/** Every file of a folder except images that no question shows. Returns how many. */
async function copyFolder(from: string, to: string, images: ReadonlySet<string>, signal: AbortSignal): Promise<number> {
  const names = await readdir(from, { recursive: true, withFileTypes: true });
  let copied = 0;
  await mkdir(to, { recursive: true });
  for (const file of names) {
    signal.throwIfAborted();
    const path = join(file.parentPath, file.name);
    const name = path.slice(join(from, '/').length);
    if (file.isDirectory() || (name.startsWith('images/') && !images.has(path))) continue;
    await mkdir(dirname(join(to, name)), { recursive: true });
    await copyFile(path, join(to, name), constants.COPYFILE_FICLONE);
    copied++;
  }
  return copied;
}
