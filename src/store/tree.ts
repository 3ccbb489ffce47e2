import { createHash } from 'node:crypto';
import * as fs from 'node:fs';
import { join } from 'node:path';
import { canonicalJson, type Digest, sha256 } from '../hash.ts';
import { ProblemError } from '../problem.ts';
import type { ManifestFile } from './store.ts';

/** Files up to this size are read in one go; larger ones are streamed. */
const SMALL = 4 << 20;
/** Longest time that hashing small files keeps the event loop, milliseconds. */
const SLICE = 12;
const STREAMS = 4;

export type Hashed = Readonly<{ size: number; sha256: Digest }>;

/** Identity of a file or folder: the hash of its canonical manifest. `files` are sorted by path. */
export function digestOf(files: readonly ManifestFile[]): Digest {
  return sha256(canonicalJson(files.map(({ path, size, sha256 }) => ({ path, size, sha256 }))));
}

export function sizeOf(files: readonly ManifestFile[]): number {
  return files.reduce((sum, file) => sum + file.size, 0);
}

/**
 * Hashes every file of an output. `seal` also takes away the right to write, file by file.
 * Links, sockets and devices are refused: their content is elsewhere, so no digest can stand for it.
 */
export async function hashTree(root: string, options: { seal: boolean }): Promise<readonly ManifestFile[]> {
  const paths: string[] = [];
  list(root, '', paths);
  const files: ManifestFile[] = [];
  const large: string[] = [];
  let sliceStart = performance.now();
  for (const path of paths) {
    const hashed = hashSmall(path === '' ? root : join(root, path), options.seal);
    if (hashed === undefined) large.push(path);
    else files.push({ path, ...hashed });
    if (performance.now() - sliceStart > SLICE) {
      await new Promise((resolve) => setImmediate(resolve));
      sliceStart = performance.now();
    }
  }
  files.push(...(await hashLarge(root, large, options.seal)));
  return files.sort(byPath);
}

/** SHA-256 of a file's bytes. A small one is read at once: that is five times as fast as a stream. */
export async function hashFile(path: string): Promise<Hashed> {
  return hashSmall(path, false) ?? hashStream(path);
}

async function hashStream(path: string): Promise<Hashed> {
  const hash = createHash('sha256');
  let size = 0;
  for await (const chunk of fs.createReadStream(path, { highWaterMark: 1 << 20 })) {
    hash.update(chunk as Buffer);
    size += (chunk as Buffer).length;
  }
  return { size, sha256: hash.digest('hex') as Digest };
}

/** Whether a stored copy still has the files and sizes of its manifest: a look at each file, no reading. */
export function sameSizes(root: string, files: readonly ManifestFile[]): boolean {
  return files.every((file) => {
    const stat = fs.lstatSync(file.path === '' ? root : join(root, file.path), { throwIfNoEntry: false });
    return stat?.isFile() === true && stat.size === file.size;
  });
}

/** Removes a file or folder, read-only parts included, and what a process that is just ending writes there meanwhile. */
export function removeTree(path: string): void {
  try {
    removePatiently(path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'EACCES' && code !== 'EPERM') throw error;
    unseal(path);
    removePatiently(path);
  }
}

/** A folder that is found full after all its files were removed is looked into again, for a second. */
function removePatiently(path: string): void {
  for (let more = 50; ; more--) {
    try {
      fs.rmSync(path, { recursive: true, force: true });
      return;
    } catch (error) {
      if (more === 0 || (error as NodeJS.ErrnoException).code !== 'ENOTEMPTY') throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 20);
    }
  }
}

/** Bytes of all files under a path; 0 when there is none. */
export function bytesUnder(path: string): number {
  const stat = fs.lstatSync(path, { throwIfNoEntry: false });
  if (stat === undefined) return 0;
  if (!stat.isDirectory()) return stat.size;
  return fs.readdirSync(path).reduce((sum, name) => sum + bytesUnder(join(path, name)), 0);
}

/** Takes away the right to create and remove names in a folder and the folders below it; files were sealed as they were hashed. */
export function sealFolders(path: string): void {
  if (!fs.lstatSync(path).isDirectory()) return;
  for (const entry of fs.readdirSync(path, { withFileTypes: true })) {
    if (entry.isDirectory()) sealFolders(join(path, entry.name));
  }
  fs.chmodSync(path, 0o555);
}

function unseal(path: string): void {
  if (!fs.lstatSync(path, { throwIfNoEntry: false })?.isDirectory()) return;
  fs.chmodSync(path, 0o755);
  for (const entry of fs.readdirSync(path, { withFileTypes: true })) {
    if (entry.isDirectory()) unseal(join(path, entry.name));
  }
}

function list(root: string, relative: string, paths: string[]): void {
  const full = relative === '' ? root : join(root, relative);
  if (relative === '') {
    const stat = fs.lstatSync(full);
    if (stat.isFile()) {
      paths.push('');
      return;
    }
    if (!stat.isDirectory()) throw special(root, '', stat.isSymbolicLink());
  }
  for (const entry of fs.readdirSync(full, { withFileTypes: true })) {
    const path = relative === '' ? entry.name : `${relative}/${entry.name}`;
    if (entry.isFile()) paths.push(path);
    else if (entry.isDirectory()) list(root, path, paths);
    else throw special(root, path, entry.isSymbolicLink());
  }
}

function special(root: string, path: string, link: boolean): ProblemError {
  const full = path === '' ? root : join(root, path);
  const what = link ? `a symbolic link (to ${fs.readlinkSync(full)})` : 'not a regular file or folder';
  return new ProblemError({
    code: 'special-output',
    message: `the output has ${path === '' ? 'in its place' : `at "${path}"`} ${what}; only files and folders can be kept`,
    hint: link ? 'copy the file instead of linking to it' : 'write a regular file',
  });
}

/** Read into and hashed without a pause in between, so one is enough. */
let shared: Buffer | undefined;

function hashSmall(full: string, seal: boolean): Hashed | undefined {
  shared ??= Buffer.allocUnsafe(SMALL);
  const buffer = shared;
  const fd = fs.openSync(full, 'r');
  try {
    const { size } = fs.fstatSync(fd);
    if (size > SMALL) return undefined;
    let read = 0;
    while (read < size) {
      const count = fs.readSync(fd, buffer, read, size - read, read);
      if (count === 0) throw new Error(`"${full}" shrank from ${size} to ${read} bytes while it was read`);
      read += count;
    }
    if (seal) fs.fchmodSync(fd, 0o444);
    return { size, sha256: sha256(buffer.subarray(0, size)) };
  } finally {
    fs.closeSync(fd);
  }
}

async function hashLarge(root: string, paths: readonly string[], seal: boolean): Promise<ManifestFile[]> {
  const files: ManifestFile[] = [];
  const queue = [...paths];
  const work = async (): Promise<void> => {
    for (let path = queue.pop(); path !== undefined; path = queue.pop()) {
      const full = path === '' ? root : join(root, path);
      if (seal) fs.chmodSync(full, 0o444);
      files.push({ path, ...(await hashStream(full)) });
    }
  };
  await Promise.all(Array.from({ length: Math.min(STREAMS, paths.length) }, work));
  return files;
}

function byPath(a: ManifestFile, b: ManifestFile): number {
  return a.path < b.path ? -1 : a.path > b.path ? 1 : 0;
}
