import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { describe, test } from 'vitest';
import { openSafetensors, type TensorData } from '../../src/data/safetensors.ts';

/** A reference case as its folder's cases.json has it; which keys it has depends on its kind. */
export type Case = Readonly<{ name: string; kind: string; [key: string]: unknown }>;

/** One folder of reference numbers, with every tensor of expected.safetensors in memory. */
export type Golden = Readonly<{
  folder: string;
  name: string;
  cases: readonly Case[];
  notes: Readonly<Record<string, unknown>>;
  tensors: ReadonlyMap<string, TensorData>;
}>;

export const goldenRoot = resolve(process.env['GOLDEN_DIR'] ?? 'test/golden');

/** Folders of the set that have at least one case of the kinds. */
export function foldersWith(...kinds: readonly string[]): readonly string[] {
  return foldersHolding('cases.json').filter((name) => {
    return readCases(join(goldenRoot, name, 'cases.json')).cases.some(({ kind }) => kinds.includes(kind));
  });
}

/** Folders of the set that have a file of this name. */
export function foldersHolding(file: string): readonly string[] {
  if (!existsSync(goldenRoot)) return [];
  return readdirSync(goldenRoot).filter((name) => existsSync(join(goldenRoot, name, file)));
}

/** A suite for each folder. A set may lack the folders: then the report says that nothing was compared. */
export function describeFolders(
  what: string,
  folders: readonly string[],
  title: string,
  body: (name: string) => void,
): void {
  if (folders.length > 0) describe.each(folders)(title, body);
  else test.skip(`${what}: the set has none`, () => {});
}

type Listing = Readonly<{ cases: readonly Case[]; notes?: Readonly<Record<string, unknown>> }>;

/** Cases whose numbers lie in a folder that the set lacks cannot be computed; they are left out. */
function readCases(file: string): Listing {
  const { cases, notes = {} } = JSON.parse(readFileSync(file, 'utf8')) as Listing;
  if (lacking(notes).length > 0) return { cases: [], notes };
  return { cases: cases.filter((item) => lacking(item).length === 0), notes };
}

/** Cases of a folder that no test compares, and why. */
export function casesLeftOut(name: string, kinds: readonly string[]): readonly string[] {
  const { cases, notes = {} } = JSON.parse(readFileSync(join(goldenRoot, name, 'cases.json'), 'utf8')) as Listing;
  return cases.flatMap((item) => {
    const without = [...lacking(notes), ...lacking(item)][0];
    if (without !== undefined) return [`${item.name} (the set has no ${without})`];
    return kinds.includes(item.kind) ? [] : [`${item.name} (of an unknown kind, ${item.kind})`];
  });
}

/** Folders that some text in a value refers to (`../clip-tiny: patch_embeds`) and the set has not. */
function lacking(value: unknown): readonly string[] {
  if (typeof value === 'object' && value !== null) return Object.values(value).flatMap(lacking);
  const folder = typeof value === 'string' ? /^\.\.\/([^:/]+)(?:: |$)/.exec(value)?.[1] : undefined;
  return folder === undefined || existsSync(join(goldenRoot, folder, 'cases.json')) ? [] : [folder];
}

const loaded = new Map<string, Promise<Golden>>();

export function openGolden(name: string): Promise<Golden> {
  const known = loaded.get(name) ?? readGolden(name);
  loaded.set(name, known);
  return known;
}

async function readGolden(name: string): Promise<Golden> {
  const folder = join(goldenRoot, name);
  const file = await openSafetensors(join(folder, 'expected.safetensors'));
  const tensors = new Map<string, TensorData>();
  for (const key of file.tensors.keys()) tensors.set(key, await file.read(key));
  await file.close();
  const { cases, notes = {} } = readCases(join(folder, 'cases.json'));
  return { folder, name, cases, notes, tensors };
}

/** A tensor that another folder holds, written `../clip-tiny: patch_embeds` (a remark may follow). */
export async function referred(reference: string): Promise<TensorData> {
  const [folder, key] = splitReference(reference);
  return expected(await openGolden(folder), key);
}

/** `../clip-tiny: patch_embeds of these images` -> ['clip-tiny', 'patch_embeds of these images']. */
export function splitReference(reference: string): [string, string] {
  const match = /^\.\.\/([^:]+): (.+)$/.exec(reference);
  if (match === null) throw new Error(`"${reference}" does not name a tensor of another folder`);
  return [match[1] as string, match[2] as string];
}

/** A stored tensor by key; a remark behind the key (`text_last_hidden (first 4 rows)`) is left out. */
export function expected(golden: Golden, key: string): TensorData {
  const words = key.split(' '); // the name of a picture in a key may have spaces of its own
  for (let count = words.length; count > 0; count--) {
    const tensor = golden.tensors.get(words.slice(0, count).join(' '));
    if (tensor !== undefined) return tensor;
  }
  throw new Error(`${golden.name} has no tensor "${key}"`);
}

export function asTensor({ values, shape }: TensorData): tf.Tensor {
  return tf.tensor(values, [...shape], values instanceof Int32Array ? 'int32' : 'float32');
}

export function ids(rows: unknown): tf.Tensor {
  const list = (Array.isArray((rows as unknown[])[0]) ? rows : [rows]) as number[][];
  return tf.tensor2d(list, undefined, 'int32');
}
