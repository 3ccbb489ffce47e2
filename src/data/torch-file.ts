import type { FileHandle } from 'node:fs/promises';
import { crc32 } from 'node:zlib';
import { ProblemError } from '../problem.ts';
import { type PickledTensor, unpickleTensors } from './pickle.ts';
import { type Dtype, dtypeBytes, openFile, readTensor, type TensorFile, type TensorInfo } from './safetensors.ts';

/**
 * A file of `torch.save` (the zip format of torch 1.6 and later) with a dictionary of tensors, read without running
 * anything that is pickled in it. Where the archive has checksums, they are compared before a tensor is read.
 */
export async function openTorchFile(file: string): Promise<TensorFile> {
  const handle = await openFile(file);
  try {
    const entries = await zipEntries(handle, file);
    const root = [...entries.keys()].find((name) => name.endsWith('/data.pkl'))?.slice(0, -'data.pkl'.length);
    if (root === undefined) throw bad(file, 'there is no data.pkl in it: not a file of torch.save');
    await checkByteOrder(handle, entries.get(`${root}byteorder`), file);
    const check = checksums(handle, file);
    const pickled = entries.get(`${root}data.pkl`) as ZipEntry;
    await check(pickled, 'data.pkl');
    const tensors = new Map<string, TensorInfo>();
    const storages = new Map<string, ZipEntry>();
    for (const [name, tensor] of unpickle(await readEntry(handle, pickled, file), file)) {
      const storage = entries.get(`${root}data/${tensor.storage.key}`);
      tensors.set(name, locate(name, tensor, storage, file));
      if (storage !== undefined) storages.set(name, storage);
    }
    const read = async (name: string) => {
      const [info, storage] = [tensors.get(name), storages.get(name)];
      if (info === undefined || storage === undefined) throw bad(file, `there is no tensor "${name}"`);
      await check(storage, `the storage of tensor "${name}"`);
      return readTensor(handle, info);
    };
    return { tensors, metadata: {}, read, close: () => handle.close() };
  } catch (error) {
    await handle.close();
    throw error;
  }
}

/** `crc` is 0 where torch was told not to compute it. */
type ZipEntry = Readonly<{ start: number; length: number; crc: number }>;

const CHUNK = 1 << 24;

/** Some hundred bytes a tensor, of tens of thousands. */
const MAX_PICKLE = 1 << 23;

/** Compares an entry with its checksum, each once. */
function checksums(handle: FileHandle, file: string): (entry: ZipEntry, what: string) => Promise<void> {
  const done = new Set<ZipEntry>();
  return async (entry, what) => {
    if (entry.crc === 0 || done.has(entry)) return;
    let sum = 0;
    for (let at = 0; at < entry.length; at += CHUNK) {
      sum = crc32(await readAt(handle, entry.start + at, Math.min(CHUNK, entry.length - at), file), sum);
    }
    if (sum !== entry.crc) throw bad(file, `damaged: ${what} is not what its checksum says`);
    done.add(entry);
  };
}

const bad = (file: string, message: string): ProblemError =>
  new ProblemError({ code: 'bad-torch-file', message: `${file}: ${message}` });

function unpickle(bytes: Buffer, file: string): ReadonlyMap<string, PickledTensor> {
  try {
    return unpickleTensors(bytes);
  } catch (error) {
    throw bad(file, (error as Error).message);
  }
}

async function readAt(handle: FileHandle, position: number, length: number, file: string): Promise<Buffer> {
  if (!Number.isSafeInteger(position)) throw bad(file, 'its directory lies outside the file');
  const buffer = Buffer.alloc(length);
  const { bytesRead } = await handle.read(buffer, 0, length, position);
  if (bytesRead < length) throw bad(file, 'truncated');
  return buffer;
}

/** Entries by name, from the directory at the end of the file; torch stores them uncompressed. */
async function zipEntries(handle: FileHandle, file: string): Promise<ReadonlyMap<string, ZipEntry>> {
  const { size } = await handle.stat();
  const tailLength = Math.min(size, 65557);
  const tail = await readAt(handle, size - tailLength, tailLength, file);
  const end = tail.lastIndexOf('PK\x05\x06', undefined, 'latin1');
  if (end < 0 || end + 22 > tail.length) throw bad(file, 'not a zip archive (files older than torch 1.6 are not read)');
  let [count, length, start] = [tail.readUInt16LE(end + 10), tail.readUInt32LE(end + 12), tail.readUInt32LE(end + 16)];
  const locator = end - 20;
  if (locator >= 0 && tail.toString('latin1', locator, locator + 4) === 'PK\x06\x07') {
    const record = await readAt(handle, Number(tail.readBigUInt64LE(locator + 8)), 56, file);
    [count, length, start] = [32, 40, 48].map((at) => Number(record.readBigUInt64LE(at))) as [number, number, number];
  }
  if (start + length > size || length > 1 << 28) throw bad(file, 'its directory lies outside the file');
  const directory = await readAt(handle, start, length, file);
  const entries = new Map<string, ZipEntry>();
  for (let at = 0, i = 0; i < count; i++) {
    const { name, next, ...entry } = directoryEntry(directory, at, file);
    if (entries.has(name)) throw bad(file, `two of its entries are named "${name}"`);
    entries.set(name, await dataOf(handle, entry, size, name, file));
    at = next;
  }
  return entries;
}

