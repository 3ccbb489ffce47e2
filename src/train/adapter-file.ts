import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { loadAdapter } from '../data/adapter.ts';
import { saveAdapter } from '../data/checkpoint-write.ts';
import { SCALES_KEY } from '../data/config.ts';
import type { Json } from '../hash.ts';
import { LLAVA_PARTS } from '../nn/llava.ts';
import type { ProjectorConfig } from '../nn/projector.ts';
import { projectorShapes } from '../nn/projector.ts';
import { prefixed, type Weights, within } from '../nn/weights.ts';
import { type Problem, ProblemError } from '../problem.ts';

/** What an adapter was trained for. */
export type AdapterOrigin = Readonly<{
  /** hidden state of the vision tower that it reads, as a user writes it: -2 is the second-last block's output */
  layer: number;
  /** sizes that the encoder looks at, as multiples of its own; absent: [1] */
  scales?: readonly number[];
  /** absent: not known, as of other programs' models */
  conversation?: string;
  languageFamily: string;
}>;

/**
 * Writes mm_projector.safetensors in LLaVA's naming and a config.json with LLaVA's keys for it. Visual tokens enter the
 * language model as they are: Gemma's scaling of word embeddings is not applied to them (transformers 5's convention).
 */
export async function writeAdapter(
  folder: string,
  adapter: Weights,
  sizes: ProjectorConfig,
  origin: AdapterOrigin,
): Promise<void> {
  await saveAdapter(folder, prefixed(LLAVA_PARTS.projector, adapter));
  await writeFile(join(folder, 'config.json'), `${JSON.stringify(adapterConfigJson(sizes, origin), null, 2)}\n`);
}

/** LLaVA's keys for an adapter of two layers. */
export function adapterConfigJson(
  { input, output }: Pick<ProjectorConfig, 'input' | 'output'>,
  { layer, scales, conversation, languageFamily }: AdapterOrigin,
): { readonly [key: string]: Json } {
  return {
    mm_projector_type: 'mlp2x_gelu',
    mm_hidden_size: input,
    hidden_size: output,
    mm_vision_select_layer: layer,
    mm_vision_select_feature: 'patch',
    ...(scales === undefined ? {} : { [SCALES_KEY]: scales }),
    ...(conversation === undefined ? {} : { conversation_template: conversation }),
    language_model_type: languageFamily,
    visual_tokens_scaled: false,
  };
}

/**
 * The adapter of a folder by short names (`linear_1.weight`, ...), checked against what it must fit. A config.json beside
 * it that names another hidden state of the vision tower, or other sizes, is a ProblemError. The caller disposes.
 */
export async function readAdapter(
  folder: string,
  config: ProjectorConfig,
  fits: Required<Pick<AdapterOrigin, 'layer' | 'scales'>>,
): Promise<Record<string, tf.Tensor>> {
  await checkOrigin(folder, fits);
  const adapter = within(await loadAdapter(folder), LLAVA_PARTS.projector);
  const problems = Object.entries(projectorShapes(config)).flatMap(([name, shape]): Problem[] => {
    const found = adapter[name]?.shape;
    if (found?.join() === shape.join()) return [];
    const message = `${folder}: ${name} is [${found?.join(', ')}], but encoder and language model need [${shape.join(', ')}]`;
    return [{ code: 'wrong-shape', message, hint: 'the adapter was trained for another encoder or language model' }];
  });
  if (problems.length > 0) {
    tf.dispose(adapter);
    throw new ProblemError(...problems);
  }
  return { ...adapter };
}

/** What the config.json beside an adapter says that it reads. LLaVA's adapters travel without one: then LLaVA's convention. */
export async function readAdapterSight(folder: string): Promise<Required<Pick<AdapterOrigin, 'layer' | 'scales'>>> {
  const fields = await readFields(folder);
  const [layer = -2, scales = [1]] = [fields?.['mm_vision_select_layer'], fields?.[SCALES_KEY]];
  const isScale = (value: unknown): boolean => Number.isSafeInteger(value) && Number(value) > 0;
  if (Number.isSafeInteger(layer) && Array.isArray(scales) && scales.length > 0 && scales.every(isScale))
    return { layer: layer as number, scales };
  const message = `${join(folder, 'config.json')}: mm_vision_select_layer is ${JSON.stringify(layer)} and ${SCALES_KEY} ${JSON.stringify(scales)}`;
  throw new ProblemError({ code: 'bad-adapter', message, hint: 'expected a whole number and a list of them' });
}

/** config.json beside an adapter; undefined where there is none. */
async function readFields(folder: string): Promise<Readonly<Record<string, unknown>> | null | undefined> {
  const file = join(folder, 'config.json');
  try {
    return JSON.parse(await readFile(file, 'utf8'));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw new ProblemError({ code: 'bad-adapter', message: `${file}: not valid JSON: ${(error as Error).message}` });
  }
}

async function checkOrigin(
  folder: string,
  { layer, scales }: Required<Pick<AdapterOrigin, 'layer' | 'scales'>>,
): Promise<void> {
  const fields = await readFields(folder);
  if (fields === undefined) return; // LLaVA's adapters travel without one too
  const seen = fields?.[SCALES_KEY] ?? [1];
  if (JSON.stringify(seen) !== JSON.stringify(scales)) {
    throw new ProblemError({
      code: 'scales-mismatch',
      message: `${folder}: the adapter reads scales ${JSON.stringify(seen)}, but scales is ${JSON.stringify(scales)}`,
      hint: `set scales: ${JSON.stringify(seen)}, or pre-train on features of scales ${JSON.stringify(scales)}`,
    });
  }
  const stated = fields?.['mm_vision_select_layer'];
  if (stated === undefined || stated === layer) return;
  throw new ProblemError({
    code: 'layer-mismatch',
    message: `${folder}: the adapter reads hidden state ${stated} of the vision tower, but layer is ${layer}`,
    hint: `set layer: ${stated}, or pre-train on features of layer ${layer}`,
  });
}
