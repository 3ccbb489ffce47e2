import { existsSync } from 'node:fs';
import type Database from 'better-sqlite3';
import type { Digest } from '../hash.ts';
import type { Owner } from '../owner.ts';
import { ProblemError } from '../problem.ts';
import { layout } from './layout.ts';
import { createLeases } from './leases.ts';
import { putObject, type StoredObject } from './objects.ts';
import { isWritable } from './read-only.ts';
import { makeRoot } from './root.ts';
import { columns, readEntry, readManifest, writeEntry, writeManifest } from './rows.ts';
import { openDatabase, openDatabaseCopy } from './schema.ts';
import { createSourceCache } from './source-rows.ts';
import type { SourceCache } from './sources.ts';
import { type Entry, type Key, NAMED, type Store, type Use } from './store.ts';

/** How exactly the last use of an entry is known, milliseconds: a run that reuses everything writes nothing. */
const USE_PRECISION = 3_600_000;

export type ObjectRow = Readonly<{ digest: Digest; bytes: number }>;
export type UsedEntry = Readonly<{ entry: Entry; usedAt: number }>;

/** The store on disk: a database and folders below `root`; what gc and verify need beside the seam. */
export interface SqliteStore extends Store {
  readonly root: string;
  readonly sourceCache: SourceCache;
  objects(): readonly ObjectRow[];
  /** entries, most recently used first */
  byUse(): Iterable<UsedEntry>;
  leased(): ReadonlySet<Key>;
  /** the process that makes it now */
  holder(key: Key): Owner | undefined;
  /** changes when another process has written */
  version(): number;
  /** Forgets objects whose bytes are gone; their entries stay, as history. */
  forget(digests: readonly Digest[]): void;
  /** Runs `work` while no other process makes anything; undefined when one does. */
  alone<T>(work: () => Promise<T>): Promise<T | undefined>;
}

/** To read, a folder that may not be written will do: then what is noted in passing is forgotten. */
export function openStore(root: string, purpose: 'read' | 'write'): SqliteStore {
  makeRoot(root);
  const db = open(root, purpose);
  const leases = createLeases(db);
  const rows = statements(db);
  const record = recorder(db, rows, leases.end);
  return {
    root,
    sourceCache: createSourceCache(db),
    find(key) {
      const row = rows.find.get(key);
      return row === undefined ? undefined : entryOf(row);
    },
    findMany(keys) {
      const found = rows.findMany.all(JSON.stringify(keys)).map(entryOf);
      return new Map(found.map((entry) => [entry.key, entry]));
    },
    last(experiment, stage) {
      const row = rows.last.get(experiment, stage);
      return row === undefined ? undefined : entryOf(row);
    },
    named: (experiment, name) => rows.named.all(name, experiment).map(entryOf),
    begin: leases.begin,
    async commit(lease, entry, outputs) {
      const stored: Record<string, StoredObject> = {};
      for (const [port, path] of Object.entries(outputs)) stored[port] = await putObject(root, path, port);
      const digests = Object.fromEntries(Object.entries(stored).map(([port, object]) => [port, object.digest]));
      const whole: Entry = { ...entry, outputs: digests };
      if (lease.key !== entry.key) throw new Error(`the lease is for ${lease.key}, the entry for ${entry.key}`);
      record.immediate(whole, Object.values(stored));
      return whole;
    },
    path: (digest) => layout.object(root, digest),
    has: (digest) => existsSync(layout.object(root, digest)),
    manifest(digest) {
      const row = rows.manifest.get(digest);
      return row === undefined ? undefined : readManifest(digest, (row as { manifest: unknown }).manifest);
    },
    *entries() {
      for (const row of rows.entries.iterate()) yield entryOf(row);
    },
    use: users(db, rows),
    sweep: leases.sweep,
    jobFolder: (key) => layout.job(root, key),
    scratchFolder: (key) => layout.scratch(root, key),
    repliesFolder: () => layout.replies(root),
    objects: () => rows.objects.all().map((row) => readObject(row)),
    *byUse() {
      for (const row of rows.byUse.iterate())
        yield { entry: entryOf(row), usedAt: columns(row, { used_at: 'number' }).used_at };
    },
    leased: () => new Set(rows.leased.all().map((row) => columns(row, { key: 'string' }).key as Key)),
    holder: leases.holder,
    version: () => Number(db.pragma('data_version', { simple: true })),
    forget: db.transaction((digests: readonly Digest[]) => {
      for (const digest of digests) rows.forget.run(digest);
    }),
    alone: leases.alone,
    close() {
      leases.close();
      db.close();
    },
  };
}