type DirectoryEntry = Readonly<{ name: string; next: number; length: number; header: number; crc: number }>;

function directoryEntry(directory: Buffer, at: number, file: string): DirectoryEntry {
  if (at + 46 > directory.length || directory.readUInt32LE(at) !== 0x02014b50)
    throw bad(file, 'its directory is damaged');
  const [nameLength, extraLength, commentLength] = [28, 30, 32].map((offset) =>
    directory.readUInt16LE(at + offset),
  ) as [number, number, number];
  const name = directory.toString('utf8', at + 46, at + 46 + nameLength);
  if (directory.readUInt16LE(at + 10) !== 0) throw bad(file, `"${name}" is compressed, which torch.save never does`);
  let [length, header] = [directory.readUInt32LE(at + 24), directory.readUInt32LE(at + 42)];
  const extraEnd = at + 46 + nameLength + extraLength;
  if (extraEnd > directory.length) throw bad(file, 'its directory is damaged');
  for (let extra = at + 46 + nameLength; extra + 4 <= extraEnd; extra += 4 + directory.readUInt16LE(extra + 2)) {
    if (directory.readUInt16LE(extra) !== 1) continue;
    // zip64: 8-byte values for those fields, in this order, that are all ones above
    let wide = extra + 4;
    const next = (): number => {
      wide += 8;
      if (wide > extraEnd) throw bad(file, 'its directory is damaged');
      return Number(directory.readBigUInt64LE(wide - 8));
    };
    if (length === 0xffffffff) length = next();
    if (directory.readUInt32LE(at + 20) === 0xffffffff) next();
    if (header === 0xffffffff) header = next();
  }
  return { name, length, header, crc: directory.readUInt32LE(at + 16), next: extraEnd + commentLength };
}

async function dataOf(
  handle: FileHandle,
  entry: Readonly<{ length: number; header: number; crc: number }>,
  size: number,
  name: string,
  file: string,
): Promise<ZipEntry> {
  const nameLength = Buffer.byteLength(name);
  const local = await readAt(handle, entry.header, 30 + nameLength, file);
  if (local.readUInt32LE(0) !== 0x04034b50 || local.toString('utf8', 30) !== name) {
    throw bad(file, `"${name}" is not where the directory has it`);
  }
  const start = entry.header + 30 + local.readUInt16LE(26) + local.readUInt16LE(28);
  if (start + entry.length > size)
    throw bad(file, `truncated: "${name}" ends at byte ${start + entry.length} of ${size}`);
  return { start, length: entry.length, crc: entry.crc };
}

async function readEntry(handle: FileHandle, entry: ZipEntry, file: string): Promise<Buffer> {
  if (entry.length > MAX_PICKLE) throw bad(file, `a pickle of ${entry.length} bytes is too long`);
  return readAt(handle, entry.start, entry.length, file);
}

async function checkByteOrder(handle: FileHandle, entry: ZipEntry | undefined, file: string): Promise<void> {
  if (entry === undefined || entry.length > 16) return;
  const order = (await readEntry(handle, entry, file)).toString('utf8');
  if (order !== 'little') throw bad(file, `its byte order is "${order}"; only little-endian files are read`);
}

const storages: Readonly<Record<string, Dtype>> = {
  DoubleStorage: 'F64',
  FloatStorage: 'F32',
  HalfStorage: 'F16',
  BFloat16Storage: 'BF16',
  LongStorage: 'I64',
  IntStorage: 'I32',
  ShortStorage: 'I16',
  CharStorage: 'I8',
  ByteStorage: 'U8',
  BoolStorage: 'BOOL',
};

function locate(name: string, tensor: PickledTensor, entry: ZipEntry | undefined, file: string): TensorInfo {
  const { storage, shape, strides, offset } = tensor;
  const dtype = storages[storage.type];
  if (dtype === undefined) throw bad(file, `tensor "${name}" has a ${storage.type}`);
  if (entry === undefined) throw bad(file, `tensor "${name}": storage ${storage.key} is missing`);
  let dense = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    // a stride means something only where there is more than one element along the axis
    if (shape[axis] !== 1 && strides[axis] !== dense) throw bad(file, `tensor "${name}" is not stored row by row`);
    dense *= shape[axis] as number;
  }
  const size = dtypeBytes[dtype];
  if (storage.length * size !== entry.length) {
    throw bad(
      file,
      `storage ${storage.key} has ${entry.length} bytes, but ${storage.length} elements of ${dtype} are stated`,
    );
  }
  const start = entry.start + offset * size;
  const end = start + dense * size;
  if (!(end <= entry.start + entry.length)) {
    throw bad(file, `tensor "${name}" [${shape.join(', ')}] needs more than the ${entry.length} bytes of its storage`);
  }
  return { name, dtype, shape, file, start, end };
}
