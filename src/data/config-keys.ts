import { ProblemError } from '../problem.ts';
import type { Activation } from './config.ts';

type Where = Readonly<{ file: string; path: string }>;
/** An object of a `config.json` and where it stands in the file. */
export type Source = Where & Readonly<{ json: Readonly<Record<string, unknown>> }>;

export function open(json: unknown, where: Where): Source {
  if (typeof json !== 'object' || json === null || Array.isArray(json)) {
    throw problem(where, '', 'must be a JSON object');
  }
  return { ...where, json: json as Record<string, unknown> };
}

export function problem(where: Where, key: string, message: string, hint?: string): ProblemError {
  const name = [where.path, key].filter((part) => part !== '').join('.');
  return new ProblemError({
    code: 'bad-config',
    message: `${where.file}${name === '' ? '' : `: "${name}"`} ${message}`,
    ...(hint === undefined ? {} : { hint }),
  });
}

/** How a found value is quoted in a message. */
export const show = (value: unknown): string =>
  value === undefined ? 'missing' : (JSON.stringify(value) ?? String(value));

/** The nested object under a key, empty when absent: its own keys then take defaults. */
export function child(source: Source, key: string): Source {
  const path = source.path === '' ? key : `${source.path}.${key}`;
  return open(source.json[key] ?? {}, { file: source.file, path });
}

/** A nested config; `text_config_dict` of the first CLIP files wins over `text_config`, as in transformers. */
export function nested(source: Source, key: string): Source {
  const json = source.json[`${key}_dict`] ?? source.json[key] ?? {};
  return open(json, { file: source.file, path: key });
}

/** Shapes are made for every layer before a file is looked into. */
const MOST_LAYERS = 1000;
const MOST = 2 ** 31 - 1;

export function count(source: Source, key: string, fallback: number): number {
  const value = source.json[key] ?? fallback;
  if (!Number.isSafeInteger(value) || (value as number) < 1) {
    throw problem(source, key, `must be a whole number above 0, not ${show(value)}`);
  }
  const most = key === 'num_hidden_layers' ? MOST_LAYERS : MOST;
  if ((value as number) > most) throw problem(source, key, `is ${show(value)}, more than ${most}`);
  return value as number;
}

export function positive(source: Source, key: string, fallback: number): number {
  const value = source.json[key] ?? fallback;
  if (typeof value !== 'number' || !(value > 0)) throw problem(source, key, `must be above 0, not ${show(value)}`);
  return value;
}

export function boolean(source: Source, key: string, fallback: boolean): boolean {
  const value = source.json[key] ?? fallback;
  if (typeof value !== 'boolean') throw problem(source, key, `must be true or false, not ${show(value)}`);
  return value;
}

export function id(source: Source, key: string, fallback: number | undefined): number | undefined {
  const value = source.json[key] === undefined ? fallback : source.json[key];
  if (value === null || value === undefined) return undefined;
  if (!Number.isSafeInteger(value)) throw problem(source, key, `must be a token id, not ${show(value)}`);
  return value as number;
}

export function ids(source: Source, key: string, fallback: number): readonly number[] {
  const value = source.json[key] ?? fallback;
  const list = Array.isArray(value) ? value : [value];
  if (!list.every((entry) => Number.isSafeInteger(entry)))
    throw problem(source, key, `must be token ids, not ${show(value)}`);
  return list as number[];
}

const activations: readonly string[] = ['quick_gelu', 'gelu', 'gelu_pytorch_tanh', 'silu', 'relu'];

export function activation(source: Source, key: string, fallback: Activation): Activation {
  const value = source.json[key] ?? fallback;
  if (typeof value !== 'string' || !activations.includes(value)) {
    throw problem(source, key, `is ${show(value)}`, `supported: ${activations.join(', ')}`);
  }
  return value as Activation;
}

export function dtype(source: Source): string {
  const value = source.json['dtype'] ?? source.json['torch_dtype'] ?? 'float32';
  if (typeof value !== 'string') throw problem(source, 'dtype', `must be a name, not ${show(value)}`);
  return value;
}

/** A value that this implementation does not have: refusing beats wrong numbers. */
export function refuse(source: Source, key: string, isPlain: (value: unknown) => boolean): void {
  const value = source.json[key];
  if (!isPlain(value)) throw problem(source, key, `is ${show(value)}, which is not supported`);
}
