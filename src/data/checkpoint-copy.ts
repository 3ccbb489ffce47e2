import { ProblemError } from '../problem.ts';
import { adapterTensors, openAdapterFile } from './adapter.ts';
import { type LoadOptions, openPublished } from './checkpoint.ts';
import { adapterNames, type dtypeNames, writeWeights } from './checkpoint-write.ts';
import { isFloating, type TensorFile, type TensorInfo } from './safetensors.ts';
import type { TensorToWrite } from './safetensors-write.ts';

/** A number format of written weights. */
export type FloatDtype = keyof typeof dtypeNames;

export type CopyOptions = Readonly<{
  /** default: every tensor keeps its own (64-bit floating point becomes F32) */
  dtype?: FloatDtype;
  shardBytes?: number;
  /** aborted between tensors */
  signal?: AbortSignal;
}>;

/**
 * Writes the weights of a Hugging Face folder into another under their published names, one tensor at a time, after all
 * names and shapes were checked. Returns the number of parameters. Throws ProblemError.
 */
export async function copyWeights(
  from: string,
  to: string,
  expect: NonNullable<LoadOptions['expect']>,
  { shardBytes, ...how }: CopyOptions = {},
): Promise<number> {
  const { file, tensors } = await openPublished(from, { expect });
  try {
    const copies = [...tensors].map(([name, info]) => copyOf(file, info, name, how));
    await writeWeights(to, copies, shardBytes);
    return copies.reduce((sum, { shape }) => sum + size(shape), 0);
  } finally {
    await file.close();
  }
}

/** The adapter of a folder of LLaVA's `mm_projector`, or of a whole LLaVA model, under LLaVA's own names. */
export async function readAdapterTensors(
  from: string,
  /** of the whole model; absent: the folder holds the adapter alone */
  expect: LoadOptions['expect'],
  how: CopyOptions = {},
): Promise<Readonly<{ tensors: readonly TensorToWrite[]; close(): Promise<void> }>> {
  const { file, names } = expect === undefined ? await adapterFile(from) : await adapterOf(from, expect);
  const tensors = Object.entries(adapterNames).map(([name, published]) => {
    const info = file.tensors.get(names.get(name) as string) as TensorInfo;
    return copyOf(file, info, published, how);
  });
  return { tensors, close: () => file.close() };
}

type Named = Readonly<{
  file: TensorFile /** names in a LLaVA checkpoint -> in this file */;
  names: ReadonlyMap<string, string>;
}>;

async function adapterFile(folder: string): Promise<Named> {
  const file = await openAdapterFile(folder);
  try {
    return { file, names: adapterTensors(file, folder) };
  } catch (error) {
    await file.close();
    throw error;
  }
}

async function adapterOf(folder: string, expect: NonNullable<LoadOptions['expect']>): Promise<Named> {
  const { file, tensors } = await openPublished(folder, { expect });
  return { file, names: new Map([...tensors].map(([name, info]) => [name, info.name])) };
}

function copyOf(file: TensorFile, info: TensorInfo, name: string, { dtype, signal }: CopyOptions): TensorToWrite {
  const own = info.dtype === 'F16' || info.dtype === 'BF16' ? info.dtype : 'F32';
  const written = isFloating(info.dtype) ? (dtype ?? own) : 'I64';
  const values = async () => {
    signal?.throwIfAborted();
    const read = (await file.read(info.name)).values;
    if (written === 'F16' && info.dtype !== 'F16') checkRange(read, info);
    return read;
  };
  return { name, dtype: written, shape: info.shape, values };
}

/** float16 ends at 65504: a finite number beyond it would become infinity. */
function checkRange(values: Float32Array | Int32Array, { file, name }: TensorInfo): void {
  const beyond = values.findIndex((value) => Math.abs(value) >= 65520 && Number.isFinite(value));
  if (beyond < 0) return;
  throw new ProblemError({
    code: 'beyond-float16',
    message: `${file}: tensor "${name}" has ${values[beyond]} at element ${beyond}, which float16 cannot hold`,
    hint: 'bfloat16 can',
  });
}

const size = (shape: readonly number[]): number => shape.reduce((product, length) => product * length, 1);
