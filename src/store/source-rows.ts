import type Database from 'better-sqlite3';
import type { Digest } from '../hash.ts';
import { columns } from './rows.ts';
import type { CachedFile, SourceCache } from './sources.ts';

/** Digests of a user's files in the database, by absolute path. */
export function createSourceCache(db: Database.Database): SourceCache {
  const one = db.prepare('SELECT * FROM sources WHERE path = ?');
  // '0' follows '/' in ASCII: the range is everything below the folder.
  const below = db.prepare("SELECT * FROM sources WHERE path >= ? || '/' AND path < ? || '0'");
  const put = db.prepare('INSERT OR REPLACE INTO sources VALUES (?, ?, ?, ?)');
  const save = db.transaction((files: ReadonlyMap<string, CachedFile>) => {
    for (const [path, { stamp, size, sha256 }] of files) put.run(path, stamp, size, sha256);
  });
  return {
    load(path) {
      const rows = [...one.all(path), ...below.all(path, path)];
      return new Map(
        rows.map((row) => {
          const value = columns(row, { path: 'string', stamp: 'string', size: 'number', sha256: 'string' });
          return [value.path, { stamp: value.stamp, size: value.size, sha256: value.sha256 as Digest }];
        }),
      );
    },
    save: (files) => save.immediate(files),
  };
}
