import { type FileHandle, open, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { ProblemError } from '../problem.ts';
import { widenBfloat16, widenFloat16 } from './half.ts';
import { readJsonBytes } from './json-head.ts';
import { parseJson } from './json-text.ts';

/** Bytes per element of the number formats that are read. */
export const dtypeBytes = {
  F64: 8,
  F32: 4,
  F16: 2,
  BF16: 2,
  I64: 8,
  I32: 4,
  I16: 2,
  I8: 1,
  U32: 4,
  U16: 2,
  U8: 1,
  BOOL: 1,
} as const;

export type Dtype = keyof typeof dtypeBytes;

export const isFloating = (dtype: Dtype): boolean => ['F64', 'F32', 'F16', 'BF16'].includes(dtype);

/** Where a tensor lies: `start` and `end` are byte positions in the file. */
export type TensorInfo = Readonly<{
  name: string;
  dtype: Dtype;
  shape: readonly number[];
  file: string;
  start: number;
  end: number;
}>;

/** A tensor read: floating-point kinds widened to float32, integers and booleans to int32. Row-major. */
export type TensorData = Readonly<{
  shape: readonly number[];
  values: Float32Array<ArrayBuffer> | Int32Array<ArrayBuffer>;
}>;

/** An open file or set of shards; tensors are read one at a time. Close it. */
export interface TensorFile {
  readonly tensors: ReadonlyMap<string, TensorInfo>;
  readonly metadata: Readonly<Record<string, string>>;
  read(name: string): Promise<TensorData>;
  close(): Promise<void>;
}

/** The reference implementation refuses longer headers too. */
const maxHeader = 100_000_000;
const chunkBytes = 1 << 24;

export function badTensors(file: string, message: string): ProblemError {
  return new ProblemError({ code: 'bad-safetensors', message: `${file}: ${message}` });
}

/** Opens one file and checks its header against the file's length before any tensor is read. */
export async function openSafetensors(file: string): Promise<TensorFile> {
  const handle = await openFile(file);
  try {
    const { size } = await handle.stat();
    const { tensors, metadata } = await readHeader(handle, file, size);
    const read = async (name: string): Promise<TensorData> => readTensor(handle, find(tensors, name, file));
    return { tensors, metadata, read, close: () => handle.close() };
  } catch (error) {
    await handle.close();
    throw error;
  }
}

/** Opens the shards that an index (`*.index.json`) lists as if they were one file. */
export async function openSharded(
  indexFile: string,
  openShard: (file: string) => Promise<TensorFile> = openSafetensors,
): Promise<TensorFile> {
  const weightMap = parseIndex(await readIndex(indexFile), indexFile);
  const opened = new Map<string, TensorFile>();
  const close = async (): Promise<void> => {
    for (const shard of opened.values()) await shard.close();
  };
  try {
    for (const shard of new Set(weightMap.values())) {
      opened.set(shard, await openShard(join(dirname(indexFile), shard)));
    }
    const tensors = mergeShards(weightMap, opened, indexFile);
    const read = async (name: string): Promise<TensorData> => {
      find(tensors, name, indexFile);
      return (opened.get(weightMap.get(name) as string) as TensorFile).read(name);
    };
    return { tensors, metadata: {}, read, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** A handle of a regular file; one that is not there or cannot be read is a problem, not a crash. */
export async function openFile(file: string): Promise<FileHandle> {
  try {
    // opening a pipe would wait for somebody to write to it
    if ((await stat(file)).isFile()) return await open(file, 'r');
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    throw badTensors(file, code === 'ENOENT' ? 'there is no such file' : `it cannot be read: ${message}`);
  }
  throw badTensors(file, 'it is not a file');
}

async function readIndex(file: string): Promise<string> {
  const handle = await openFile(file);
  try {
    const { size } = await handle.stat();
    if (size > maxHeader) throw badTensors(file, `${size} bytes are too many for an index`);
    return (await readJsonBytes(handle, 0, size)).toString('utf8');
  } catch (error) {
    throw error instanceof ProblemError
      ? error
      : badTensors(file, `the index cannot be read: ${(error as Error).message}`);
  } finally {
    await handle.close();
  }
}

function find(tensors: ReadonlyMap<string, TensorInfo>, name: string, file: string): TensorInfo {
  const info = tensors.get(name);
  if (info === undefined) throw badTensors(file, `there is no tensor "${name}"`);
  return info;
}

function parseIndex(text: string, file: string): ReadonlyMap<string, string> {
  let json: unknown;
  try {
    json = parseJson(text);
  } catch (error) {
    throw badTensors(file, `the index is not valid JSON: ${(error as Error).message}`);
  }
  const map = (json as { weight_map?: unknown } | null)?.weight_map;
  if (typeof map !== 'object' || map === null || Array.isArray(map))
    throw badTensors(file, 'the index has no "weight_map"');
  const entries = Object.entries(map as Record<string, unknown>);
  if (entries.length === 0) throw badTensors(file, 'the index lists no tensor');
  for (const [name, shard] of entries) {
    if (typeof shard !== 'string' || ['', '.', '..'].includes(shard) || basename(shard) !== shard) {
      throw badTensors(file, `tensor "${name}": ${JSON.stringify(shard)} is not the name of a file in this folder`);
    }
  }
  return new Map(entries as [string, string][]);
}

function mergeShards(
  weightMap: ReadonlyMap<string, string>,
  opened: ReadonlyMap<string, TensorFile>,
  indexFile: string,
): ReadonlyMap<string, TensorInfo> {
  const tensors = new Map<string, TensorInfo>();
  for (const [name, shard] of weightMap) {
    const info = opened.get(shard)?.tensors.get(name);
    if (info === undefined) throw badTensors(indexFile, `tensor "${name}" is not in ${shard}, where the index has it`);
    tensors.set(name, info);
  }
  for (const [shard, { tensors: stored }] of opened) {
    for (const name of stored.keys()) {
      if (weightMap.get(name) !== shard)
        throw badTensors(indexFile, `tensor "${name}" of ${shard} is not in the index`);
    }
  }
  return tensors;
}

async function readHeader(handle: FileHandle, file: string, size: number): Promise<Header> {
  if (size < 8) throw badTensors(file, `${size} bytes are too few for a safetensors file`);
  const prefix = new Uint8Array(8);
  await readFully(handle, prefix, 0, file);
  const length = Number(new DataView(prefix.buffer).getBigUint64(0, true));
  if (length > maxHeader) throw badTensors(file, `a header of ${length} bytes: not a safetensors file`);
  if (8 + length > size) throw badTensors(file, `truncated: a header of ${length} bytes in a file of ${size}`);
  return parseHeader(await jsonOf(handle, length, file), file, 8 + length, size);
}

/** Fills `target` from a position of the file. */
async function readFully(handle: FileHandle, target: Uint8Array, position: number, file: string): Promise<void> {
  for (let done = 0; done < target.byteLength; ) {
    const length = Math.min(chunkBytes, target.byteLength - done);
    const { bytesRead } = await handle.read(target, done, length, position + done);
    if (bytesRead === 0) throw badTensors(file, `truncated at byte ${position + done}`);
    done += bytesRead;
  }
}

type Header = Readonly<{ tensors: ReadonlyMap<string, TensorInfo>; metadata: Readonly<Record<string, string>> }>;

async function jsonOf(handle: FileHandle, length: number, file: string): Promise<unknown> {
  try {
    return parseJson(new TextDecoder('utf-8', { fatal: true }).decode(await readJsonBytes(handle, 8, length)));
  } catch (error) {
    throw badTensors(file, `the header is not valid JSON: ${(error as Error).message}`);
  }
}

function parseHeader(json: unknown, file: string, dataStart: number, size: number): Header {
  if (typeof json !== 'object' || json === null || Array.isArray(json)) {
    throw badTensors(file, 'the header is not a JSON object');
  }
  const { __metadata__: metadata, ...entries } = json as Record<string, unknown>;
  const tensors = Object.entries(entries).map(([name, entry]) => parseEntry(name, entry, file, dataStart));
  checkLayout(tensors, file, dataStart, size);
  return {
    tensors: new Map(tensors.map((tensor) => [tensor.name, tensor])),
    metadata: checkMetadata(metadata ?? {}, file),
  };
}

function checkMetadata(metadata: unknown, file: string): Readonly<Record<string, string>> {
  const isMap = typeof metadata === 'object' && metadata !== null && !Array.isArray(metadata);
  if (isMap && Object.values(metadata).every((value) => typeof value === 'string')) {
    return metadata as Readonly<Record<string, string>>;
  }
  throw badTensors(file, 'the "__metadata__" of the header must be texts by name');
}

function parseEntry(name: string, entry: unknown, file: string, dataStart: number): TensorInfo {
  const bad = (message: string): ProblemError => badTensors(file, `tensor "${name}": ${message}`);
  const { dtype, shape, data_offsets: offsets } = (entry ?? {}) as Record<string, unknown>;
  if (typeof dtype !== 'string' || !Object.hasOwn(dtypeBytes, dtype)) {
    throw bad(`dtype ${JSON.stringify(dtype)} is not one of ${Object.keys(dtypeBytes).join(', ')}`);
  }
  if (!isSizes(shape)) throw bad(`${JSON.stringify(shape)} is not a shape`);
  if (!isSizes(offsets) || offsets.length !== 2) throw bad(`${JSON.stringify(offsets)} are not offsets`);
  const [start, end] = offsets as [number, number];
  const expected = shape.reduce((product, size) => product * size, 1) * dtypeBytes[dtype as Dtype];
  if (end - start !== expected) {
    throw bad(
      `offsets ${start} to ${end} hold ${end - start} bytes, but ${dtype} [${shape.join(', ')}] needs ${expected}`,
    );
  }
  return { name, dtype: dtype as Dtype, shape, file, start: dataStart + start, end: dataStart + end };
}

function isSizes(value: unknown): value is readonly number[] {
  return Array.isArray(value) && value.every((size) => Number.isSafeInteger(size) && size >= 0);
}

/** The format wants the data covered exactly: no overlap, no hole, nothing left over. */
function checkLayout(tensors: readonly TensorInfo[], file: string, dataStart: number, size: number): void {
  let position = dataStart;
  let previous = 'the header';
  for (const tensor of tensors.toSorted((a, b) => a.start - b.start || a.end - b.end)) {
    if (tensor.end > size)
      throw badTensors(file, `truncated: tensor "${tensor.name}" ends at byte ${tensor.end} of ${size}`);
    if (tensor.start < position) throw badTensors(file, `tensor "${tensor.name}" overlaps ${previous}`);
    if (tensor.start > position) {
      throw badTensors(file, `${tensor.start - position} unused bytes before tensor "${tensor.name}"`);
    }
    position = tensor.end;
    previous = `tensor "${tensor.name}"`;
  }
  if (position !== size) throw badTensors(file, `${size - position} bytes after the last tensor`);
}

/** The C library puts 16 bytes before memory that it takes from the system by pages. */
const TO_LINE = 48;

/**
 * Memory for large weights that mostly begins at a multiple of 64 bytes: TensorFlow computes there, and copies what lies
 * elsewhere, so that loading would take twice the time and the memory.
 */
function floats(count: number): Float32Array<ArrayBuffer> {
  const { buffer } = Buffer.allocUnsafeSlow(TO_LINE + 4 * count); // all of it is read over
  return new Float32Array(buffer, TO_LINE, count);
}

/** Reads and widens one tensor; the peak is the widened tensor and one chunk. */
export async function readTensor(handle: FileHandle, info: TensorInfo): Promise<TensorData> {
  const count = (info.end - info.start) / dtypeBytes[info.dtype];
  const values = isFloating(info.dtype) ? floats(count) : new Int32Array(count);
  if (info.dtype === 'F32' || info.dtype === 'I32') {
    await readFully(handle, new Uint8Array(values.buffer, values.byteOffset, values.byteLength), info.start, info.file);
    return { shape: info.shape, values };
  }
  // other kinds pass through one chunk, so that the peak is the widened tensor and little more
  const size = dtypeBytes[info.dtype];
  const chunk = new Uint8Array(Math.min(chunkBytes, count * size));
  for (let done = 0; done < count; ) {
    const bytes = chunk.subarray(0, Math.min(chunk.byteLength, (count - done) * size));
    await readFully(handle, bytes, info.start + done * size, info.file);
    widen(info, bytes, values.subarray(done, done + bytes.byteLength / size));
    done += bytes.byteLength / size;
  }
  return { shape: info.shape, values };
}

/** Kinds whose values fit the result as they are. */
const plain = { F64: Float64Array, I16: Int16Array, U16: Uint16Array, I8: Int8Array, U8: Uint8Array, BOOL: Uint8Array };

/** Little-endian bytes of `info.dtype` into the slice of the result that they belong to. */
function widen(info: TensorInfo, bytes: Uint8Array<ArrayBuffer>, target: Float32Array | Int32Array): void {
  const { dtype } = info;
  const { buffer, byteOffset } = bytes;
  const { length } = target;
  if (dtype === 'F16') widenFloat16(new Uint16Array(buffer, byteOffset, length), target as Float32Array);
  else if (dtype === 'BF16') widenBfloat16(new Uint16Array(buffer, byteOffset, length), target as Float32Array);
  else if (dtype === 'I64') narrowIntegers(new Int32Array(buffer, byteOffset, 2 * length), target, info);
  else if (dtype === 'U32') checkUnsigned(new Uint32Array(buffer, byteOffset, length), target, info);
  else if (dtype === 'F32' || dtype === 'I32') throw new Error(`${dtype} needs no widening`);
  else target.set(new plain[dtype](buffer, byteOffset, length));
}

/** 64-bit integers as pairs of words; the high word must be the sign of the low one. */
function narrowIntegers(words: Int32Array, target: Float32Array | Int32Array, info: TensorInfo): void {
  for (let i = 0; i < target.length; i++) {
    const low = words[2 * i] as number;
    if (words[2 * i + 1] !== low >> 31) {
      throw badTensors(info.file, `tensor "${info.name}" has an integer beyond 32 bits at element ${i}`);
    }
    target[i] = low;
  }
}

function checkUnsigned(source: Uint32Array, target: Float32Array | Int32Array, info: TensorInfo): void {
  const tooLarge = source.findIndex((value) => value > 0x7fffffff);
  if (tooLarge >= 0) throw badTensors(info.file, `tensor "${info.name}" has an integer beyond 31 bits`);
  target.set(source);
}
