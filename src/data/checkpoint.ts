import { access } from 'node:fs/promises';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { nearest, type Problem, ProblemError } from '../problem.ts';
import type { DecoderConfig, EncoderConfig, LlavaConfig, ModelConfig, VisionOnlyConfig } from './config.ts';
import { parseConfig } from './config-parse.ts';
import { readFinite } from './finite.ts';
import { readJsonFile } from './json-file.ts';
import { isFloating, openSafetensors, openSharded, type TensorFile, type TensorInfo } from './safetensors.ts';
import { spelling } from './spelling.ts';
import { openTorchFile } from './torch-file.ts';

type Families = {
  encoder: EncoderConfig | VisionOnlyConfig;
  'language-model': DecoderConfig;
  model: LlavaConfig;
};

const families: { readonly [K in keyof Families]: readonly Families[K]['family'][] } = {
  encoder: ['clip', 'siglip', 'dinov2', 'dinov2_with_registers', 'vit'],
  'language-model': ['llama', 'gemma', 'phi3'],
  model: ['llava'],
};

/** The configuration of a Hugging Face folder. Throws ProblemError naming the file. */
export async function readConfig(folder: string): Promise<ModelConfig> {
  const file = join(folder, 'config.json');
  return parseConfig(await readJson(file), file);
}

/** The configuration of a folder that must hold one sort of model: the type of the port that it came through. */
export async function readConfigOf<K extends keyof Families>(folder: string, sort: K): Promise<Families[K]> {
  const config = await readConfig(folder);
  if (!(families[sort] as readonly string[]).includes(config.family)) {
    throw bad(
      `${folder}: a ${config.family} checkpoint, not ${sort === 'encoder' ? 'an' : 'a'} ${sort} (${families[sort].join(', ')})`,
    );
  }
  return config as Families[K];
}

/** The configuration of an encoder that has a text tower in the space of its images. */
export async function readPairedConfig(folder: string): Promise<EncoderConfig> {
  const config = await readConfigOf(folder, 'encoder');
  if ('text' in config) return config;
  throw new ProblemError({
    code: 'no-text-encoder',
    message: `${folder}: a ${config.family} checkpoint has no paired text encoder, so its patches cannot be compared with words`,
    hint: 'labels.encoder may be another encoder (CLIP, SigLIP) than the one whose features the adapter reads',
  });
}

/** Token ids that end an answer: generation_config.json's where there is one (Llama-3 and Phi-3 have several). */
export async function readStopIds(folder: string, config: DecoderConfig): Promise<readonly number[]> {
  const file = join(folder, 'generation_config.json');
  if (!(await exists(file))) return config.eos;
  const stated = ((await readJson(file)) as { eos_token_id?: unknown } | null)?.eos_token_id ?? config.eos;
  const list = Array.isArray(stated) ? stated : [stated];
  if (!list.every((id) => Number.isSafeInteger(id))) throw bad(`${file}: "eos_token_id" must be token ids`);
  return list as number[];
}

/** Opens the weights of a folder in the order that transformers looks for them. Close the result. */
export async function openWeights(folder: string): Promise<TensorFile> {
  const candidates: readonly [string, (file: string) => Promise<TensorFile>][] = [
    ['model.safetensors', openSafetensors],
    ['model.safetensors.index.json', openSharded],
    ['pytorch_model.bin', openTorchFile],
    ['pytorch_model.bin.index.json', (file) => openSharded(file, openTorchFile)],
  ];
  for (const [name, open] of candidates) {
    const file = join(folder, name);
    if (await exists(file)) return open(file);
  }
  throw bad(`${folder}: there are no weights (${candidates.map(([name]) => name).join(', ')})`);
}

export type LoadOptions = Readonly<{
  /** take only names that begin so, and take this beginning off */
  prefix?: string;
  /** names and shapes that must be there (after `prefix`); what is missing, surplus or shaped otherwise is an error */
  expect?: Readonly<Record<string, readonly number[]>>;
}>;

/** An open checkpoint and its tensors by published name, `prefix` taken off. */
export type Published = Readonly<{ file: TensorFile; tensors: ReadonlyMap<string, TensorInfo> }>;

/**
 * Opens the weights of a folder and checks all names and shapes, without reading a number. LLaVA's newer spelling is
 * found under its classic names. Close the file.
 */
