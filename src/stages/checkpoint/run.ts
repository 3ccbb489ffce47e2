import { constants } from 'node:fs';
import { copyFile, mkdir, readdir, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { adapterTensors, openAdapterFile } from '../../data/adapter.ts';
import { checkWeights, readConfigOf, readStopIds } from '../../data/checkpoint.ts';
import { atInputSize, checkInputSize } from '../../data/input-size.ts';
import { readPreprocessor } from '../../data/preprocess.ts';
import type { TensorInfo } from '../../data/safetensors.ts';
import { loadTokenizer } from '../../data/tokenizer.ts';
import { checkImageToken, checkTextTower, checkVocabulary } from '../../data/vocabulary.ts';
import { decoderShapes } from '../../nn/decoder.ts';
import { llavaShapes } from '../../nn/llava.ts';
import { encoderShapes } from '../../nn/pair.ts';
import { ProblemError } from '../../problem.ts';
import type { Run } from '../kind.ts';
import type { Params } from './kind.ts';

/** What belongs to a checkpoint beside its weights; training states of other programs that may lie there do not. */
const SMALL_FILES = /\.(json|txt|model|jinja)$/;

export const run: Run<Params, never, 'checkpoint'> = async ({ params, output, signal, log }) => {
  const { family, tensors } = await inspect(params);
  const parameters = tensors.reduce((sum, { shape }) => sum + shape.reduce((a, b) => a * b, 1), 0);
  log(`${family}: ${parameters} parameters`);
  const weights = new Set(tensors.map(({ file }) => basename(file)));
  const names = await filesOf(params.path, (name) => weights.has(name) || SMALL_FILES.test(name));
  await mkdir(output.checkpoint, { recursive: true });
  for (const name of names) {
    signal.throwIfAborted();
    await copyFile(join(params.path, name), join(output.checkpoint, name), constants.COPYFILE_FICLONE);
  }
  return { parameters, files: names.length };
};

type Inspected = Readonly<{ family: string; tensors: readonly TensorInfo[] }>;

/** Reads everything but the numbers: what is missing or unfit is an error now, not hours later. */
async function inspect({ path, type }: Params): Promise<Inspected> {
  const found = await stat(path).catch(() => undefined);
  if (found?.isDirectory() !== true) {
    const what = found === undefined ? 'there is no such folder' : 'it is a file; a checkpoint is a folder';
    throw new ProblemError({ code: 'no-checkpoint', message: `${path}: ${what}` });
  }
  if (type === 'adapter') return inspectAdapter(path);
  if (type === 'encoder') return inspectEncoder(path);
  const tokenizer = await loadTokenizer(path);
  const config = await readConfigOf(path, type);
  const text = config.family === 'llava' ? config.text : config;
  checkVocabulary(path, tokenizer, text.vocab);
  await readStopIds(path, text);
  if (config.family !== 'llava') {
    return { family: config.family, tensors: await checkWeights(path, decoderShapes(config)) };
  }
  checkImageToken(path, config, tokenizer);
  atInputSize(config.vision, await readPreprocessor(path));
  return { family: config.family, tensors: await checkWeights(path, llavaShapes(config)) };
}

/** One without a text tower has no tokenizer. */
async function inspectEncoder(path: string): Promise<Inspected> {
  const config = await readConfigOf(path, 'encoder');
  const how = await readPreprocessor(path);
  atInputSize(config.vision, how);
  if ('text' in config) {
    checkTextTower(path, await loadTokenizer(path), config.text);
    checkInputSize(path, how, config.vision.imageSize);
  }
  return { family: config.family, tensors: await checkWeights(path, encoderShapes(config)) };
}

async function inspectAdapter(path: string): Promise<Inspected> {
  const opened = await openAdapterFile(path);
  try {
    adapterTensors(opened, path);
    return { family: 'adapter', tensors: [...opened.tensors.values()] };
  } finally {
    await opened.close();
  }
}

/** Names of the wanted files of a folder; links, as Hugging Face's cache has them, count as what they lead to. */
async function filesOf(folder: string, wanted: (name: string) => boolean): Promise<readonly string[]> {
  const names = (await readdir(folder)).filter(wanted).sort();
  const stats = await Promise.all(names.map((name) => stat(join(folder, name))));
  return names.filter((_, i) => stats[i]?.isFile());
}
