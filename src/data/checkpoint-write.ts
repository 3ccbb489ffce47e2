import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Tensor } from '@tensorflow/tfjs-core';
import type { Json } from '../hash.ts';
import type { ModelConfig } from './config.ts';
import { configJson } from './config-json.ts';
import { byteLength, type TensorToWrite, writeSafetensors } from './safetensors-write.ts';

export type SaveOptions = Readonly<{
  /** default F32 */
  dtype?: 'F32' | 'F16' | 'BF16';
  /** files are split before they grow beyond this; default 5 GB */
  shardBytes?: number;
  /** further keys of config.json, which transformers keeps without reading */
  extra?: Readonly<Record<string, Json>>;
}>;

/** Number formats that weights are written in, and what config.json calls them. */
export const dtypeNames = { F32: 'float32', F16: 'float16', BF16: 'bfloat16' } as const;

/**
 * Writes config.json, generation_config.json (language models) and the weights under their published names, as
 * transformers' `from_pretrained` reads them. Tokenizer and preprocessor files are written beside them by their owners.
 */
export async function saveCheckpoint(
  folder: string,
  config: ModelConfig,
  weights: Readonly<Record<string, Tensor>>,
  { dtype = 'F32', shardBytes, extra = {} }: SaveOptions = {},
): Promise<void> {
  await mkdir(folder, { recursive: true });
  await writeJson(join(folder, 'config.json'), {
    ...configJson({ ...config, dtype: dtypeNames[dtype] }),
    ...extra,
  });
  const decoder = config.family === 'llava' ? config.text : config;
  if ('eos' in decoder) {
    const { bos, eos, pad } = decoder;
    const stops = eos.length === 1 ? eos[0] : eos;
    await writeJson(join(folder, 'generation_config.json'), {
      bos_token_id: bos,
      eos_token_id: stops,
      pad_token_id: pad,
    });
  }
  await writeWeights(folder, toWrite(weights, dtype), shardBytes);
}

/** The adapter alone in LLaVA's naming, `mm_projector.safetensors`, from the names of a LLaVA checkpoint. */
export async function saveAdapter(folder: string, weights: Readonly<Record<string, Tensor>>): Promise<void> {
  await mkdir(folder, { recursive: true });
  const renamed = Object.fromEntries(
    Object.entries(adapterNames).map(([name, published]) => {
      const tensor = weights[name];
      if (tensor === undefined) throw new Error(`the adapter has no tensor "${name}"`);
      return [published, tensor];
    }),
  );
  await writeSafetensors(join(folder, 'mm_projector.safetensors'), toWrite(renamed, 'F32'));
}

/** Names in a LLaVA checkpoint -> names in LLaVA's own adapter file. */
export const adapterNames = {
  'multi_modal_projector.linear_1.weight': 'model.mm_projector.0.weight',
  'multi_modal_projector.linear_1.bias': 'model.mm_projector.0.bias',
  'multi_modal_projector.linear_2.weight': 'model.mm_projector.2.weight',
  'multi_modal_projector.linear_2.bias': 'model.mm_projector.2.bias',
} as const;

function toWrite(weights: Readonly<Record<string, Tensor>>, dtype: 'F32' | 'F16' | 'BF16'): readonly TensorToWrite[] {
  return Object.entries(weights).map(([name, tensor]) => ({
    name,
    dtype: tensor.dtype === 'int32' ? 'I64' : dtype,
    shape: tensor.shape,
    values: () => tensor.data<'float32'>(),
  }));
}

function split(tensors: readonly TensorToWrite[], limit: number): readonly (readonly TensorToWrite[])[] {
  const shards: TensorToWrite[][] = [[]];
  let used = 0;
  for (const tensor of tensors) {
    const bytes = byteLength(tensor);
    if (used > 0 && used + bytes > limit) {
      shards.push([]);
      used = 0;
    }
    (shards.at(-1) as TensorToWrite[]).push(tensor);
    used += bytes;
  }
  return shards;
}

/** model.safetensors, or shards of at most `shardBytes` and their index. */
export async function writeWeights(folder: string, tensors: readonly TensorToWrite[], shardBytes = 5e9): Promise<void> {
  const shards = split(tensors, shardBytes);
  if (shards.length === 1) return writeSafetensors(join(folder, 'model.safetensors'), shards[0] ?? []);
  const number = (n: number): string => String(n).padStart(5, '0');
  const weightMap: Record<string, string> = {};
  let total = 0;
  for (const [i, shard] of shards.entries()) {
    const name = `model-${number(i + 1)}-of-${number(shards.length)}.safetensors`;
    await writeSafetensors(join(folder, name), shard);
    for (const tensor of shard) {
      weightMap[tensor.name] = name;
      total += byteLength(tensor);
    }
  }
  const sorted = Object.fromEntries(Object.entries(weightMap).sort(([a], [b]) => (a < b ? -1 : 1)));
  await writeJson(join(folder, 'model.safetensors.index.json'), {
    metadata: { total_size: total },
    weight_map: sorted,
  });
}

async function writeJson(file: string, json: unknown): Promise<void> {
  await writeFile(file, `${JSON.stringify(json, null, 2)}\n`);
}
