import {
  accessSync,
  chmodSync,
  constants,
  copyFileSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import Database from 'better-sqlite3';
import { ProblemError } from '../problem.ts';

/** How often the database is copied again when somebody wrote to it meanwhile. */
const ATTEMPTS = 5;

/** Whether this process may add to a folder and write its database. */
export function isWritable(root: string, database: string): boolean {
  return may(root, constants.W_OK | constants.X_OK) && (!existsSync(database) || may(database, constants.W_OK));
}

/**
 * The database of a folder that may not be written, held in memory: one with a write-ahead log cannot be read without writing
 * beside it. Nothing of it reaches the disk again.
 */
export function openCopy(file: string): Database.Database {
  if (!existsSync(file)) return new Database(':memory:');
  const folder = mkdtempSync(join(tmpdir(), 'seagraph-'));
  try {
    const copy = join(folder, basename(file));
    copyWhole(file, copy);
    const db = new Database(copy);
    try {
      db.pragma('journal_mode = DELETE'); // takes in the log
    } finally {
      db.close();
    }
    return new Database(readFileSync(copy));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Of a database that is written meanwhile, file and log may not belong together: then it is copied again. */
function copyWhole(file: string, copy: string): void {
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    const before = stampOf(file);
    for (const part of ['', '-wal']) {
      rmSync(copy + part, { force: true });
      if (!existsSync(file + part)) continue;
      copyFileSync(file + part, copy + part);
      chmodSync(copy + part, 0o600); // the copy has the rights of the file
    }
    if (stampOf(file) === before) return;
  }
  throw new ProblemError({
    code: 'store-busy',
    message: `${file} is written all the time and may not be written from here`,
    hint: 'wait until the run that writes it is over, then try again',
  });
}

function stampOf(file: string): string {
  return [file, `${file}-wal`]
    .map((path) => statSync(path, { bigint: true, throwIfNoEntry: false }))
    .map((stat) => (stat === undefined ? 'absent' : `${stat.ino} ${stat.size} ${stat.mtimeNs}`))
    .join();
}

function may(path: string, what: number): boolean {
  try {
    accessSync(path, what);
    return true;
  } catch {
    return false;
  }
}
