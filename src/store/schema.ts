import Database from 'better-sqlite3';
import { ProblemError } from '../problem.ts';
import { openCopy } from './read-only.ts';

/** Each step takes the database from version i to i + 1; steps are never edited once released. */
const MIGRATIONS: readonly string[] = [
  `
  CREATE TABLE entries (
    key TEXT PRIMARY KEY,
    body TEXT NOT NULL,            -- the Entry as JSON
    made_at INTEGER NOT NULL,      -- milliseconds
    used_at INTEGER NOT NULL
  );
  CREATE TABLE uses (              -- which entry a stage of an experiment stood for last
    experiment TEXT NOT NULL,
    stage TEXT NOT NULL,
    name TEXT NOT NULL,
    key TEXT NOT NULL,
    at INTEGER NOT NULL,
    PRIMARY KEY (experiment, stage)
  ) WITHOUT ROWID;
  CREATE INDEX uses_by_name ON uses (name, at);
  CREATE TABLE objects (
    digest TEXT PRIMARY KEY,
    bytes INTEGER NOT NULL,
    manifest BLOB NOT NULL         -- JSON text, or deflated when large
  );
  CREATE TABLE owners (            -- processes that hold leases
    id TEXT PRIMARY KEY,
    host TEXT NOT NULL,
    pid INTEGER NOT NULL,
    started TEXT NOT NULL,
    beat INTEGER NOT NULL,
    exclusive INTEGER NOT NULL     -- 1: gc at work, nobody may begin
  ) WITHOUT ROWID;
  CREATE TABLE leases (
    key TEXT PRIMARY KEY,
    owner TEXT NOT NULL
  ) WITHOUT ROWID;
  CREATE TABLE sources (           -- digests of a user's files, valid while the stamp is the same
    path TEXT PRIMARY KEY,
    stamp TEXT NOT NULL,
    size INTEGER NOT NULL,
    sha256 TEXT NOT NULL
  ) WITHOUT ROWID;
  `,
];

/** Opens the database, makes or updates its tables. WAL with NORMAL: a kill loses nothing, a commit costs no fsync. */
export function openDatabase(file: string): Database.Database {
  return prepare(file, () => new Database(file, { timeout: 20_000 }), turnOnWal);
}

/** The same for a file that may only be read: a copy in memory. */
export function openDatabaseCopy(file: string): Database.Database {
  return prepare(
    file,
    () => openCopy(file),
    () => undefined,
  );
}

function prepare(
  file: string,
  open: () => Database.Database,
  turnOn: (db: Database.Database) => void,
): Database.Database {
  let db: Database.Database | undefined;
  try {
    db = open();
    turnOn(db);
    db.pragma('synchronous = NORMAL');
    db.pragma('temp_store = MEMORY');
    migrate(db, file);
    return db;
  } catch (error) {
    db?.close();
    if (error instanceof Database.SqliteError && error.code === 'SQLITE_NOTADB') {
      throw new ProblemError({
        code: 'store-damaged',
        message: `${file} is not a database`,
        hint: 'move it away; the cache starts empty',
      });
    }
    throw error;
  }
}

function migrate(db: Database.Database, file: string): void {
  const update = db.transaction(() => {
    const version = db.pragma('user_version', { simple: true });
    if (typeof version !== 'number') throw new Error(`user_version is ${String(version)}, not a number`);
    if (version > MIGRATIONS.length) {
      throw new ProblemError({
        code: 'store-too-new',
        message: `${file} has format ${version}; this version of seagraph knows formats up to ${MIGRATIONS.length}`,
        hint: 'update seagraph, or choose another cache with --cache',
      });
    }
    for (const step of MIGRATIONS.slice(version)) db.exec(step);
    if (version < MIGRATIONS.length) db.pragma(`user_version = ${MIGRATIONS.length}`);
  });
  if (db.pragma('user_version', { simple: true }) !== MIGRATIONS.length) update.immediate();
}

/** Two processes that open a new database at once: SQLite does not wait by itself while the journal mode changes. */
function turnOnWal(db: Database.Database): void {
  for (let attempt = 0; ; attempt += 1) {
    try {
      if (db.pragma('journal_mode = WAL', { simple: true }) === 'wal') return;
      throw new ProblemError({
        code: 'no-wal',
        message: `${db.name}: this file system cannot hold a shared database`,
        hint: 'choose a local folder with --cache',
      });
    } catch (error) {
      const busy = error instanceof Database.SqliteError && error.code.startsWith('SQLITE_BUSY');
      if (!busy || attempt === 200) throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 25);
    }
  }
}
