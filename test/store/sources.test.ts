import { mkdirSync, mkdtempSync, renameSync, rmSync, statSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Digest } from '../../src/hash.ts';
import { type CachedFile, createSources, type SourceCache } from '../../src/store/sources.ts';
import { openStore } from '../../src/store/sqlite.ts';

let root: string;
let saved: Map<string, CachedFile>;
let cache: SourceCache;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'seagraph-sources-'));
  saved = new Map();
  cache = {
    load: () => saved,
    save: (files) => {
      for (const [path, file] of files) saved.set(path, file);
    },
  };
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const digest = async (path: string): Promise<Digest | undefined> => (await createSources(cache)([path])).get(path);
/** The time of change of a file cannot be set: it has to pass. */
const settle = () => new Promise((resolve) => setTimeout(resolve, 2_100));

describe('digests of files outside the store', () => {
  it('depend on content and relative names, not on where a folder lies', async () => {
    const [a, b] = [join(root, 'a'), join(root, 'b')];
    mkdirSync(join(a, 'deep'), { recursive: true });
    writeFileSync(join(a, 'deep/x'), 'x');
    const before = await digest(a);
    renameSync(a, b);
    expect(await digest(b)).toBe(before);
    writeFileSync(join(b, 'deep/y'), 'x');
    expect(await digest(b)).not.toBe(before);
  });

  it('are absent where nothing lies', async () => {
    expect(await digest(join(root, 'none'))).toBeUndefined();
  });

  it('see an edit that keeps size and time of modification', async () => {
    const file = join(root, 'file');
    writeFileSync(file, 'one');
    const { atime, mtime } = statSync(file);
    const sources = createSources(cache);
    const before = (await sources([file])).get(file);
    writeFileSync(file, 'two');
    utimesSync(file, atime, mtime);
    expect((await sources([file])).get(file)).not.toBe(before);
  });

  it('are not kept for a later process while a file is so new that its time proves nothing', async () => {
    writeFileSync(join(root, 'file'), 'new');
    await digest(join(root, 'file'));
    expect(saved.size).toBe(0);
  });

  it('come from the cache when a settled file has not changed', async () => {
    const file = join(root, 'file');
    writeFileSync(file, 'old');
    await settle();
    const before = await digest(file);
    const known = saved.get(file) as CachedFile;
    expect(known.size).toBe(3);
    // Another digest under the same stamp: seen only if the file is not read again.
    saved.set(file, { ...known, sha256: 'f'.repeat(64) as Digest });
    expect(await digest(file)).not.toBe(before);
    saved.set(file, { ...known, stamp: 'another', sha256: 'f'.repeat(64) as Digest });
    expect(await digest(file)).toBe(before);
  });

  it('follow links to files and folders', async () => {
    mkdirSync(join(root, 'data'));
    writeFileSync(join(root, 'data/x'), 'x');
    mkdirSync(join(root, 'linked'));
    symlinkSync('../data/x', join(root, 'linked/x'));
    symlinkSync('data', join(root, 'folder'));
    const expected = await digest(join(root, 'data'));
    expect(await digest(join(root, 'linked'))).toBe(expected);
    expect(await digest(join(root, 'folder'))).toBe(expected);
  });

  it('refuse a broken link and a loop, naming it', async () => {
    symlinkSync('nowhere', join(root, 'broken'));
    await expect(digest(root)).rejects.toThrow(/broken is a link to something that is not there/);
    rmSync(join(root, 'broken'));
    symlinkSync('.', join(root, 'loop'));
    await expect(digest(root)).rejects.toThrow(/loop is a link to a folder above it/);
  });

  it('are kept in the database for files and below folders', async () => {
    const store = openStore(join(root, 'cache'), 'write');
    const file = { stamp: 's', size: 1, sha256: 'a'.repeat(64) as Digest };
    store.sourceCache.save(
      new Map([
        ['/d/x', file],
        ['/d/y/z', file],
        ['/dd', file],
        ['/d', file],
      ]),
    );
    expect([...store.sourceCache.load('/d').keys()].sort()).toEqual(['/d', '/d/x', '/d/y/z']);
    expect(store.sourceCache.load('/dd').get('/dd')).toEqual(file);
    store.close();
  });
});