export async function openPublished(folder: string, { prefix = '', expect }: LoadOptions = {}): Promise<Published> {
  const file = await openWeights(folder);
  try {
    const tensors = choose(file, prefix, expect);
    if (expect !== undefined) check(folder, tensors, expect);
    return { file, tensors };
  } catch (error) {
    await file.close();
    throw error;
  }
}

/**
 * The weights of a Hugging Face folder as tensors by published name: one tensor is read and widened at a time, after
 * all names and shapes were checked. The caller disposes.
 */
export async function loadWeights(folder: string, options: LoadOptions = {}): Promise<Record<string, tf.Tensor>> {
  const { file, tensors } = await openPublished(folder, options);
  const loaded: Record<string, tf.Tensor> = {};
  try {
    for (const [name, info] of tensors) {
      const { shape, values } = await readFinite(file, info);
      loaded[name] = tf.tensor(values, [...shape], values instanceof Float32Array ? 'float32' : 'int32');
    }
    return loaded;
  } catch (error) {
    tf.dispose(loaded);
    throw error;
  } finally {
    await file.close();
  }
}

/** Checks names and shapes as `loadWeights` does, without reading a number; says where every tensor lies. */
export async function checkWeights(
  folder: string,
  expect: NonNullable<LoadOptions['expect']>,
): Promise<readonly TensorInfo[]> {
  const { file } = await openPublished(folder, { expect });
  await file.close();
  return [...file.tensors.values()];
}

/** Buffers that old files carry; they follow from the configuration. */
const derived = /(^|\.)(position_ids|rotary_emb\.inv_freq|masked_bias)$/;

function choose(opened: TensorFile, prefix: string, expect: LoadOptions['expect']): ReadonlyMap<string, TensorInfo> {
  const nameOf = spelling([...opened.tensors.keys()], expect);
  const chosen = new Map<string, TensorInfo>();
  for (const [stored, info] of opened.tensors) {
    const name = nameOf(stored);
    if (name?.startsWith(prefix) === true && !derived.test(name)) chosen.set(name.slice(prefix.length), info);
  }
  return chosen;
}

function check(
  folder: string,
  found: ReadonlyMap<string, TensorInfo>,
  expected: Readonly<Record<string, readonly number[]>>,
): void {
  const problems: Problem[] = [];
  for (const [name, shape] of Object.entries(expected)) {
    const info = found.get(name);
    if (info === undefined) {
      const near = nearest(
        name,
        [...found.keys()].filter((other) => !Object.hasOwn(expected, other)),
      );
      const hint = near === undefined ? {} : { hint: `it has "${near}"` };
      problems.push({ code: 'missing-tensor', message: `${folder}: tensor "${name}" is missing`, ...hint });
    } else if (info.shape.join() !== shape.join()) {
      const shapes = `[${info.shape.join(', ')}], but config.json needs [${shape.join(', ')}]`;
      problems.push({ code: 'wrong-shape', message: `${info.file}: tensor "${name}" is ${shapes}` });
    } else if (!isFloating(info.dtype)) {
      const message = `${info.file}: tensor "${name}" is ${info.dtype}, but weights are floating-point numbers`;
      problems.push({ code: 'wrong-dtype', message });
    }
  }
  for (const [name, info] of found) {
    // a tied model may store its head all the same: a copy, or one of its own that transformers 5 then takes
    if (Object.hasOwn(expected, name) || /(^|\.)lm_head\.weight$/.test(name)) continue;
    problems.push({ code: 'surplus-tensor', message: `${info.file}: tensor "${name}" is none of this model's` });
  }
  if (problems.length > 0) throw new ProblemError(...first(problems, folder));
}

/** A wrong number of layers alone is hundreds of them. */
const SHOWN = 6;

function first(problems: readonly Problem[], folder: string): readonly Problem[] {
  if (problems.length <= SHOWN + 1) return problems;
  const rest = `${folder}: ${problems.length - SHOWN} more of its tensors are missing, surplus or of another shape or kind`;
  return [...problems.slice(0, SHOWN), { code: 'more-tensors', message: rest }];
}

const readJson = (file: string): Promise<unknown> => readJsonFile(file, { code: 'bad-checkpoint' });

async function exists(file: string): Promise<boolean> {
  return access(file).then(
    () => true,
    () => false,
  );
}

const bad = (message: string): ProblemError => new ProblemError({ code: 'bad-checkpoint', message });
