import type { Digest, Json } from '../hash.ts';
import { canonicalJson } from '../hash.ts';
import type { Why } from '../run/event.ts';
import type { Entry } from '../store/store.ts';
import type { Identity } from './key.ts';

/** One difference between a stage and its last entry; a side that does not exist is absent. */
export type Change =
  | Readonly<{ what: 'kind'; old: string; new: string }>
  | Readonly<{ what: 'version'; old: number; new: number }>
  | Readonly<{ what: 'parameter'; path: string; old?: Json; new?: Json }>
  /** `stage` makes it; without `new` its content is known only after that stage has run */
  | Readonly<{ what: 'input'; port: string; stage?: string; old?: Digest; new?: Digest }>
  | Readonly<{ what: 'source'; name: string; old?: Digest; new?: Digest }>;

/** A stage as it stands now; digests of inputs that must run first are absent. */
export type Standing = Omit<Identity, 'inputs'> &
  Readonly<{ inputs: Readonly<Record<string, Readonly<{ stage: string; digest?: Digest }>>> }>;

/** What differs between a stage and an earlier entry of it, most fundamental first. */
export function changesSince(entry: Entry, now: Standing): readonly Change[] {
  const changes: Change[] = [];
  if (entry.kind !== now.kind) changes.push({ what: 'kind', old: entry.kind, new: now.kind });
  else if (entry.version !== now.version) changes.push({ what: 'version', old: entry.version, new: now.version });
  changes.push(...parameterChanges(entry.identity, now.identity));
  changes.push(...inputChanges(entry.inputs, now.inputs));
  const old = entry.sources ?? {};
  for (const name of union(old, now.sources)) {
    if (old[name] !== now.sources[name]) changes.push({ what: 'source', name, ...sides(old[name], now.sources[name]) });
  }
  return changes;
}

/** Differences of two parameter sets by dotted path; lists are compared whole. */
export function parameterChanges(old: Json | undefined, now: Json | undefined, at = ''): readonly Change[] {
  if (isMap(old) && isMap(now)) {
    return union(old, now).flatMap((key) => parameterChanges(old[key], now[key], at === '' ? key : `${at}.${key}`));
  }
  if (old !== undefined && now !== undefined && canonicalJson(old) === canonicalJson(now)) return [];
  return old === undefined && now === undefined ? [] : [{ what: 'parameter', path: at, ...sides(old, now) }];
}

function inputChanges(old: Entry['inputs'], now: Standing['inputs']): readonly Change[] {
  return union(old, now).flatMap((port): readonly Change[] => {
    const input = now[port];
    if (input !== undefined && input.digest !== undefined && input.digest === old[port]) return [];
    return [
      {
        what: 'input',
        port,
        ...(input === undefined ? {} : { stage: input.stage }),
        ...sides(old[port], input?.digest),
      },
    ];
  });
}

/** The one word for a list of differences. */
export function reasonFor(changes: readonly Change[]): Why {
  const kinds = new Set(changes.map((change) => change.what));
  if (kinds.has('kind') || kinds.has('parameter')) return 'params-changed';
  if (kinds.has('version')) return 'version-changed';
  if (kinds.has('input')) return 'input-changed';
  return kinds.has('source') ? 'source-changed' : 'never-run';
}

function sides<T>(old: T | undefined, now: T | undefined): { old?: T; new?: T } {
  return { ...(old === undefined ? {} : { old }), ...(now === undefined ? {} : { new: now }) };
}

function union(...records: readonly Readonly<Record<string, unknown>>[]): readonly string[] {
  return [...new Set(records.flatMap((record) => Object.keys(record)))].sort();
}

function isMap(value: Json | undefined): value is Readonly<Record<string, Json>> {
  return value !== null && typeof value === 'object' && !Array.isArray(value);
}
