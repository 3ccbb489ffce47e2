import type { Digest, Json } from '../hash.ts';
import { canonicalJson, sha256 } from '../hash.ts';
import { type PathPattern, pathPatterns } from '../spec/schema-walk.ts';
import type { AnyKind } from '../stages/kind.ts';
import type { Key } from '../store/store.ts';

/** What makes a stage itself: all of it enters the key, and `why` compares it with the entry of an earlier run. */
export type Identity = Readonly<{
  kind: string;
  version: number;
  /** the parameters that matter */
  identity: Json;
  /** content of the connected inputs, by port */
  inputs: Readonly<Record<string, Digest>>;
  /** content of the files and folders outside the store, by the parameter that names them (`files.0`) */
  sources: Readonly<Record<string, Digest>>;
}>;

/** The only maker of keys. Ids, row names, paths and the order of keys do not enter. */
export function keyOf(identity: Identity): Key {
  const { kind, version, inputs, sources } = identity;
  return sha256(canonicalJson({ kind, version, identity: identity.identity, inputs, sources })) as string as Key;
}

/**
 * The identity of a stage whose inputs are there. `digest` gives the content of a path outside the store;
 * undefined where nothing lies there: then the missing paths come back instead.
 */
export function identify(
  kind: AnyKind,
  params: Json,
  inputs: Readonly<Record<string, Digest>>,
  digest: (path: string) => Digest | undefined,
): Identity | Readonly<{ missing: readonly string[] }> {
  const sources: Record<string, Digest> = {};
  const missing: string[] = [];
  for (const [name, path] of Object.entries(sourcesOf(kind, params))) {
    const content = digest(path);
    if (content === undefined) missing.push(path);
    else sources[name] = content;
  }
  if (missing.length > 0) return { missing };
  return { kind: kind.kind, version: kind.version, identity: identityOf(kind, params), inputs, sources };
}

/** `params` without what does not change the result: the kind says, else everything but paths. */
export function identityOf(kind: AnyKind, params: Json): Json {
  if (kind.identity !== undefined) return kind.identity(params);
  const paths = pathPatterns(kind);
  return paths.length === 0 ? params : (withoutPaths(params, paths) ?? {});
}

/** The paths that a stage reads outside the store, by a name that does not depend on where they lie. */
export function sourcesOf(kind: AnyKind, params: Json): Readonly<Record<string, string>> {
  const paths = kind.sources?.(params) ?? [];
  if (paths.length === 0) return {};
  const named: NamedPath[] = [];
  for (const pattern of pathPatterns(kind)) collectStrings(params, pattern, 0, '', named);
  const sources: Record<string, string> = {};
  for (const [index, path] of paths.entries()) {
    const found = named.find(({ name, value }) => value === path && sources[name] === undefined);
    sources[found?.name ?? `source.${index}`] = path;
  }
  return sources;
}

type NamedPath = Readonly<{ name: string; value: string }>;

/** The strings that a pattern reaches from its part `depth` on, by dotted path. */
function collectStrings(value: Json, pattern: PathPattern, depth: number, at: string, into: NamedPath[]): void {
  const head = pattern[depth];
  if (head === undefined) {
    if (typeof value === 'string') into.push({ name: at, value });
    return;
  }
  if (value === null || typeof value !== 'object') return;
  const holder = value as Readonly<Record<string, Json>>;
  for (const key of head === '*' ? Object.keys(holder) : [head])
    collectStrings(holder[key] ?? null, pattern, depth + 1, at === '' ? key : `${at}.${key}`, into);
}

/** The value without everything a pattern matches; containers that held nothing else stay, emptied. */
function withoutPaths(value: Json, patterns: readonly PathPattern[]): Json | undefined {
  if (patterns.length === 0) return value;
  if (patterns.some((pattern) => pattern.length === 0)) return undefined;
  if (value === null || typeof value !== 'object') return value;
  const below = (key: string) =>
    patterns.filter(([head]) => head === key || head === '*').map((pattern) => pattern.slice(1));
  if (Array.isArray(value)) {
    return value
      .map((item: Json, index) => withoutPaths(item, below(String(index))))
      .filter((item) => item !== undefined);
  }
  const kept: Record<string, Json> = {};
  for (const [key, item] of Object.entries(value as Record<string, Json>)) {
    const rest = withoutPaths(item, below(key));
    if (rest !== undefined) kept[key] = rest;
  }
  return kept;
}
