import * as fs from 'node:fs';
import { join } from 'node:path';
import type { Digest } from '../hash.ts';
import { ProblemError } from '../problem.ts';
import type { ManifestFile } from './store.ts';
import { digestOf, type Hashed, hashFile } from './tree.ts';

/** A file modified this recently may change again without a new time stamp, milliseconds. */
const RACY = 2_000;
const STREAMS = 8;
const SLICE = 12;

/** What is known of a file: the digest holds as long as the stamp (size, times, inode) does. */
export type CachedFile = Readonly<{ stamp: string; size: number; sha256: Digest }>;

export interface SourceCache {
  /** the file at `path`, or all files below it */
  load(path: string): ReadonlyMap<string, CachedFile>;
  save(files: ReadonlyMap<string, CachedFile>): void;
}

/** Digests of files and folders outside the store, by absolute path; a path where nothing lies is absent. */
export type Sources = (paths: readonly string[]) => Promise<ReadonlyMap<string, Digest>>;

/**
 * Digests of a user's files and folders. Links are followed, as opening them would. An unchanged file is not read again:
 * not within this process, nor (through `cache`) in a later one, unless it was modified so recently that its
 * time stamp proves nothing.
 */
export function createSources(cache: SourceCache): Sources {
  const known = new Map<string, CachedFile>();
  const loaded = new Set<string>();
  const trees = new Map<string, Readonly<{ stamp: string; digest: Digest }>>();

  const digestPath = async (path: string): Promise<Digest> => {
    const found = listFiles(path);
    const stamp = [...found].map(([file, { stamp }]) => `${file}\0${stamp}`).join('\n');
    const before = trees.get(path);
    if (before?.stamp === stamp) return before.digest;
    if (!loaded.has(path)) {
      for (const [file, value] of cache.load(path)) known.set(file, value);
      loaded.add(path);
    }
    const { files, fresh } = await digestFiles(path, found, known);
    if (fresh.size > 0) cache.save(fresh);
    const digest = digestOf(files);
    trees.set(path, { stamp, digest });
    return digest;
  };

  return async (paths) => {
    const digests = new Map<string, Digest>();
    for (const path of new Set(paths)) {
      if (fs.existsSync(path)) digests.set(path, await digestPath(path));
    }
    return digests;
  };
}

type Found = Readonly<{ path: string; stamp: string; size: number; modified: number }>;

/** Hashes what is not known; returns the manifest, and what a later process may rely on. */
async function digestFiles(
  root: string,
  found: ReadonlyMap<string, Found>,
  known: Map<string, CachedFile>,
): Promise<Readonly<{ files: readonly ManifestFile[]; fresh: ReadonlyMap<string, CachedFile> }>> {
  const fresh = new Map<string, CachedFile>();
  const files: ManifestFile[] = [];
  const queue = [...found];
  let sliceStart = performance.now();
  const work = async (): Promise<void> => {
    for (let item = queue.pop(); item !== undefined; item = queue.pop()) {
      const [relative, file] = item;
      let value = known.get(file.path);
      if (value?.stamp !== file.stamp) {
        value = { stamp: file.stamp, ...(await hashStable(root, file)) };
        known.set(file.path, value);
        if (Date.now() - file.modified > RACY) fresh.set(file.path, value);
      }
      files.push({ path: relative, size: value.size, sha256: value.sha256 });
      if (performance.now() - sliceStart > SLICE) {
        await new Promise((resolve) => setImmediate(resolve));
        sliceStart = performance.now();
      }
    }
  };
  await Promise.all(Array.from({ length: STREAMS }, work));
  files.sort((a, b) => (a.path < b.path ? -1 : 1));
  return { files, fresh };
}

/** Reads a file that keeps its stamp while it is read; one that is still being written is a mistake to report. */
async function hashStable(root: string, file: Found): Promise<Hashed> {
  const hashed = await hashFile(file.path);
  if (stampOf(file.path).stamp !== file.stamp) {
    throw new ProblemError({
      code: 'source-changes',
      message: `${file.path} changed while it was read`,
      hint:
        file.path === root
          ? 'wait until it is written, then run again'
          : `wait until ${root} is written, then run again`,
    });
  }
  return hashed;
}

function stampOf(path: string): Found {
  const stat = fs.statSync(path, { bigint: true });
  return {
    path,
    stamp: `${stat.size} ${stat.mtimeNs} ${stat.ctimeNs} ${stat.dev} ${stat.ino}`,
    size: Number(stat.size),
    modified: Math.max(Number(stat.mtimeMs), Number(stat.ctimeMs)),
  };
}

/** Every file at or below a path: relative path -> absolute path and stamp. */
function listFiles(root: string): ReadonlyMap<string, Found> {
  const files = new Map<string, Found>();
  const walk = (path: string, relative: string, above: readonly string[]): void => {
    const stat = fs.statSync(path, { throwIfNoEntry: false });
    if (stat === undefined) throw broken(path);
    if (stat.isFile()) {
      files.set(relative, stampOf(path));
      return;
    }
    if (!stat.isDirectory())
      throw new ProblemError({ code: 'special-source', message: `${path} is neither a file nor a folder` });
    const id = `${stat.dev}:${stat.ino}`;
    if (above.includes(id))
      throw new ProblemError({ code: 'source-loop', message: `${path} is a link to a folder above it` });
    for (const entry of fs.readdirSync(path, { withFileTypes: true })) {
      const child = join(path, entry.name);
      const name = relative === '' ? entry.name : `${relative}/${entry.name}`;
      if (entry.isFile()) files.set(name, stampOf(child));
      else walk(child, name, [...above, id]);
    }
  };
  walk(root, '', []);
  return files;
}

function broken(path: string): ProblemError {
  return new ProblemError({
    code: 'broken-link',
    message: `${path} is a link to something that is not there`,
    hint: 'mend or remove the link',
  });
}
