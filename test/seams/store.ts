import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Digest, sha256 } from '../../src/hash.ts';
import type { Entry, Key, Store } from '../../src/store/store.ts';
import { removeTree } from '../../src/store/tree.ts';

export function keyFor(name: string): Key {
  return sha256(name) as string as Key;
}

export function entryFor(key: Key, change: Partial<Omit<Entry, 'outputs'>> = {}): Omit<Entry, 'outputs'> {
  return {
    key,
    kind: 'command',
    version: 1,
    experiment: 'trial',
    stage: 'make',
    name: 'make',
    identity: { run: 'make' },
    inputs: {},
    metrics: { 'loss.last': 0.25 },
    provenance: {
      host: 'here',
      platform: 'linux',
      node: 'v20',
      seagraph: '0',
      engine: 'none',
      threads: 1,
      startedAt: '2026-01-01T00:00:00Z',
      seconds: 2,
    },
    ...change,
  };
}

/** Writes files below a fresh job output and returns its path. */
export function output(store: Store, key: Key, files: Readonly<Record<string, string>> | string, name = 'out'): string {
  const path = join(store.jobFolder(key), 'outputs', name);
  mkdirSync(dirname(path), { recursive: true });
  if (typeof files === 'string') writeFileSync(path, files);
  else {
    mkdirSync(path);
    for (const [file, text] of Object.entries(files)) {
      mkdirSync(dirname(join(path, file)), { recursive: true });
      writeFileSync(join(path, file), text);
    }
  }
  return path;
}

async function make(
  store: Store,
  name: string,
  files: Readonly<Record<string, string>> | string,
  change: Partial<Omit<Entry, 'outputs'>> = {},
): Promise<Entry> {
  const key = keyFor(name);
  const lease = store.begin(key);
  if (lease === undefined) throw new Error(`no lease for ${name}`);
  return store.commit(lease, entryFor(key, change), { out: output(store, key, files) });
}

function outOf(entry: Entry): Digest {
  const digest = entry.outputs['out'];
  if (digest === undefined) throw new Error('the entry has no output "out"');
  return digest;
}

