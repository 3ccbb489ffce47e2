import type { Digest, Json } from '../hash.ts';
import type { Metrics } from '../stages/kind.ts';

/** Identity of a stage: H(kind, version, identity(params), digests of the inputs' content). Made only by plan/key.ts. */
export type Key = string & { readonly __key: never };

/** How a number was made; recorded, never part of the key. */
export type Provenance = Readonly<{
  host: string;
  platform: string;
  node: string;
  seagraph: string;
  commit?: string;
  /** `none` for stages that load no engine, else `tensorflow 2.21.0 cpu`, `wasm`, ... */
  engine: string;
  threads: number;
  startedAt: string;
  seconds: number;
  peakMemory?: number;
  /** which part of the work these seconds went into, where a killed run or other processes did the rest */
  share?: number;
}>;

/** What a stage left: one row of the database. Its outputs lie in the store under their digests. */
export type Entry = Readonly<{
  key: Key;
  kind: string;
  version: number;
  experiment: string;
  /** StageSpec.id and .name at the time it ran: for `why` and history, not identity */
  stage: string;
  name: string;
  /** what entered the key, kept so that `why` can show the difference */
  identity: Json;
  inputs: Readonly<Record<string, Digest>>;
  /** content of what it read outside the store, by parameter (`files.0`); absent when nothing */
  sources?: Readonly<Record<string, Digest>>;
  outputs: Readonly<Record<string, Digest>>;
  metrics: Metrics;
  provenance: Provenance;
}>;

/** The right to make an entry; others wait. Ends by commit or release, or when its owner stops beating. */
export type Lease = Readonly<{ key: Key; release(): void }>;

/** How many entries `named` tells at most: each is compared with a stage to find the nearest. */
export const NAMED = 16;

/** That a stage of an experiment stands for an entry: what `last` finds and what gc counts as used. */
export type Use = Readonly<{ stage: string; name: string; key: Key }>;

/** One file of an output folder, path relative to it with `/`; a file output has the single path ''. */
export type ManifestFile = Readonly<{ path: string; size: number; sha256: Digest }>;

/**
 * Entries, leases and content-addressed outputs. Implementations: sqlite (real), memory (tests);
 * test/seams/store.ts is the suite that both pass.
 */
export interface Store {
  find(key: Key): Entry | undefined;
  findMany(keys: readonly Key[]): ReadonlyMap<Key, Entry>;
  /** what a stage id stood for last in an experiment */
  last(experiment: string, stage: string): Entry | undefined;
  /** what stages of a name stood for last: those of the experiment first, then the newest; at most NAMED */
  named(experiment: string, name: string): readonly Entry[];
  /** undefined: somebody alive is making it */
  begin(key: Key): Lease | undefined;
  /** Moves the outputs (absolute path per port) into the store, writes the entry, ends the lease: all or nothing. */
  commit(lease: Lease, entry: Omit<Entry, 'outputs'>, outputs: Readonly<Record<string, string>>): Promise<Entry>;
  /** absolute path of an output's content, read-only */
  path(digest: Digest): string;
  /** false when an output was evicted or set aside as damaged */
  has(digest: Digest): boolean;
  manifest(digest: Digest): readonly ManifestFile[] | undefined;
  entries(): Iterable<Entry>;
  /** Notes which entries an experiment's stages stand for now. A commit notes its own. */
  use(experiment: string, uses: readonly Use[]): void;
  /** Keys whose makers died: whoever begins them may remove what they left half-made. */
  sweep(): readonly Key[];
  /** folder of a job: job.json, progress.jsonl, log, outcome.json; kept after success for `show` */
  jobFolder(key: Key): string;
  /** folder that survives a killed run of the key */
  scratchFolder(key: Key): string;
  /** folder that all stages share: replies of servers that are paid by request */
  repliesFolder(): string;
  close(): void;
}
