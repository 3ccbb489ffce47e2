import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { readArtifact } from '../export/artifact.ts';
import type { ModelFolders } from '../model/eyes.ts';
import { ProblemError } from '../problem.ts';
import type { SqliteStore } from '../store/sqlite.ts';
import type { Entry, Store } from '../store/store.ts';
import type { Context } from './context.ts';
import { findEntry, lineageOf } from './entry.ts';
import { choosePort, type TrainedOutput, withoutPort } from './trained.ts';

/** Pictures that a model was made with: the stage that left them, their folder, what is known of their patches. */
export type Pictures = Readonly<{ stage: string; folder: string; truth?: string }>;

/** A model, what it is called, and what lies in the cache beside it. */
export type ModelSource = Readonly<{
  title: string;
  /** absent: a language model alone */
  eyes?: ModelFolders;
  /** folder of a model that can be asked; absent: an adapter after stage 1 */
  whole?: Readonly<{ folder: string; sort: 'model' | 'language-model' }>;
  pictures: readonly Pictures[];
  /** word list that its labels or its encoder were made with */
  words?: string;
}>;

/** A model is a Hugging Face folder, or what a stage trained: a whole model, a language model, or an adapter. */
export async function findModel(wanted: string, file: string | undefined, context: Context): Promise<ModelSource> {
  if (existsSync(join(wanted, 'config.json')))
    return { ...(await wholeModel(resolve(wanted))), title: wanted, pictures: [] };
  const { stage, port } = withoutPort(wanted);
  const { entry, store } = await findEntry(stage, file, context);
  try {
    const output = choosePort(store, entry, port);
    const lineage = lineageOf(store, entry);
    const words = lineage.flatMap((one) => stored(store, one.inputs['words']) ?? [])[0];
    return {
      ...(await modelOf(store, entry, output, lineage)),
      title: file === undefined ? entry.stage : stage,
      pictures: lineage.flatMap((one) => picturesOf(store, one) ?? []),
      ...(words === undefined ? {} : { words }),
    };
  } finally {
    store.close();
  }
}

type Found = Pick<ModelSource, 'eyes' | 'whole'>;

async function modelOf(
  store: SqliteStore,
  entry: Entry,
  { path }: TrainedOutput,
  lineage: readonly Entry[],
): Promise<Found> {
  const { sort } = await readArtifact(path);
  if (sort !== 'adapter') return wholeModel(path);
  const languageModel = stored(store, entry.inputs['languageModel']);
  // an adapter was trained on features: whoever computed them read the encoder
  const encoder = lineage.flatMap(({ kind, inputs }) =>
    kind === 'features' ? (stored(store, inputs['encoder']) ?? []) : [],
  )[0];
  if (languageModel !== undefined && encoder !== undefined) return { eyes: { adapter: path, languageModel, encoder } };
  const message = `${entry.stage} left an adapter, but its ${languageModel === undefined ? 'language model' : 'encoder'} is no longer stored`;
  throw new ProblemError({ code: 'evicted', message, hint: 'sea run makes it again' });
}

async function wholeModel(folder: string): Promise<Found> {
  const { sort } = await readArtifact(folder);
  if (sort === 'model') return { eyes: { model: folder }, whole: { folder, sort } };
  if (sort === 'language-model') return { whole: { folder, sort } };
  const message = `${folder}: ${sort === 'encoder' ? 'an encoder' : 'an adapter'} alone is no model`;
  throw new ProblemError({ code: 'no-model', message, hint: 'name the stage that trained it, or a LLaVA folder' });
}

/** What a stage left that has pictures: a dataset, or the folders of benchmarks. */
function picturesOf(store: Store, entry: Entry, port = 'data'): Pictures | undefined {
  const data = stored(store, entry.outputs[port]);
  const truth = stored(store, entry.outputs['truth']);
  if (data === undefined || !existsSync(join(data, 'images'))) return undefined;
  return { stage: entry.stage, folder: join(data, 'images'), ...(truth === undefined ? {} : { truth }) };
}

function stored(store: Store, digest: string | undefined): string | undefined {
  return digest !== undefined && store.has(digest as never) ? store.path(digest as never) : undefined;
}

/** The pictures that a stage left, in its port `data` or the one named: `exam.pope`. */
export async function findPictures(wanted: string, file: string | undefined, context: Context): Promise<Pictures> {
  const { stage, port } = withoutPort(wanted);
  const { entry, store } = await findEntry(stage, file, context);
  try {
    const found = picturesOf(store, entry, port);
    if (found !== undefined) return found;
    const ports = Object.keys(entry.outputs).filter((name) => picturesOf(store, entry, name) !== undefined);
    throw new ProblemError({
      code: 'no-images',
      message: `${wanted} has no pictures`,
      ...(ports.length === 0 ? {} : { hint: `name one: ${ports.map((name) => `${stage}.${name}`).join(', ')}` }),
    });
  } finally {
    store.close();
  }
}