/** What every store must do; `open` makes an empty one below a folder. */
export function storeSuite(name: string, open: (root: string) => Store): void {
  describe(`a ${name} store`, () => {
    let root: string;
    let store: Store;
    beforeEach(() => {
      root = mkdtempSync(join(tmpdir(), 'seagraph-store-'));
      store = open(root);
    });
    afterEach(() => {
      store.close();
      removeTree(root);
    });

    it('finds a committed entry by its key, and nothing under another', async () => {
      const entry = await make(store, 'a', 'text');
      expect(store.find(keyFor('a'))).toEqual(entry);
      expect(store.find(keyFor('b'))).toBeUndefined();
      expect(entry.metrics).toEqual({ 'loss.last': 0.25 });
    });

    it('finds many keys at once and leaves out the unknown', async () => {
      await make(store, 'a', 'one');
      await make(store, 'b', 'two');
      const found = store.findMany(['a', 'b', 'c'].map(keyFor));
      expect([...found.keys()].sort()).toEqual(['a', 'b'].map(keyFor).sort());
    });

    it('keeps an output folder readable under the digest of its content', async () => {
      const digest = outOf(await make(store, 'a', { 'x.txt': 'x', 'deep/y.txt': 'yy' }));
      expect(store.has(digest)).toBe(true);
      expect(readFileSync(join(store.path(digest), 'deep/y.txt'), 'utf8')).toBe('yy');
      expect(store.manifest(digest)?.map(({ path, size }) => [path, size])).toEqual([
        ['deep/y.txt', 2],
        ['x.txt', 1],
      ]);
    });

    it('keeps an output file as a file', async () => {
      const digest = outOf(await make(store, 'a', 'text'));
      expect(readFileSync(store.path(digest), 'utf8')).toBe('text');
      expect(store.manifest(digest)).toEqual([{ path: '', size: 4, sha256: sha256('text') }]);
    });

    it('makes outputs read-only', async () => {
      const file = outOf(await make(store, 'a', 'text'));
      const folder = outOf(await make(store, 'b', { 'in/x': 'x' }));
      expect(statSync(store.path(file)).mode & 0o222).toBe(0);
      for (const path of ['', 'in', 'in/x']) expect(statSync(join(store.path(folder), path)).mode & 0o222).toBe(0);
    });

    it('gives equal content equal digests and holds it once', async () => {
      const first = outOf(await make(store, 'a', { x: '1', y: '2' }));
      const second = outOf(await make(store, 'b', { y: '2', x: '1' }));
      expect(second).toBe(first);
      expect(existsSync(join(store.jobFolder(keyFor('b')), 'outputs', 'out'))).toBe(false);
    });

    it('tells a file from a folder, and names from content', async () => {
      const digests = [
        outOf(await make(store, 'a', 'x')),
        outOf(await make(store, 'b', { x: 'x' })),
        outOf(await make(store, 'c', { y: 'x' })),
        outOf(await make(store, 'd', {})),
      ];
      expect(new Set(digests).size).toBe(4);
    });

    it('replaces a stored copy that has lost bytes when the same content is made again', async () => {
      const digest = outOf(await make(store, 'a', { x: 'content' }));
      chmodSync(join(store.path(digest), 'x'), 0o644);
      writeFileSync(join(store.path(digest), 'x'), 'cont');
      await make(store, 'b', { x: 'content' });
      expect(readFileSync(join(store.path(digest), 'x'), 'utf8')).toBe('content');
    });

    it('refuses an output that holds a symbolic link, and keeps no entry', async () => {
      const key = keyFor('a');
      const lease = store.begin(key);
      const path = output(store, key, { x: 'x' });
      symlinkSync('x', join(path, 'link'));
      await expect(store.commit(lease as NonNullable<typeof lease>, entryFor(key), { out: path })).rejects.toThrow(
        /"link" a symbolic link \(to x\)/,
      );
      expect(store.find(key)).toBeUndefined();
    });

    it('refuses an output that was not made, naming the port', async () => {
      const key = keyFor('a');
      const lease = store.begin(key);
      await expect(
        store.commit(lease as NonNullable<typeof lease>, entryFor(key), { out: join(root, 'nothing') }),
      ).rejects.toThrow(/output "out"/);
      expect(store.find(key)).toBeUndefined();
    });

    it('gives one lease a key until it is released or committed', async () => {
      const key = keyFor('a');
      const lease = store.begin(key);
      expect(lease?.key).toBe(key);
      expect(store.begin(key)).toBeUndefined();
      expect(store.begin(keyFor('b'))).toBeDefined();
      lease?.release();
      await make(store, 'a', 'text');
      expect(store.begin(key)).toBeDefined();
    });

    it('overwrites the entry of a stage that was forced to run again', async () => {
      await make(store, 'a', 'one');
      const again = await make(store, 'a', 'two');
      expect(store.find(keyFor('a'))).toEqual(again);
      expect([...store.entries()]).toHaveLength(1);
    });

    it('remembers what a stage of an experiment stood for last', async () => {
      const first = await make(store, 'a', 'one', { stage: 'train[Base]', name: 'train' });
      const second = await make(store, 'b', 'two', { stage: 'train[+SEA]', name: 'train' });
      expect(store.last('trial', 'train[Base]')).toEqual(first);
      store.use('trial', [{ stage: 'train[Base]', name: 'train', key: second.key }]);
      expect(store.last('trial', 'train[Base]')).toEqual(second);
      store.use('trial', [{ stage: 'train[Base]', name: 'train', key: first.key }]);
      expect(store.last('trial', 'train[Base]')).toEqual(first);
    });

    it('tells what stages of a name stood for, those of the experiment first', async () => {
      const here = await make(store, 'a', 'one', { stage: 'train[Base]', name: 'train' });
      const elsewhere = await make(store, 'b', 'two', { stage: 'train', name: 'train', experiment: 'other' });
      expect(store.last('trial', 'train[New]')).toBeUndefined();
      expect(store.named('trial', 'train')).toEqual([here, elsewhere]);
      expect(store.named('third', 'train')[0]?.experiment).toBe('other');
      expect(store.named('trial', 'score')).toEqual([]);
    });

    it('names folders for jobs and scratch that differ by key', () => {
      const [a, b] = [keyFor('a'), keyFor('b')];
      expect(
        new Set([store.jobFolder(a), store.jobFolder(b), store.scratchFolder(a), store.scratchFolder(b)]).size,
      ).toBe(4);
    });
  });
}
