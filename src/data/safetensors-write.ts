import { randomUUID } from 'node:crypto';
import { type FileHandle, open, rename, rm } from 'node:fs/promises';
import { narrowToBfloat16, narrowToFloat16 } from './half.ts';
import { type Dtype, dtypeBytes } from './safetensors.ts';

type Values = Float32Array | Int32Array | Uint16Array | Uint8Array;

/** One tensor to be written; `values` is asked for when its turn comes, so one tensor at a time is in memory. */
export type TensorToWrite = Readonly<{
  name: string;
  dtype: Extract<Dtype, 'F32' | 'F16' | 'BF16' | 'I64' | 'I32' | 'U16' | 'U8'>;
  shape: readonly number[];
  values: () => Values | Promise<Values>;
}>;

/**
 * Writes a safetensors file under its final name by rename: a file that exists is complete. Equal tensors give equal
 * bytes, in whatever order they come: wider kinds first (which aligns all of them), then by name.
 */
export async function writeSafetensors(
  file: string,
  tensors: readonly TensorToWrite[],
  metadata: Readonly<Record<string, string>> = { format: 'pt' },
): Promise<void> {
  const sorted = [...tensors].sort(
    (a, b) => dtypeBytes[b.dtype] - dtypeBytes[a.dtype] || (a.name < b.name ? -1 : a.name > b.name ? 1 : 0),
  );
  const unfinished = `${file}.${randomUUID()}.tmp`; // others, on other machines too, may be writing the same file
  const handle = await open(unfinished, 'w');
  try {
    await writeFully(handle, header(sorted, metadata));
    for (const tensor of sorted) await writeFully(handle, encodeTensor(tensor, await tensor.values()));
    await handle.close();
    await rename(unfinished, file);
  } catch (error) {
    await handle.close().catch(() => undefined);
    await rm(unfinished, { force: true });
    throw error;
  }
}

/** Bytes of one tensor in a file. */
export function byteLength(tensor: Pick<TensorToWrite, 'dtype' | 'shape'>): number {
  return tensor.shape.reduce((product, size) => product * size, dtypeBytes[tensor.dtype] as number);
}

function header(tensors: readonly TensorToWrite[], metadata: Readonly<Record<string, string>>): Uint8Array {
  const entries = new Map<string, unknown>(); // no object: a tensor may be named "__proto__"
  if (Object.keys(metadata).length > 0) entries.set('__metadata__', metadata);
  let position = 0;
  for (const tensor of tensors) {
    if (entries.has(tensor.name)) throw new Error(`two tensors are named "${tensor.name}"`);
    const end = position + byteLength(tensor);
    entries.set(tensor.name, { dtype: tensor.dtype, shape: tensor.shape, data_offsets: [position, end] });
    position = end;
  }
  const json = new TextEncoder().encode(JSON.stringify(Object.fromEntries(entries)));
  const bytes = new Uint8Array(8 + Math.ceil(json.byteLength / 8) * 8).fill(0x20);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(bytes.byteLength - 8), true);
  bytes.set(json, 8);
  return bytes;
}

/** Little-endian bytes of a tensor. Throws when there are more or fewer values than its shape has. */
export function encodeTensor(tensor: TensorToWrite, values: Values): Uint8Array {
  const encoded = convert(tensor, values);
  const expected = byteLength(tensor);
  if (encoded.byteLength !== expected) {
    throw new Error(
      `tensor "${tensor.name}" [${tensor.shape.join(', ')}] needs ${expected} bytes, got ${encoded.byteLength}`,
    );
  }
  return new Uint8Array(encoded.buffer, encoded.byteOffset, encoded.byteLength);
}

function convert({ name, dtype }: TensorToWrite, values: Values): Values {
  const wanted = {
    F32: Float32Array,
    F16: Float32Array,
    BF16: Float32Array,
    I64: Int32Array,
    I32: Int32Array,
  } as const;
  const type = dtype === 'U16' ? Uint16Array : dtype === 'U8' ? Uint8Array : wanted[dtype];
  if (!(values instanceof type))
    throw new Error(`tensor "${name}" (${dtype}) needs a ${type.name}, got ${values.constructor.name}`);
  if (dtype === 'F16') return narrowToFloat16(values as Float32Array);
  if (dtype === 'BF16') return narrowToBfloat16(values as Float32Array);
  if (dtype !== 'I64') return values;
  const words = new Int32Array(2 * values.length);
  for (let i = 0; i < values.length; i++) {
    words[2 * i] = values[i] as number;
    words[2 * i + 1] = (values[i] as number) >> 31;
  }
  return words;
}

export async function writeFully(handle: FileHandle, bytes: Uint8Array): Promise<void> {
  for (let done = 0; done < bytes.byteLength; ) {
    const { bytesWritten } = await handle.write(bytes, done, bytes.byteLength - done);
    done += bytesWritten;
  }
}
