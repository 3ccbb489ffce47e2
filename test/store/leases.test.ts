import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { alive, self } from '../../src/owner.ts';
import { startOf } from '../../src/process.ts';
import { layout } from '../../src/store/layout.ts';
import { openStore, type SqliteStore } from '../../src/store/sqlite.ts';
import { removeTree } from '../../src/store/tree.ts';
import { keyFor } from '../seams/store.ts';

let root: string;
let store: SqliteStore;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'seagraph-leases-'));
  store = openStore(root, 'write');
});
afterEach(() => {
  store.close();
  removeTree(root);
});

/** Makes the holder of all leases look like another process. */
function disguise(change: Readonly<Record<string, string | number>>): void {
  const db = new Database(layout.database(root));
  for (const [column, value] of Object.entries(change)) db.prepare(`UPDATE owners SET ${column} = ?`).run(value);
  db.close();
}

describe('a lease', () => {
  it('is respected by another handle on the same store', () => {
    const other = openStore(root, 'write');
    const lease = store.begin(keyFor('a'));
    expect(other.begin(keyFor('a'))).toBeUndefined();
    lease?.release();
    expect(other.begin(keyFor('a'))).toBeDefined();
    other.close();
  });

  it('ends when its store is closed', () => {
    const other = openStore(root, 'write');
    other.begin(keyFor('a'));
    other.close();
    expect(store.begin(keyFor('a'))).toBeDefined();
  });

  it('passes on when its owner died', () => {
    const { pid } = spawnSync('true');
    const other = openStore(root, 'write');
    other.begin(keyFor('a'));
    disguise({ pid, started: '1' });
    expect(store.sweep()).toEqual([keyFor('a')]);
    expect(store.begin(keyFor('a'))).toBeDefined();
    expect(store.sweep()).toEqual([]);
    other.close();
  });

  it('passes on when another process has the pid of its owner now', () => {
    const other = openStore(root, 'write');
    other.begin(keyFor('a'));
    disguise({ started: '12345' });
    expect(store.begin(keyFor('a'))).toBeDefined();
    other.close();
  });

  it('stays with an owner on this machine however long it was suspended', () => {
    const other = openStore(root, 'write');
    other.begin(keyFor('a'));
    disguise({ beat: 0 });
    expect(store.begin(keyFor('a'))).toBeUndefined();
    expect(store.sweep()).toEqual([]);
    other.close();
  });

  it('stays with an owner on another machine as long as its heart beats', () => {
    const other = openStore(root, 'write');
    other.begin(keyFor('a'));
    disguise({ host: 'elsewhere', beat: Date.now() - 30_000 });
    expect(store.begin(keyFor('a'))).toBeUndefined();
    disguise({ host: 'elsewhere', beat: Date.now() - 120_000 });
    expect(store.begin(keyFor('a'))).toBeDefined();
    other.close();
  });

  it('cannot be begun while the store is used alone, nor the store used alone while there is one', async () => {
    const other = openStore(root, 'write');
    await store.alone(async () => expect(other.begin(keyFor('a'))).toBeUndefined());
    const lease = other.begin(keyFor('a'));
    expect(lease).toBeDefined();
    expect(await store.alone(async () => 'alone')).toBeUndefined();
    other.close();
    expect(await store.alone(async () => 'alone')).toBe('alone');
  });
});

describe('a process', () => {
  it('is known by its start time and is gone when it is a zombie', async () => {
    expect(startOf(process.pid)).toMatch(/^\d+$/);
    // sh becomes sleep and never waits for its first child, which stays a zombie.
    const parent = spawn('sh', ['-c', 'true & echo $!; exec sleep 5']);
    const [text] = (await once(parent.stdout, 'data')) as [Buffer];
    for (let wait = 0; startOf(Number(text)) !== undefined && wait < 200; wait++)
      await new Promise((resolve) => setTimeout(resolve, 10));
    expect(startOf(Number(text))).toBeUndefined();
    parent.kill();
  });

  it('lives as itself', () => {
    expect(alive(self(Date.now()), Date.now())).toBe(true);
  });
});

describe('opening a store', () => {
  it('refuses a database of a later version, saying what to do', () => {
    const other = mkdtempSync(join(tmpdir(), 'seagraph-leases-'));
    openStore(other, 'write').close();
    const db = new Database(layout.database(other));
    db.pragma('user_version = 99');
    db.close();
    expect(() => openStore(other, 'write')).toThrow(/has format 99; this version of seagraph knows formats up to 1/);
    removeTree(other);
  });

  it('refuses a file that is no database', () => {
    const other = mkdtempSync(join(tmpdir(), 'seagraph-leases-'));
    writeFileSync(layout.database(other), 'not a database, but long enough to have a header of its own: '.repeat(20));
    expect(() => openStore(other, 'write')).toThrow(/is not a database/);
    removeTree(other);
  });
});
