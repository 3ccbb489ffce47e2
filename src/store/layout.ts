import { join } from 'node:path';
import type { Digest } from '../hash.ts';
import type { Key } from './store.ts';

/** Names of what lies in a store's folder; two letters of every hash keep folders small. */
export const layout = {
  database: (root: string): string => join(root, 'seagraph.db'),
  objects: (root: string): string => join(root, 'objects'),
  // Asked for every output of every stage: `join` would take three times as long.
  object: (root: string, digest: Digest): string => `${root}/objects/${digest.slice(0, 2)}/${digest}`,
  jobs: (root: string): string => join(root, 'jobs'),
  job: (root: string, key: Key): string => join(root, 'jobs', key.slice(0, 2), key),
  scratches: (root: string): string => join(root, 'scratch'),
  scratch: (root: string, key: Key): string => join(root, 'scratch', key.slice(0, 2), key),
  /** replies of servers that are paid by request: no collection removes them */
  replies: (root: string): string => join(root, 'replies'),
  /** how stages share the machines that use the store */
  paces: (root: string): string => join(root, 'paces.json'),
  /** on its way out: a removal that was killed leaves no half output under its name */
  trash: (root: string): string => join(root, 'trash'),
  damaged: (root: string): string => join(root, 'damaged'),
  /** what an experiment's file expanded to: made again when it is missing */
  expanded: (root: string, name: string): string => join(root, 'expanded', name),
};
