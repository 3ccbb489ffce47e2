import { constants } from 'node:fs';
import { copyFile, mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { openAdapterFile } from '../../data/adapter.ts';
import { openWeights, readConfigOf } from '../../data/checkpoint.ts';
import { readPreprocessor } from '../../data/preprocess.ts';
import { loadTokenizer } from '../../data/tokenizer.ts';
import { ProblemError } from '../../problem.ts';
import type { Run } from '../kind.ts';
import type { Params } from './kind.ts';

/** What belongs to a checkpoint folder; training states and caches of other programs that may lie beside it do not. */
const FILES = /\.(json|safetensors|bin|txt|model)$/;

export const run: Run<Params, never, 'checkpoint'> = async ({ params, output, signal, log }) => {
  const { parameters, description } = await inspect(params);
  log(description);
  const files = (await readdir(params.path, { withFileTypes: true })).filter(
    (entry) => entry.isFile() && FILES.test(entry.name),
  );
  await mkdir(output.checkpoint, { recursive: true });
  for (const { name } of files) {
    signal.throwIfAborted();
    await copyFile(join(params.path, name), join(output.checkpoint, name), constants.COPYFILE_FICLONE);
  }
  return { parameters, files: files.length };
};

/** Reads everything but the numbers: what is missing or unfit is an error now, not hours later. */
async function inspect({ path, type }: Params): Promise<Readonly<{ parameters: number; description: string }>> {
  await readdir(path).catch(() => {
    throw new ProblemError({ code: 'no-checkpoint', message: `${path}: there is no such folder` });
  });
  const opened = type === 'adapter' ? await openAdapterFile(path) : await openWeights(path);
  const parameters = [...opened.tensors.values()].reduce((sum, { shape }) => sum + shape.reduce((a, b) => a * b, 1), 0);
  await opened.close();
  if (type === 'adapter') return { parameters, description: `adapter: ${parameters} parameters` };
  const config = await readConfigOf(path, type);
  await loadTokenizer(path);
  if (type !== 'language-model') await readPreprocessor(path);
  return { parameters, description: `${config.family}: ${parameters} parameters` };
}
