import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Digest } from '../../src/hash.ts';
import { collectGarbage, type GcPlan, planGc } from '../../src/store/gc.ts';
import { layout } from '../../src/store/layout.ts';
import { openStore, type SqliteStore } from '../../src/store/sqlite.ts';
import type { Entry, Key } from '../../src/store/store.ts';
import { removeTree } from '../../src/store/tree.ts';
import { verify } from '../../src/store/verify.ts';
import { entryFor, keyFor, output } from '../seams/store.ts';

let root: string;
let store: SqliteStore;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'seagraph-upkeep-'));
  store = openStore(root, 'write');
});
afterEach(() => {
  store.close();
  removeTree(root);
});

async function make(name: string, files: Readonly<Record<string, string>> | string): Promise<Digest> {
  const key = keyFor(name);
  const lease = store.begin(key) as NonNullable<ReturnType<SqliteStore['begin']>>;
  const entry = await store.commit(lease, entryFor(key, { stage: name, name }), { out: output(store, key, files) });
  return outOf(entry);
}
const outOf = (entry: Entry): Digest => entry.outputs['out'] as Digest;
const keys = (...names: readonly string[]): ReadonlySet<Key> => new Set(names.map(keyFor));

/** Puts the last use of an entry into the past. */
function age(name: string, milliseconds: number): void {
  const db = new Database(layout.database(root));
  db.prepare('UPDATE entries SET used_at = used_at - ? WHERE key = ?').run(milliseconds, keyFor(name));
  db.close();
}

const gone = (plan: GcPlan) => plan.waste.map((waste) => waste.stage ?? waste.what);

describe('gc', () => {
  it('keeps what is reached even above the limit, and of the rest what was used last', async () => {
    for (const name of ['reached', 'old', 'older', 'new']) await make(name, name.padEnd(100, '.'));
    age('old', 10_000);
    age('older', 20_000);
    expect(gone(planGc(store, keys('reached'), 300))).toEqual(['older']);
    expect(gone(planGc(store, keys('reached'), 200))).toEqual(['older', 'old']);
    expect(gone(planGc(store, keys('reached'), 0))).toEqual(['older', 'old', 'new']);
    expect(planGc(store, keys('reached'), 200)).toMatchObject({ before: 400, after: 200, reached: 100 });
  });

  it('keeps content that a reached stage shares with one that is not', async () => {
    await make('reached', 'same');
    await make('other', 'same');
    expect(planGc(store, keys('reached'), 0).waste).toEqual([]);
  });

  it('takes leftovers and checkpoints of finished stages first, whatever the limit', async () => {
    await make('finished', 'x');
    for (const name of ['finished', 'interrupted', 'unheard of']) {
      mkdirSync(store.scratchFolder(keyFor(name)), { recursive: true });
      writeFileSync(join(store.scratchFolder(keyFor(name)), 'checkpoint'), name);
    }
    const orphan = layout.object(root, 'ab'.repeat(32) as Digest);
    mkdirSync(orphan, { recursive: true });
    writeFileSync(join(orphan, 'x'), 'half');
    const surely = planGc(store, keys('finished', 'interrupted'), 1e9);
    expect(surely.waste.map((waste) => waste.path)).toEqual([store.scratchFolder(keyFor('finished')), orphan]);
    const all = planGc(store, keys('finished', 'interrupted'), 0);
    expect(all.waste.map((waste) => waste.path).slice(2)).toEqual([
      store.scratchFolder(keyFor('unheard of')),
      store.scratchFolder(keyFor('interrupted')),
    ]);
  });

  it('removes what the plan says and keeps the entry as history', async () => {
    const digest = await make('old', { x: 'x', 'deep/y': 'y' });
    const kept = await make('reached', 'r');
    await collectGarbage(store, planGc(store, keys('reached'), 0));
    expect(store.has(digest)).toBe(false);
    expect(store.manifest(digest)).toBeUndefined();
    expect(store.has(kept)).toBe(true);
    expect(store.find(keyFor('old'))).toBeDefined();
    expect(readdirSync(layout.trash(root))).toEqual([]);
  });

  it('refuses while a run uses the store', async () => {
    const digest = await make('old', 'x');
    const other = openStore(root, 'write');
    other.begin(keyFor('in work'));
    // This handle made something too; only others count.
    await expect(collectGarbage(store, planGc(store, keys(), 0))).rejects.toThrow(/a run is using/);
    expect(store.has(digest)).toBe(true);
    other.close();
    await collectGarbage(store, planGc(store, keys(), 0));
    expect(store.has(digest)).toBe(false);
  });

  it('does not touch the checkpoint of a stage at work', () => {
    store.begin(keyFor('at work'));
    mkdirSync(store.scratchFolder(keyFor('at work')), { recursive: true });
    writeFileSync(join(store.scratchFolder(keyFor('at work')), 'checkpoint'), 'x');
    expect(planGc(store, keys(), 0).waste).toEqual([]);
  });
});

describe('verify', () => {
  const tamper = (path: string, text: string): void => {
    chmodSync(path, 0o644);
    writeFileSync(path, text);
  };

  it('finds nothing in a store that nobody touched', async () => {
    await make('a', { x: 'x', 'deep/y': 'y' });
    await make('b', 'text');
    expect(await verify(store)).toEqual({ checked: 2, bytes: 6, damaged: [] });
  });

  it('sets a changed output aside, names its files and stages, and forgets it', async () => {
    const digest = await make('a', { x: 'x', y: 'y' });
    tamper(join(store.path(digest), 'x'), 'z');
    const { damaged } = await verify(store);
    expect(damaged).toMatchObject([{ digest, stages: ['a'], files: ['x'] }]);
    expect(store.has(digest)).toBe(false);
    expect(readFileSync(join(damaged[0]?.aside as string, 'x'), 'utf8')).toBe('z');
    expect((await verify(store)).checked).toBe(0);
  });

  it('finds files that were added or removed, and outputs that are gone', async () => {
    const [added, removed, lost] = [
      await make('a', { x: '1' }),
      await make('b', { x: '2', y: '2' }),
      await make('c', 'file'),
    ];
    chmodSync(store.path(added), 0o755);
    writeFileSync(join(store.path(added), 'new'), '');
    chmodSync(store.path(removed), 0o755);
    rmSync(join(store.path(removed), 'y'));
    removeTree(store.path(lost));
    const { damaged } = await verify(store);
    const files = new Map(damaged.map((damage) => [damage.digest, damage.files]));
    expect([added, removed, lost].map((digest) => files.get(digest))).toEqual([['new'], ['y'], ['']]);
    expect(damaged.find((damage) => damage.digest === lost)?.aside).toBeUndefined();
    expect(existsSync(store.path(added))).toBe(false);
  });
});
