import { existsSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { ProblemError } from '../problem.ts';
import type { Entry, Store } from '../store/store.ts';
import type { Context } from './context.ts';
import { findEntry } from './entry.ts';

/** A labels folder, what it is called, and the folder of its pictures where that is known. */
export type LabelSet = Readonly<{ title: string; folder: string; images?: string }>;

/** Labels are a folder (or the manifest.json in it), or what a stage left. */
export async function findLabels(wanted: string, file: string | undefined, context: Context): Promise<LabelSet> {
  const path = basename(wanted) === 'manifest.json' ? dirname(resolve(wanted)) : resolve(wanted);
  if (existsSync(join(path, 'manifest.json'))) return { title: wanted, folder: path };
  const { entry, store } = await findEntry(wanted, file, context);
  try {
    const folder = outputOf(entry, 'labels', store);
    const data = entry.inputs['data'];
    const images = data !== undefined && store.has(data) ? join(store.path(data), 'images') : undefined;
    return { title: entry.stage, folder, ...(images === undefined ? {} : { images }) };
  } finally {
    store.close();
  }
}

/** The truth of a drawn world is a folder with truth.jsonl, or what a `world` stage left. */
export async function findTruth(wanted: string, file: string | undefined, context: Context): Promise<string> {
  if (existsSync(join(wanted, 'truth.jsonl'))) return resolve(wanted);
  const { entry, store } = await findEntry(wanted, file, context);
  try {
    return outputOf(entry, 'truth', store);
  } finally {
    store.close();
  }
}

/** Path of an output. Throws ProblemError where the stage has no such output or it is no longer stored. */
export function outputOf({ stage, outputs }: Entry, port: string, store: Store): string {
  const digest = outputs[port];
  if (digest === undefined) {
    const hint = `its outputs: ${Object.keys(outputs).join(', ')}`;
    throw new ProblemError({ code: 'unknown-port', message: `${stage} has left no ${port}`, hint });
  }
  if (store.has(digest)) return store.path(digest);
  const message = `the ${port} of ${stage} are no longer stored`;
  throw new ProblemError({ code: 'evicted', message, hint: 'sea run makes them again' });
}
