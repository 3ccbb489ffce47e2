import { existsSync } from 'node:fs';
import type { Digest } from '../hash.ts';
import { layout } from './layout.ts';
import { putObject } from './objects.ts';
import { type Entry, type Key, type ManifestFile, NAMED, type Store } from './store.ts';

/** A store whose entries and leases live in this process only; outputs lie below `root`. For tests and one-off runs. */
export function createMemoryStore(root: string): Store {
  const entries = new Map<Key, Entry>();
  const manifests = new Map<Digest, readonly ManifestFile[]>();
  const leases = new Set<Key>();
  /** insertion order is the order of use */
  const uses = new Map<string, Readonly<{ experiment: string; name: string; key: Key }>>();
  const use = (experiment: string, stage: string, name: string, key: Key): void => {
    const id = JSON.stringify([experiment, stage]);
    uses.delete(id);
    uses.set(id, { experiment, name, key });
  };
  return {
    find: (key) => entries.get(key),
    findMany: (keys) => new Map([...entries].filter(([key]) => keys.includes(key))),
    last(experiment, stage) {
      const use = uses.get(JSON.stringify([experiment, stage]));
      return use === undefined ? undefined : entries.get(use.key);
    },
    named(experiment, name) {
      const found = [...uses.values()].filter((use) => use.name === name).reverse();
      const isOwn = (use: (typeof found)[number]) => use.experiment === experiment;
      const sorted = [...found.filter(isOwn), ...found.filter((use) => !isOwn(use))];
      return sorted.slice(0, NAMED).flatMap(({ key }) => entries.get(key) ?? []);
    },
    begin(key) {
      if (leases.has(key)) return undefined;
      leases.add(key);
      return { key, release: () => void leases.delete(key) };
    },
    async commit(lease, entry, outputs) {
      if (lease.key !== entry.key) throw new Error(`the lease is for ${lease.key}, the entry for ${entry.key}`);
      const digests: Record<string, Digest> = {};
      for (const [port, path] of Object.entries(outputs)) {
        const stored = await putObject(root, path, port);
        manifests.set(stored.digest, stored.files);
        digests[port] = stored.digest;
      }
      const whole: Entry = { ...entry, outputs: digests };
      entries.set(entry.key, whole);
      use(entry.experiment, entry.stage, entry.name, entry.key);
      lease.release();
      return whole;
    },
    path: (digest) => layout.object(root, digest),
    has: (digest) => existsSync(layout.object(root, digest)),
    manifest: (digest) => manifests.get(digest),
    entries: () => entries.values(),
    use(experiment, list) {
      for (const { stage, name, key } of list) use(experiment, stage, name, key);
    },
    sweep: () => [],
    jobFolder: (key) => layout.job(root, key),
    scratchFolder: (key) => layout.scratch(root, key),
    repliesFolder: () => layout.replies(root),
    close: () => leases.clear(),
  };
}
