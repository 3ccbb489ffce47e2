import type { Json } from '../hash.ts';
import type { Place } from '../problem.ts';

/** A file as read. What is found out on the way is kept here: offsets of lines, and whether a key is given twice. */
export type Source = {
  readonly file: string;
  readonly text: string;
  starts?: readonly number[];
  hasRepeatedKeys?: true;
};

type Written = Readonly<{ source: Source /** offset in the source's text */; start: number }>;

export type Scalar = Written & Readonly<{ type: 'scalar'; value: null | boolean | number | string }>;
export type List = Written & Readonly<{ type: 'list'; items: readonly Node[] }>;
/** A key with its value; the place is the key's. */
export type Field = Written & Readonly<{ name: string; value: Node }>;
export type Fields = Written &
  Readonly<{ type: 'map'; fields: ReadonlyMap<string, Field>; repeated?: readonly Field[] }>;

/** A YAML value that remembers where each part of it was written, through `extends`, rows and aliases. */
export type Node = Scalar | List | Fields;

export function placeOf({ source, start }: { readonly source: Source; readonly start: number }): Place {
  source.starts ??= lineStarts(source.text);
  let low = 0;
  let high = source.starts.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((source.starts[middle] as number) <= start) low = middle;
    else high = middle - 1;
  }
  return { file: source.file, line: low + 1, column: start - (source.starts[low] as number) + 1 };
}

function lineStarts(text: string): readonly number[] {
  const starts = [0];
  for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) starts.push(at + 1);
  return starts;
}

export function mapOf(
  source: Source,
  start: number,
  fields: ReadonlyMap<string, Field>,
  repeated: readonly Field[],
): Fields {
  if (repeated.length === 0) return { type: 'map', source, start, fields };
  source.hasRepeatedKeys = true;
  return { type: 'map', source, start, fields, repeated };
}

export function toJson(node: Node): Json {
  if (node.type === 'scalar') return node.value;
  if (node.type === 'list') return node.items.map(toJson);
  const object: Record<string, Json> = {};
  for (const [name, field] of node.fields) define(object, name, toJson(field.value));
  return object;
}

/** `__proto__` as a key is data like any other. */
export function define(object: Record<string, Json>, name: string, value: Json): void {
  if (name === '__proto__')
    Object.defineProperty(object, name, { value, enumerable: true, configurable: true, writable: true });
  else object[name] = value;
}

/** `the text "abc"`, `the number 5`, `a list`: what was found, for messages. */
export function describe(value: unknown): string {
  if (value === null || value === undefined) return 'nothing';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object') return 'a map';
  if (typeof value === 'string')
    return `the text ${JSON.stringify(value.length > 60 ? `${value.slice(0, 57)}...` : value)}`;
  return typeof value === 'number' ? `the number ${value}` : `${value}`;
}
