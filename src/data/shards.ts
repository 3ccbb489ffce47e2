import { closeSync, openSync, readSync } from 'node:fs';
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { ProblemError } from '../problem.ts';
import { claim } from './claims.ts';
import { widenFloat16 } from './half.ts';
import { dtypeBytes, openSafetensors, type TensorInfo } from './safetensors.ts';
import { type TensorToWrite, writeSafetensors } from './safetensors-write.ts';

/** One file of a folder of arrays: items `start` to `start + count`. */
export type Shard = Readonly<{ file: string; start: number; count: number }>;

export type WriteShards = Readonly<{
  folder: string;
  /** files are called `<prefix>-00000.safetensors` */
  prefix: string;
  items: number;
  /** bytes that one item takes */
  itemBytes: number;
  /** bytes that one file holds about; default 64 MB */
  shardBytes?: number;
  /** the tensors of items `start` to `start + count`, each [count, ...] */
  make: (start: number, count: number) => Promise<readonly TensorToWrite[]>;
  /** aborted between files: what was written stays and is taken up again */
  signal: AbortSignal;
  /** helps the process that makes the folder: ends when every file is there or being made by others, clears nothing up */
  assist?: boolean;
  progress?: (done: number, of: number) => void;
}>;

/** How often a file that another process is making is looked for, milliseconds. */
const LOOK = 200;

/**
 * Writes what is not there yet, in order. A file appears by rename when it is complete, so a run that was killed goes on
 * behind the last one, and several processes may fill one folder: each takes the next file that nobody is making. The
 * folder must belong to this very work, as the scratch folder of a stage does.
 */
export async function writeShards(work: WriteShards): Promise<readonly Shard[]> {
  const { folder, items, signal, assist = false, progress } = work;
  if (!assist) await mkdir(folder, { recursive: true });
  const shards = planShards(work);
  const left = new Set(shards);
  let done = 0;
  const count = (shard: Shard): void => {
    left.delete(shard);
    done += shard.count;
    progress?.(done, items);
  };
  while (left.size > 0) {
    let made: Shard | undefined;
    for (const shard of left) {
      if (await isComplete(join(folder, shard.file), shard.count)) count(shard);
      else if (await makeUnclaimed(work, shard)) made = shard;
      if (made !== undefined) break; // files before this one may be whole by now
    }
    if (made !== undefined) count(made);
    else if (assist) break;
    else if (left.size > 0) await pause(LOOK, undefined, { signal });
  }
  if (!assist) await clearLeftovers(folder, shards);
  return shards;
}

function planShards({ prefix, items, itemBytes, shardBytes = 64e6 }: WriteShards): readonly Shard[] {
  const perShard = Math.max(1, Math.floor(shardBytes / itemBytes));
  return Array.from({ length: Math.ceil(items / perShard) }, (_, i) => {
    const start = i * perShard;
    const file = `${prefix}-${String(i).padStart(5, '0')}.safetensors`;
    return { file, start, count: Math.min(perShard, items - start) };
  });
}

/** Makes a file unless another process does. */
async function makeUnclaimed({ folder, make, signal }: WriteShards, { file, start, count }: Shard): Promise<boolean> {
  signal.throwIfAborted();
  const path = join(folder, file);
  const claimed = await claim(path);
  if (claimed === undefined) return false;
  try {
    // whole since the last look, where its maker released it a moment ago
    if (!(await isComplete(path, count))) await writeSafetensors(path, await make(start, count), {});
    return true;
  } finally {
    await claimed.release();
  }
}

/** Half a file of a run that was killed while it wrote must not become part of the result. */
async function clearLeftovers(folder: string, shards: readonly Shard[]): Promise<void> {
  const kept = new Set(shards.map(({ file }) => file));
  for (const name of await readdir(folder)) if (!kept.has(name)) await rm(join(folder, name));
}

async function isComplete(file: string, count: number): Promise<boolean> {
  try {
    const opened = await openSafetensors(file);
    await opened.close();
    return [...opened.tensors.values()].every(({ shape }) => shape[0] === count);
  } catch (error) {
    if (error instanceof ProblemError) return false; // not there, or damaged: it is made again
    throw error;
  }
}

/** manifest.json, last: a folder that has one is whole. */
export async function writeManifest(folder: string, manifest: object): Promise<void> {
  const file = join(folder, 'manifest.json');
  await writeFile(`${file}.tmp`, `${JSON.stringify(manifest)}\n`);
  await rename(`${file}.tmp`, file);
}

export async function readManifest<T extends Readonly<{ images: readonly string[]; shards: readonly Shard[] }>>(
  folder: string,
): Promise<T> {
  const file = join(folder, 'manifest.json');
  try {
    const manifest = JSON.parse(await readFile(file, 'utf8')) as Partial<T> | null;
    if (Array.isArray(manifest?.images) && Array.isArray(manifest.shards)) return manifest as T;
  } catch (error) {
    throw badManifest(file, (error as Error).message);
  }
  throw badManifest(file, 'it has no "images" or no "shards"');
}

