import type Database from 'better-sqlite3';
import { alive, BEAT, type Owner, self } from '../owner.ts';
import { columns } from './rows.ts';
import type { Key, Lease } from './store.ts';

/** Who makes what right now, over all processes that share the database. */
export type Leases = Readonly<{
  begin(key: Key): Lease | undefined;
  /** within a transaction: ends the lease without a word to others */
  end(key: Key): void;
  /** the process that makes it now */
  holder(key: Key): Owner | undefined;
  sweep(): readonly Key[];
  /** Runs `work` while no other process is making anything; undefined when one is. */
  alone<T>(work: () => Promise<T>): Promise<T | undefined>;
  close(): void;
}>;

export function createLeases(db: Database.Database): Leases {
  const owner = self(Date.now());
  const rows = statements(db);
  let registered = false;
  let timer: NodeJS.Timeout | undefined;

  /** The first lease makes this process known and starts its heartbeat. */
  const register = (exclusive: 0 | 1): void => {
    if (registered) return;
    rows.join.run({ ...owner, beat: Date.now(), exclusive });
    registered = true;
    timer = setInterval(() => rows.beat.run(Date.now(), owner.id), BEAT);
    timer.unref();
  };
  const leave = (): void => {
    clearInterval(timer);
    if (registered) rows.leave.run(owner.id);
    registered = false;
  };
  const holder = (key: Key): Owner | undefined => {
    const row = rows.holder.get(key);
    const found = row === undefined ? undefined : readOwner(row);
    return found !== undefined && alive(found, Date.now()) ? found : undefined;
  };

  const begin = db.transaction((key: Key): boolean => {
    if (rows.exclusive.all().some((row) => alive(readOwner(row), Date.now()))) return false;
    if (holder(key) !== undefined) return false;
    register(0);
    rows.take.run(key, owner.id);
    return true;
  });
  const sweep = (): readonly Key[] => {
    const dead = rows.owners
      .all()
      .map(readOwner)
      .filter((other) => !alive(other, Date.now()));
    for (const other of dead) rows.leave.run(other.id);
    return rows.orphans.all().map((row) => columns(row, { key: 'string' }).key as Key);
  };
  const claim = db.transaction((): boolean => {
    if (
      rows.owners
        .all()
        .map(readOwner)
        .some((other) => other.id !== owner.id && alive(other, Date.now()))
    )
      return false;
    leave();
    register(1);
    return true;
  });
  const end = (key: Key): void => void rows.end.run(key, owner.id);

  return {
    begin: (key) => (begin.immediate(key) ? { key, release: () => end(key) } : undefined),
    end,
    holder,
    sweep,
    async alone(work) {
      if (!claim.immediate()) return undefined;
      try {
        return await work();
      } finally {
        leave();
      }
    },
    close() {
      if (registered) rows.endAll.run(owner.id);
      leave();
    },
  };
}

function statements(db: Database.Database) {
  return {
    join: db.prepare('INSERT INTO owners VALUES (@id, @host, @pid, @started, @beat, @exclusive)'),
    leave: db.prepare('DELETE FROM owners WHERE id = ?'),
    beat: db.prepare('UPDATE owners SET beat = ? WHERE id = ?'),
    owners: db.prepare('SELECT * FROM owners'),
    exclusive: db.prepare('SELECT * FROM owners WHERE exclusive = 1'),
    holder: db.prepare('SELECT owners.* FROM leases JOIN owners ON owners.id = leases.owner WHERE key = ?'),
    take: db.prepare('INSERT OR REPLACE INTO leases VALUES (?, ?)'),
    end: db.prepare('DELETE FROM leases WHERE key = ? AND owner = ?'),
    endAll: db.prepare('DELETE FROM leases WHERE owner = ?'),
    orphans: db.prepare('SELECT key FROM leases WHERE owner NOT IN (SELECT id FROM owners)'),
  };
}

function readOwner(row: unknown): Owner {
  const { id, host, pid, started, beat } = columns(row, {
    id: 'string',
    host: 'string',
    pid: 'number',
    started: 'string',
    beat: 'number',
  });
  return { id, host, pid, started, beat };
}
