import * as fs from 'node:fs';
import type { Digest } from '../hash.ts';
import { ProblemError } from '../problem.ts';
import { layout } from './layout.ts';
import { setAside } from './objects.ts';
import type { SqliteStore } from './sqlite.ts';
import type { ManifestFile } from './store.ts';
import { hashTree } from './tree.ts';

/** An output that is not what it was. */
export type Damage = Readonly<{
  digest: Digest;
  /** ids of stages that made it */
  stages: readonly string[];
  /** files that are changed, missing or new, relative to the output; '' for an output that is one file */
  files: readonly string[];
  /** where it lies now; absent when nothing of it is left */
  aside?: string;
}>;

export type Verified = Readonly<{ checked: number; bytes: number; damaged: readonly Damage[] }>;

/**
 * Reads and hashes every output again. One that differs from its manifest is moved to `damaged/` and forgotten, so that
 * the next run makes it again.
 */
export async function verify(
  store: SqliteStore,
  progress: (done: number, of: number) => void = () => {},
): Promise<Verified> {
  const objects = store.objects();
  const makers = makersOf(store);
  const damaged: Damage[] = [];
  let bytes = 0;
  for (const [index, object] of objects.entries()) {
    const files = await differences(store, object.digest);
    bytes += object.bytes;
    if (files.length > 0) damaged.push(remove(store, object.digest, files, makers.get(object.digest) ?? []));
    progress(index + 1, objects.length);
  }
  return { checked: objects.length, bytes, damaged };
}

async function differences(store: SqliteStore, digest: Digest): Promise<readonly string[]> {
  const path = store.path(digest);
  const expected = store.manifest(digest);
  // Forgotten in the meantime by another process.
  if (expected === undefined) return [];
  if (!fs.existsSync(path)) return expected.length === 0 ? [''] : expected.map((file) => file.path);
  let found: readonly ManifestFile[];
  try {
    found = await hashTree(path, { seal: false });
  } catch (error) {
    // Something that is no file was put in it, or it is being taken away.
    if (error instanceof ProblemError || (error as NodeJS.ErrnoException).code === 'ENOENT') return [''];
    throw error;
  }
  const before = new Map(expected.map((file) => [file.path, file.sha256]));
  const now = new Map(found.map((file) => [file.path, file.sha256]));
  return [...new Set([...before.keys(), ...now.keys()])].filter((name) => before.get(name) !== now.get(name)).sort();
}

function remove(store: SqliteStore, digest: Digest, files: readonly string[], stages: readonly string[]): Damage {
  const aside = fs.existsSync(layout.object(store.root, digest)) ? setAside(store.root, digest) : undefined;
  store.forget([digest]);
  return { digest, stages, files, ...(aside === undefined ? {} : { aside }) };
}

function makersOf(store: SqliteStore): ReadonlyMap<Digest, readonly string[]> {
  const makers = new Map<Digest, string[]>();
  for (const entry of store.entries()) {
    for (const digest of Object.values(entry.outputs)) makers.set(digest, [...(makers.get(digest) ?? []), entry.stage]);
  }
  return makers;
}
