import { createRequire } from 'node:module';
import type * as Yaml from 'yaml';
import type { Problem } from '../problem.ts';
import type { Field, Fields, Node, Source } from './node.ts';
import { mapOf, placeOf } from './node.ts';
import { hasLeadingZero, isExact } from './scalar.ts';

// Loaded at the first file that needs it: 40 ms that plain files do not pay.
const require = createRequire(import.meta.url);

/** Values that aliases may make of one file: a few lines can otherwise stand for billions. */
const maxExpanded = 1_000_000;

type Reading = Readonly<{
  yaml: typeof Yaml;
  source: Source;
  problems: Problem[];
  anchors: Map<string, Node | 'open'>;
  /** how many values a node stands for, aliases written out */
  sizes: Map<Node, number>;
}>;

/** Any YAML 1.2 file with anchors, aliases and merge keys; undefined when there are problems, which are added. */
export function readYaml(source: Source, problems: Problem[]): Node | undefined {
  const yaml = require('yaml') as typeof Yaml;
  let document: Yaml.Document.Parsed;
  try {
    document = yaml.parseDocument(source.text, {
      prettyErrors: false,
      uniqueKeys: false,
      merge: true,
      logLevel: 'error',
    });
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    problems.push({ code: 'yaml-syntax', message: tooDeep, at: placeOf({ source, start: 0 }) });
    return undefined;
  }
  const badDirectives = document.warnings.filter((warning) => warning.code === 'BAD_DIRECTIVE');
  const mistakes = [...document.errors, ...badDirectives];
  for (const error of mistakes) {
    problems.push({
      code: 'yaml-syntax',
      message: sentence(error),
      at: placeOf({ source, start: error.pos[0] }),
    });
  }
  if (mistakes.length > 0) return undefined;
  const before = problems.length;
  const reading: Reading = { yaml, source, problems, anchors: new Map(), sizes: new Map() };
  const root = read(document.contents, 0, reading);
  const size = reading.sizes.get(root) ?? 1;
  if (size > maxExpanded) problems.push(tooMany(root, size, reading));
  return problems.length > before ? undefined : root;
}

function tooMany(root: Node, size: number, { sizes }: Reading): Problem {
  const parts = root.type === 'map' ? [...root.fields.values()] : [];
  const sizeOf = (field: Field) => sizes.get(field.value) ?? 1;
  const largest = parts.reduce<Field | undefined>(
    (most, part) => (most && sizeOf(most) >= sizeOf(part) ? most : part),
    undefined,
  );
  const count = size > 1e12 ? 'more than a trillion' : String(size);
  const message = `aliases make this file ${count} values; the limit is ${maxExpanded}`;
  return { code: 'alias-bomb', message, at: placeOf(largest ?? root), hint: 'use fewer levels of aliases' };
}

const tooDeep = 'collections are nested too deeply';

/** The package's messages begin with a capital and may end with a full stop; ours do not. */
function sentence({ code, message }: Yaml.YAMLError): string {
  if (code === 'MULTIPLE_DOCS') return 'a second document begins here; an experiment file holds one';
  if (message.startsWith('Maximum call stack')) return tooDeep;
  return message.charAt(0).toLowerCase() + message.slice(1).replace(/\.$/, '');
}

const knownTags = new Set(
  ['str', 'int', 'float', 'bool', 'null', 'map', 'seq'].map((tag) => `tag:yaml.org,2002:${tag}`),
);

function read(node: unknown, fallback: number, reading: Reading): Node {
  const { yaml, source } = reading;
  if (yaml.isAlias(node)) return follow(node, reading);
  const start = rangeStart(node) ?? fallback;
  const anchor = yaml.isNode(node) && 'anchor' in node ? node.anchor : undefined;
  if (anchor !== undefined) reading.anchors.set(anchor, 'open');
  const value = readValue(node, start, fallback, reading);
  if (anchor !== undefined) reading.anchors.set(anchor, value);
  if (yaml.isNode(node) && node.tag !== undefined && !knownTags.has(node.tag)) {
    reading.problems.push({
      code: 'yaml-tag',
      message: `the tag ${node.tag.replace('tag:yaml.org,2002:', '!!')} means nothing here`,
      at: placeOf({ source, start }),
    });
  }
  return value;
}