const badManifest = (file: string, message: string): ProblemError =>
  new ProblemError({ code: 'bad-manifest', message: `${file}: ${message}` });

/** Items of one tensor of all shards, read where they lie: random access without the whole in memory. Close it. */
export interface Rows {
  /** elements of one item */
  readonly size: number;
  /** shape of one item */
  readonly shape: readonly number[];
  /** reads item `index` into `target` at an element offset: float32 for F32 and F16, int32 for I32 and U16 */
  readInto(target: Float32Array | Int32Array, offset: number, index: number): void;
  close(): void;
}

/** Files that are open at once at most: there may be more shards than a process may have open. */
const OPEN_AT_ONCE = 64;

type StoredShard = Readonly<{ info: TensorInfo; shard: Shard }>;

export async function openRows(folder: string, shards: readonly Shard[], tensor: string): Promise<Rows> {
  const stored: StoredShard[] = [];
  for (const shard of shards) stored.push({ shard, info: await describe(folder, shard, tensor) });
  const first = stored[0]?.info;
  if (first === undefined) throw new ProblemError({ code: 'no-shards', message: `${folder}: there is nothing in it` });
  const shape = first.shape.slice(1);
  for (const { info, shard } of stored) {
    if (info.dtype !== first.dtype || info.shape.join() !== [shard.count, ...shape].join()) {
      throw badManifest(
        info.file,
        `"${tensor}" is ${info.dtype} [${info.shape.join(', ')}], not ${first.dtype} [${shard.count}, ${shape.join(', ')}]`,
      );
    }
  }
  const size = shape.reduce((product, length) => product * length, 1);
  const files = openOnDemand();
  return {
    size,
    shape,
    readInto: (target, offset, index) => {
      const found = find(stored, index);
      readRow(found, files.descriptor(found.info.file), size, target, offset, index);
    },
    close: files.close,
  };
}

/** Descriptors of files for reading; the one that was not asked for longest is closed first. */
function openOnDemand(): Readonly<{ descriptor: (file: string) => number; close: () => void }> {
  const opened = new Map<string, number>(); // in the order of use
  const close = (file: string): void => {
    closeSync(opened.get(file) as number);
    opened.delete(file);
  };
  return {
    descriptor: (file) => {
      const found = opened.get(file) ?? openSync(file, 'r');
      opened.delete(file);
      opened.set(file, found);
      const [oldest] = opened.keys();
      if (opened.size > OPEN_AT_ONCE && oldest !== undefined) close(oldest);
      return found;
    },
    close: () => {
      for (const file of [...opened.keys()]) close(file);
    },
  };
}

async function describe(folder: string, shard: Shard, tensor: string): Promise<TensorInfo> {
  const file = join(folder, shard.file);
  const opened = await openSafetensors(file);
  await opened.close();
  const info = opened.tensors.get(tensor);
  if (info === undefined) throw badManifest(file, `there is no tensor "${tensor}"`);
  if (!['F32', 'F16', 'I32', 'U16'].includes(info.dtype))
    throw badManifest(file, `"${tensor}" is ${info.dtype}, not F32, F16, I32 or U16`);
  return info;
}

function find(stored: readonly StoredShard[], index: number): StoredShard {
  // every shard but the last has the same count
  const perShard = stored[0]?.shard.count ?? 1;
  const shard = stored[Math.floor(index / perShard)];
  if (shard === undefined || index < shard.shard.start || index >= shard.shard.start + shard.shard.count) {
    throw new Error(`item ${index} of ${stored.reduce((sum, { shard: { count } }) => sum + count, 0)}`);
  }
  return shard;
}

function readRow(
  { info, shard }: StoredShard,
  descriptor: number,
  size: number,
  target: Float32Array | Int32Array,
  offset: number,
  index: number,
): void {
  const wantsFloats = info.dtype === 'F32' || info.dtype === 'F16';
  if (target instanceof Float32Array !== wantsFloats)
    throw new Error(`${info.dtype} "${info.name}" into ${target.constructor.name}`);
  const width = dtypeBytes[info.dtype];
  const position = info.start + (index - shard.start) * size * width;
  if (width === 4) {
    readFully(descriptor, new Uint8Array(target.buffer, target.byteOffset + 4 * offset, 4 * size), position, info.file);
    return;
  }
  const narrow = new Uint16Array(size);
  readFully(descriptor, new Uint8Array(narrow.buffer), position, info.file);
  if (target instanceof Float32Array) widenFloat16(narrow, target.subarray(offset, offset + size));
  else target.set(narrow, offset);
}

function readFully(descriptor: number, bytes: Uint8Array, position: number, file: string): void {
  for (let done = 0; done < bytes.length; ) {
    const read = readSync(descriptor, bytes, done, bytes.length - done, position + done);
    if (read === 0) throw badManifest(file, `truncated at byte ${position + done}`);
    done += read;
  }
}
