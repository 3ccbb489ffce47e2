import { randomUUID } from 'node:crypto';
import * as fs from 'node:fs';
import { basename, dirname, join } from 'node:path';
import type { Digest } from '../hash.ts';
import { ProblemError } from '../problem.ts';
import { layout } from './layout.ts';
import type { ManifestFile } from './store.ts';
import { digestOf, hashTree, removeTree, sameSizes, sealFolders, sizeOf } from './tree.ts';

/** A content-addressed output: where its bytes are is `layout.object(root, digest)`. */
export type StoredObject = Readonly<{ digest: Digest; bytes: number; files: readonly ManifestFile[] }>;

/**
 * Moves what a stage left at `source` into the store, read-only, under the hash of its content. The store
 * never holds a half object: everything is hashed and sealed first, then renamed in. Content that is there
 * already is kept and the new copy dropped.
 */
export async function putObject(root: string, source: string, port: string): Promise<StoredObject> {
  if (!fs.existsSync(source)) {
    throw new ProblemError({
      code: 'missing-output',
      message: `the stage ended without making its output "${port}"`,
      hint: `expected a file or folder at ${source}`,
    });
  }
  const files = await hashTree(source, { seal: true });
  const digest = digestOf(files);
  const place = layout.object(root, digest);
  if (fs.existsSync(place) && !sameSizes(place, files)) setAside(root, digest);
  if (fs.existsSync(place)) removeTree(source);
  else moveIn(source, place);
  return { digest, bytes: sizeOf(files), files };
}

/** Moves a damaged object out of the way; returns where it lies now. */
export function setAside(root: string, digest: Digest): string {
  return moveTo(layout.object(root, digest), layout.damaged(root));
}

/** Removes a file or folder so that it is there whole or not at all, even if this process is killed meanwhile. */
export function discard(root: string, path: string): void {
  if (fs.existsSync(path)) removeTree(moveTo(path, layout.trash(root)));
}

function moveTo(path: string, folder: string): string {
  const place = join(folder, `${basename(path)}-${randomUUID()}`);
  fs.mkdirSync(folder, { recursive: true });
  rename(path, place);
  return place;
}

function moveIn(source: string, place: string): void {
  fs.mkdirSync(dirname(place), { recursive: true });
  try {
    rename(source, place);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    // Another process made the same content in the meantime.
    if (code !== 'ENOTEMPTY' && code !== 'EEXIST') throw error;
    removeTree(source);
    return;
  }
  // Only now: a folder that may not be written cannot be moved to another parent.
  sealFolders(place);
}

function rename(from: string, to: string): void {
  if (fs.lstatSync(from).isDirectory()) fs.chmodSync(from, 0o755);
  fs.renameSync(from, to);
}
