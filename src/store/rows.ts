import { deflateSync, inflateSync } from 'node:zlib';
import type { Digest, Json } from '../hash.ts';
import type { Entry, Key, ManifestFile } from './store.ts';

/** Manifests above this size are stored deflated: those of image folders have thousands of lines. */
const DEFLATE = 4096;

/** Reads an entry's JSON as it lies in the database; throws with the key when it is not one. */
export function readEntry(key: string, body: string): Entry {
  const value: unknown = JSON.parse(body);
  if (!isRecord(value)) throw damaged(key, 'not an object');
  for (const field of ['kind', 'experiment', 'stage', 'name'] as const) {
    if (typeof value[field] !== 'string') throw damaged(key, `"${field}" is not a string`);
  }
  if (typeof value['version'] !== 'number') throw damaged(key, '"version" is not a number');
  if (!isMap(value['inputs'], 'string') || !isMap(value['outputs'], 'string'))
    throw damaged(key, 'inputs or outputs are not digests');
  if (!isMap(value['metrics'], 'number')) throw damaged(key, 'metrics are not numbers');
  const provenance = value['provenance'];
  if (!isRecord(provenance) || typeof provenance['engine'] !== 'string' || typeof provenance['seconds'] !== 'number') {
    throw damaged(key, 'provenance is incomplete');
  }
  return { ...(value as Omit<Entry, 'key'>), key: key as Key };
}

export function writeEntry(entry: Entry): string {
  const { key: _, ...body } = entry;
  return JSON.stringify(body);
}

export function writeManifest(files: readonly ManifestFile[]): Buffer {
  const text = Buffer.from(JSON.stringify(files.map((file) => [file.path, file.size, file.sha256])));
  return text.length > DEFLATE ? deflateSync(text, { level: 1 }) : text;
}

export function readManifest(digest: string, blob: unknown): readonly ManifestFile[] {
  if (!Buffer.isBuffer(blob)) throw new Error(`manifest of ${digest} is ${typeof blob}, not bytes`);
  const text = blob[0] === 0x5b ? blob : inflateSync(blob);
  const rows: unknown = JSON.parse(text.toString('utf8'));
  if (!Array.isArray(rows)) throw new Error(`manifest of ${digest} is not a list`);
  return rows.map((row: unknown) => {
    if (Array.isArray(row)) {
      const [path, size, hash] = row as unknown[];
      if (typeof path === 'string' && typeof size === 'number' && typeof hash === 'string')
        return { path, size, sha256: hash as Digest };
    }
    throw new Error(`manifest of ${digest} has a line that names no file: ${JSON.stringify(row)}`);
  });
}

/** A row's columns by name, each checked against what it must be. */
export function columns<const T extends Readonly<Record<string, 'string' | 'number'>>>(
  row: unknown,
  types: T,
): { [K in keyof T]: T[K] extends 'string' ? string : number } {
  if (!isRecord(row)) throw new Error(`a row of the database is ${String(row)}`);
  for (const name in types) {
    if (typeof row[name] === types[name]) continue;
    throw new Error(`column "${name}" holds ${String(row[name])}, expected a ${types[name]}`);
  }
  return row as { [K in keyof T]: T[K] extends 'string' ? string : number };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isMap(value: unknown, type: 'string' | 'number'): value is Record<string, Json> {
  if (!isRecord(value)) return false;
  for (const key in value) if (typeof value[key] !== type) return false;
  return true;
}

function damaged(key: string, what: string): Error {
  return new Error(`entry ${key} in the database: ${what}`);
}
