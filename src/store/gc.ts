import * as fs from 'node:fs';
import { join } from 'node:path';
import type { Digest } from '../hash.ts';
import { ProblemError } from '../problem.ts';
import { layout } from './layout.ts';
import { discard } from './objects.ts';
import type { SqliteStore } from './sqlite.ts';
import type { Key } from './store.ts';
import { bytesUnder } from './tree.ts';

/** Something that gc would remove, and why it may go. */
export type Waste = Readonly<{
  what: 'scratch' | 'orphan' | 'damaged' | 'output';
  /** absolute */
  path: string;
  bytes: number;
  /** of an output: the stage that used it last */
  stage?: string;
}>;

export type GcPlan = Readonly<{
  /** bytes of outputs, scratch and leftovers before and after */
  before: number;
  after: number;
  limit: number;
  /** bytes of outputs that the given keys reach; they stay even above the limit */
  reached: number;
  waste: readonly Waste[];
}>;

/**
 * What would go: first checkpoints of finished stages, leftovers and damaged outputs; then, above `limit` bytes, outputs
 * that no given key reaches, least recently used first; then other checkpoints. `reachable`: keys of stages, made or not,
 * that experiment files name.
 */
export function planGc(store: SqliteStore, reachable: ReadonlySet<Key>, limit: number): GcPlan {
  const objects = new Map(store.objects().map(({ digest, bytes }) => [digest, bytes]));
  const { reached, others } = sortOutputs(store, reachable, objects);
  const scratch = listScratch(store, reachable);
  const surely = [
    ...scratch.finished,
    ...listOrphans(store, objects),
    ...listFolder(layout.trash(store.root), 'orphan'),
    ...listFolder(layout.damaged(store.root), 'damaged'),
  ];
  const candidates = [...scratch.unfinished, ...others, ...scratch.needed];
  const sum = (waste: readonly Waste[]) => waste.reduce((bytes, one) => bytes + one.bytes, 0);
  const before = reached + sum(surely) + sum(candidates);
  let after = before - sum(surely);
  const waste = [...surely];
  for (const candidate of candidates) {
    if (after <= limit) break;
    waste.push(candidate);
    after -= candidate.bytes;
  }
  return { before, after, limit, reached, waste };
}

/** Removes what the plan says, unless a run is using the store: then nothing goes and the problem says so. */
export async function collectGarbage(store: SqliteStore, plan: GcPlan): Promise<void> {
  const done = await store.alone(async () => {
    // Forgotten first: a kill in between leaves bytes without a name, never a name without bytes.
    const outputs = plan.waste.filter((waste) => waste.what === 'output');
    store.forget(outputs.map((waste) => waste.path.slice(waste.path.lastIndexOf('/') + 1) as Digest));
    for (const { path } of plan.waste) discard(store.root, path);
    return true;
  });
  if (done === true) return;
  throw new ProblemError({
    code: 'store-in-use',
    message: `a run is using ${store.root}`,
    hint: 'wait until it has ended, then collect again',
  });
}

/** Bytes that given keys reach, and the other outputs, least recently used first. */
function sortOutputs(store: SqliteStore, reachable: ReadonlySet<Key>, objects: ReadonlyMap<Digest, number>) {
  const seen = new Set<Digest>();
  let reached = 0;
  const others: Waste[] = [];
  const entries = [...store.byUse()];
  for (const { entry } of entries.filter(({ entry }) => reachable.has(entry.key))) {
    for (const digest of Object.values(entry.outputs)) {
      if (!seen.has(digest)) reached += objects.get(digest) ?? 0;
      seen.add(digest);
    }
  }
  for (const { entry } of entries) {
    for (const digest of Object.values(entry.outputs)) {
      const bytes = objects.get(digest);
      if (bytes === undefined || seen.has(digest)) continue;
      seen.add(digest);
      others.push({ what: 'output', path: layout.object(store.root, digest), bytes, stage: entry.stage });
    }
  }
  return { reached, others: others.reverse() };
}

/** Checkpoints: of stages that have a result; of those that no experiment names; of those that a next run would resume. */
function listScratch(store: SqliteStore, reachable: ReadonlySet<Key>) {
  const leased = store.leased();
  const lists = { finished: [] as Waste[], unfinished: [] as Waste[], needed: [] as Waste[] };
  for (const path of twoLevels(layout.scratches(store.root))) {
    const key = path.slice(path.lastIndexOf('/') + 1) as Key;
    if (leased.has(key)) continue;
    const waste: Waste = { what: 'scratch', path, bytes: bytesUnder(path) };
    if (store.find(key) !== undefined) lists.finished.push(waste);
    else if (reachable.has(key)) lists.needed.push(waste);
    else lists.unfinished.push(waste);
  }
  return lists;
}

/** Objects that no manifest names: a run was killed between the move and the commit, or gc before it could remove them. */
function listOrphans(store: SqliteStore, objects: ReadonlyMap<Digest, number>): readonly Waste[] {
  return twoLevels(layout.objects(store.root))
    .filter((path) => !objects.has(path.slice(path.lastIndexOf('/') + 1) as Digest))
    .map((path) => ({ what: 'orphan', path, bytes: bytesUnder(path) }));
}

function listFolder(folder: string, what: Waste['what']): readonly Waste[] {
  if (!fs.existsSync(folder)) return [];
  return fs
    .readdirSync(folder)
    .map((name) => ({ what, path: join(folder, name), bytes: bytesUnder(join(folder, name)) }));
}

function twoLevels(root: string): readonly string[] {
  if (!fs.existsSync(root)) return [];
  return fs
    .readdirSync(root)
    .flatMap((prefix) => fs.readdirSync(join(root, prefix)).map((name) => join(root, prefix, name)))
    .sort();
}
