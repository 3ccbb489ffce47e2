import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
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
  return readdirSync(goldenRoot).filter((name) => {
    const file = join(goldenRoot, name, 'cases.json');
    return existsSync(file) && readCases(file).cases.some(({ kind }) => kinds.includes(kind));
  });
}

/** Folders of the set that have a file of this name. */
export function foldersHolding(file: string): readonly string[] {
  return readdirSync(goldenRoot).filter((name) => existsSync(join(goldenRoot, name, file)));
}

type Listing = Readonly<{ cases: readonly Case[]; notes?: Readonly<Record<string, unknown>> }>;

function readCases(file: string): Listing {
  return JSON.parse(readFileSync(file, 'utf8')) as Listing;
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

/** A tensor that another folder holds, written `../clip-tiny: patch_embeds` (what follows a space is a remark). */
export async function referred(reference: string): Promise<TensorData> {
  const [folder, key] = splitReference(reference);
  return expected(await openGolden(folder), key);
}

/** `../clip-tiny: patch_embeds of these images` -> ['clip-tiny', 'patch_embeds']. */
export function splitReference(reference: string): [string, string] {
  const match = /^\.\.\/([^:]+): (\S+)/.exec(reference);
  if (match === null) throw new Error(`"${reference}" does not name a tensor of another folder`);
  return [match[1] as string, match[2] as string];
}

/** A stored tensor by key; remarks behind the key (`text_last_hidden (first 4 rows)`) are left out. */
export function expected(golden: Golden, key: string): TensorData {
  const tensor = golden.tensors.get(key) ?? golden.tensors.get(key.split(' ')[0] as string);
  if (tensor === undefined) throw new Error(`${golden.name} has no tensor "${key}"`);
  return tensor;
}

export function asTensor({ values, shape }: TensorData): tf.Tensor {
  return tf.tensor(values, [...shape], values instanceof Int32Array ? 'int32' : 'float32');
}

export function ids(rows: unknown): tf.Tensor {
  const list = (Array.isArray((rows as unknown[])[0]) ? rows : [rows]) as number[][];
  return tf.tensor2d(list, undefined, 'int32');
}