function readValue(node: unknown, start: number, fallback: number, reading: Reading): Node {
  const { yaml, source, sizes } = reading;
  if (yaml.isMap(node)) return readMap(node, start, reading);
  if (yaml.isSeq(node)) {
    const items = node.items.map((item) => read(item, start, reading));
    const list: Node = { type: 'list', source, start, items };
    sizes.set(
      list,
      items.reduce((sum, item) => sum + (sizes.get(item) ?? 1), 1),
    );
    return list;
  }
  if (yaml.isScalar(node)) return readScalar(node, start, fallback, reading);
  return { type: 'scalar', source, start: fallback, value: null };
}

function readScalar(node: Yaml.Scalar, start: number, fallback: number, { source, problems }: Reading): Node {
  const { value, source: text = '' } = node;
  // A value that is not written stands where its key does.
  if (value === null && text === '') return { type: 'scalar', source, start: fallback, value };
  if (!isExact(value, text)) {
    const hint = hasLeadingZero(text)
      ? 'write it without leading zeros, or quote it to make it text'
      : 'quote it to make it text';
    problems.push({
      code: 'inexact-number',
      message: hasLeadingZero(text)
        ? `${text} is decimal to some readers of YAML and octal to others`
        : `${text} cannot be kept exactly as a number`,
      at: placeOf({ source, start }),
      hint,
    });
  }
  if (value !== null && !['string', 'number', 'boolean'].includes(typeof value)) {
    problems.push({
      code: 'wrong-type',
      message: `expected text, a number or a truth value, found ${text}`,
      at: placeOf({ source, start }),
    });
    return { type: 'scalar', source, start, value: null };
  }
  return { type: 'scalar', source, start, value: value as string | number | boolean | null };
}

function follow(alias: Yaml.Alias, { source, anchors, problems }: Reading): Node {
  const start = rangeStart(alias) ?? 0;
  const target = anchors.get(alias.source);
  if (target !== undefined && target !== 'open') return target;
  const message =
    target === 'open' ? `*${alias.source} stands inside itself` : `no anchor &${alias.source} comes before this alias`;
  problems.push({ code: 'bad-alias', message, at: placeOf({ source, start }) });
  return { type: 'scalar', source, start, value: null };
}

function readMap(map: Yaml.YAMLMap, start: number, reading: Reading): Fields {
  const { source, sizes } = reading;
  const fields = new Map<string, Field>();
  const merged: Field[] = [];
  const repeated: Field[] = [];
  let size = 1;
  for (const pair of map.items) {
    const key = rangeStart(pair.key) ?? start;
    const name = keyName(pair.key, key, reading);
    const value = read(pair.value, key, reading);
    size += sizes.get(value) ?? 1;
    const field = { name, source, start: key, value };
    if (isMerge(pair.key, reading)) merged.push(...mergedFields(value, key, reading));
    else if (fields.has(name)) repeated.push(field);
    else fields.set(name, field);
  }
  // What the map says itself wins; of several merged maps the first one does.
  for (const field of merged) if (!fields.has(field.name)) fields.set(field.name, field);
  const node = mapOf(source, start, fields, repeated);
  sizes.set(node, size);
  return node;
}

function isMerge(key: unknown, { yaml }: Reading): boolean {
  return yaml.isScalar(key) && key.source === '<<' && (key.type === undefined || key.type === 'PLAIN');
}

function mergedFields(value: Node, start: number, { source, problems }: Reading): readonly Field[] {
  const maps = value.type === 'list' ? value.items : [value];
  if (maps.every((map) => map.type === 'map')) return maps.flatMap((map) => [...map.fields.values()]);
  problems.push({
    code: 'wrong-type',
    message: 'expected a map or a list of maps to merge',
    at: placeOf({ source, start }),
  });
  return [];
}

function keyName(key: unknown, start: number, { yaml, source, problems }: Reading): string {
  if (yaml.isScalar(key)) return typeof key.value === 'string' ? key.value : (key.source ?? '');
  problems.push({ code: 'bad-key', message: 'a key has to be one word or text', at: placeOf({ source, start }) });
  return '';
}

function rangeStart(node: unknown): number | undefined {
  return (node as { range?: readonly number[] | null } | null)?.range?.[0];
}
