import type { Problem } from '../problem.ts';

const roomHint = 'free some space (`sea gc` shows what the cache can spare), then run again: what was finished is kept';
const writeHint = 'let this user write there, or choose another cache with --cache';
const inTheWay = 'a file lies where a folder has to be: choose another cache with --cache';
const damageHint = 'move the file away: the cache starts empty, and its outputs stay where they are';

/** What the machine refuses, by the code of the error: nothing that the program could have done better. */
const refusals: Readonly<Record<string, Readonly<{ code: string; hint: string }>>> = {
  ENOSPC: { code: 'disk-full', hint: roomHint },
  EDQUOT: { code: 'disk-full', hint: roomHint },
  SQLITE_FULL: { code: 'disk-full', hint: roomHint },
  EROFS: { code: 'not-writable', hint: writeHint },
  EACCES: { code: 'not-writable', hint: writeHint },
  EPERM: { code: 'not-writable', hint: writeHint },
  ENOTDIR: { code: 'not-writable', hint: inTheWay },
  EEXIST: { code: 'not-writable', hint: inTheWay },
  SQLITE_READONLY: { code: 'not-writable', hint: writeHint },
  SQLITE_CANTOPEN: { code: 'not-writable', hint: writeHint },
  SQLITE_CORRUPT: { code: 'store-damaged', hint: damageHint },
  SQLITE_NOTADB: { code: 'store-damaged', hint: damageHint },
  SQLITE_IOERR: { code: 'disk-fails', hint: 'see that the disk of the cache is well, then run again' },
  SQLITE_BUSY: { code: 'store-busy', hint: 'another program holds the database of the cache: wait, then run again' },
};

/** An error of the disk or the database as a problem; undefined for everything else, which is a bug. */
export function machineProblem(error: unknown, cache: string): Problem | undefined {
  if (!(error instanceof Error) || !('code' in error) || typeof error.code !== 'string') return undefined;
  const { code } = error;
  const refusal = refusals[code] ?? Object.entries(refusals).find(([known]) => code.startsWith(`${known}_`))?.[1];
  if (refusal === undefined) return undefined;
  const where = code.startsWith('SQLITE_') ? `the database of the cache ${cache}: ` : '';
  return { code: refusal.code, message: `${where}${error.message}`, hint: refusal.hint };
}