function open(root: string, purpose: 'read' | 'write'): Database.Database {
  const database = layout.database(root);
  if (isWritable(root, database)) return openDatabase(database);
  if (purpose === 'read') return openDatabaseCopy(database);
  throw new ProblemError({
    code: 'read-only',
    message: `the cache ${root} is read-only for this user`,
    hint: 'let this user write there, or choose another cache with --cache; sea table, plan, show and ls read it as it is',
  });
}

function statements(db: Database.Database) {
  return {
    find: db.prepare('SELECT key, body FROM entries WHERE key = ?'),
    findMany: db.prepare('SELECT key, body FROM entries WHERE key IN (SELECT value FROM json_each(?))'),
    last: db.prepare(
      'SELECT e.key, e.body FROM uses u JOIN entries e ON e.key = u.key WHERE u.experiment = ? AND u.stage = ?',
    ),
    named: db.prepare(
      `SELECT e.key, e.body FROM uses u JOIN entries e ON e.key = u.key WHERE u.name = ? ORDER BY u.experiment = ? DESC, u.at DESC LIMIT ${NAMED}`,
    ),
    entries: db.prepare('SELECT key, body FROM entries ORDER BY made_at'),
    byUse: db.prepare('SELECT key, body, used_at FROM entries ORDER BY used_at DESC, made_at DESC, key'),
    addEntry: db.prepare('INSERT OR REPLACE INTO entries VALUES (?, ?, ?, ?)'),
    addUse: db.prepare(
      'INSERT INTO uses VALUES (@experiment, @stage, @name, @key, @at) ON CONFLICT (experiment, stage) DO UPDATE ' +
        'SET name = excluded.name, key = excluded.key, at = excluded.at',
    ),
    usesSince: db.prepare('SELECT stage, key FROM uses WHERE experiment = ? AND at >= ?'),
    unusedSince: db.prepare('SELECT key FROM entries WHERE key IN (SELECT value FROM json_each(?)) AND used_at < ?'),
    touch: db.prepare('UPDATE entries SET used_at = @now WHERE key IN (SELECT value FROM json_each(@keys))'),
    addObject: db.prepare('INSERT OR REPLACE INTO objects VALUES (?, ?, ?)'),
    manifest: db.prepare('SELECT manifest FROM objects WHERE digest = ?'),
    objects: db.prepare('SELECT digest, bytes FROM objects ORDER BY digest'),
    forget: db.prepare('DELETE FROM objects WHERE digest = ?'),
    leased: db.prepare('SELECT key FROM leases'),
  };
}

type Rows = ReturnType<typeof statements>;

/** One transaction: objects' manifests, the entry, its use, the end of the lease. */
function recorder(db: Database.Database, rows: Rows, end: (key: Key) => void) {
  return db.transaction((entry: Entry, objects: readonly StoredObject[]) => {
    const now = Date.now();
    for (const object of objects) rows.addObject.run(object.digest, object.bytes, writeManifest(object.files));
    rows.addEntry.run(entry.key, writeEntry(entry), now, now);
    rows.addUse.run({
      experiment: entry.experiment,
      stage: entry.stage,
      name: entry.name,
      key: entry.key,
      at: now,
    });
    end(entry.key);
  });
}

/** Writes only what is news, so that a run that reuses everything leaves the database alone. */
function users(db: Database.Database, rows: Rows): Store['use'] {
  const write = db.transaction((experiment: string, news: readonly Use[], keys: readonly Key[]) => {
    const now = Date.now();
    rows.touch.run({ now, keys: JSON.stringify(keys) });
    for (const { stage, name, key } of news) rows.addUse.run({ experiment, stage, name, key, at: now });
  });
  return (experiment, uses) => {
    const since = Date.now() - USE_PRECISION;
    const known = new Map(rows.usesSince.all(experiment, since).map(readUse));
    const news = uses.filter(({ stage, key }) => known.get(stage) !== key);
    const keys = JSON.stringify(uses.map(({ key }) => key));
    const old = rows.unusedSince.all(keys, since).map((row) => columns(row, { key: 'string' }).key as Key);
    if (news.length + old.length > 0) write.immediate(experiment, news, old);
  };
}

function readUse(row: unknown): [stage: string, key: string] {
  const { stage, key } = columns(row, { stage: 'string', key: 'string' });
  return [stage, key];
}

function entryOf(row: unknown): Entry {
  const { key, body } = columns(row, { key: 'string', body: 'string' });
  return readEntry(key, body);
}

function readObject(row: unknown): ObjectRow {
  const { digest, bytes } = columns(row, { digest: 'string', bytes: 'number' });
  return { digest: digest as Digest, bytes };
}
