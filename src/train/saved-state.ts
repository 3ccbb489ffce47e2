import { access, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { openSafetensors } from '../data/safetensors.ts';
import { writeSafetensors } from '../data/safetensors-write.ts';
import type { TensorMap } from '../nn/compile.ts';

const FILE = 'training-state.safetensors';

/** Training up to (not including) `step`, as it stands in the scratch folder. */
export type SavedState = Readonly<{ step: number; tensors: Record<string, tf.Tensor> }>;

/** Replaces the folder's state by rename: whatever happens, the last complete one stays. */
export async function saveState(folder: string, step: number, tensors: TensorMap): Promise<void> {
  await mkdir(folder, { recursive: true });
  const entries = Object.entries(tensors).map(([name, tensor]) => ({
    name,
    dtype: 'F32' as const,
    shape: tensor.shape,
    values: () => tensor.data() as Promise<Float32Array>,
  }));
  await writeSafetensors(join(folder, FILE), entries, { step: String(step) });
}

/** The state that an earlier, interrupted run left; undefined when there is none. The caller disposes the tensors. */
export async function loadState(folder: string): Promise<SavedState | undefined> {
  const file = join(folder, FILE);
  if (!(await exists(file))) return undefined;
  const opened = await openSafetensors(file);
  try {
    const step = Number(opened.metadata['step']);
    if (!Number.isSafeInteger(step) || step < 0) throw new Error(`${file}: "step" is ${opened.metadata['step']}`);
    const tensors: Record<string, tf.Tensor> = {};
    for (const name of opened.tensors.keys()) {
      const { shape, values } = await opened.read(name);
      tensors[name] = tf.tensor(values, [...shape], 'float32');
    }
    return { step, tensors };
  } finally {
    await opened.close();
  }
}

async function exists(file: string): Promise<boolean> {
  return access(file).then(
    () => true,
    () => false,
  );
}
