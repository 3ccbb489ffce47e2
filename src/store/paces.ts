import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { layout } from './layout.ts';

/** What was measured on a machine, and when. */
export type Kept<T> = Readonly<{ at: string; pace: T }>;

/** Measurements of machines that share the cache, by their description. One that cannot be read is made again. */
export function readPace<T>(root: string, machine: string): Kept<T> | undefined {
  return readAll<T>(root)[machine];
}

/** By rename: two runs at once leave one whole file. */
export function keepPace<T>(root: string, machine: string, pace: T): Kept<T> {
  const kept = { at: new Date().toISOString(), pace };
  const file = layout.paces(root);
  const partial = `${file}.${process.pid}`;
  writeFileSync(partial, `${JSON.stringify({ ...readAll<T>(root), [machine]: kept }, undefined, 2)}\n`);
  renameSync(partial, file);
  return kept;
}

function readAll<T>(root: string): Readonly<Record<string, Kept<T>>> {
  try {
    return JSON.parse(readFileSync(layout.paces(root), 'utf8')) as Record<string, Kept<T>>;
  } catch {
    return {};
  }
}
