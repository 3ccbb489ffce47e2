import { access } from 'node:fs/promises';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { ProblemError } from '../problem.ts';
import { adapterNames } from './checkpoint-write.ts';
import { readFinite } from './finite.ts';
import { isFloating, openSafetensors, type TensorFile, type TensorInfo } from './safetensors.ts';
import { openTorchFile } from './torch-file.ts';

/**
 * LLaVA's adapter file, `mm_projector.safetensors` or `mm_projector.bin` of a folder, under the names that a LLaVA
 * checkpoint has (`multi_modal_projector.linear_1.weight` [middle, vision dim], ...). The caller disposes.
 */
export async function loadAdapter(folder: string): Promise<Record<string, tf.Tensor>> {
  const opened = await openAdapterFile(folder);
  const loaded: Record<string, tf.Tensor> = {};
  try {
    for (const [name, source] of adapterTensors(opened, folder)) {
      const { shape, values } = await readFinite(opened, opened.tensors.get(source) as TensorInfo);
      loaded[name] = tf.tensor(values, [...shape], 'float32');
    }
    return loaded;
  } catch (error) {
    tf.dispose(loaded);
    throw error;
  } finally {
    await opened.close();
  }
}

/** Names in a LLaVA checkpoint -> names in this file; what is missing or surplus is an error. */
export function adapterTensors(opened: TensorFile, folder: string): ReadonlyMap<string, string> {
  // files saved in the middle of LLaVA's training carry a longer path before `mm_projector`
  const stored = new Map(
    [...opened.tensors.keys()].map((name) => [name.replace(/^.*(?=mm_projector\.)/, 'model.'), name]),
  );
  const known: readonly string[] = Object.values(adapterNames);
  for (const [short, name] of stored) {
    if (!known.includes(short)) throw bad(folder, `tensor "${name}" is not part of a two-layer adapter`);
  }
  return new Map(
    Object.entries(adapterNames).map(([name, published]) => {
      const source = stored.get(published);
      if (source === undefined) throw bad(folder, `tensor "${published}" is missing`);
      const dtype = opened.tensors.get(source)?.dtype;
      if (dtype !== undefined && !isFloating(dtype)) {
        throw bad(folder, `tensor "${source}" is ${dtype}, but weights are floating-point numbers`);
      }
      return [name, source];
    }),
  );
}

/** The file itself, `mm_projector.safetensors` before `mm_projector.bin`. Close it. */
export async function openAdapterFile(folder: string): Promise<TensorFile> {
  const candidates = [
    ['mm_projector.safetensors', openSafetensors],
    ['mm_projector.bin', openTorchFile],
  ] as const;
  for (const [name, open] of candidates) {
    const file = join(folder, name);
    const exists = await access(file).then(
      () => true,
      () => false,
    );
    if (exists) return open(file);
  }
  throw bad(folder, 'there is no mm_projector.safetensors or mm_projector.bin');
}

const bad = (folder: string, message: string): ProblemError =>
  new ProblemError({ code: 'bad-adapter', message: `${folder}: ${message}` });
