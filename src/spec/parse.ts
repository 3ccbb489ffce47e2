import { dirname, isAbsolute, join, normalize } from 'node:path';
import type { Problem, Result } from '../problem.ts';
import { fail, succeed } from '../problem.ts';
import { readYaml } from './full-yaml.ts';
import { mergeNodes } from './merge.ts';
import type { Fields, Node, Source } from './node.ts';
import { describe, placeOf, toJson } from './node.ts';
import { readPlain } from './plain-yaml.ts';

/** Gives the text of a file; undefined when it cannot be read. */
export type Load = (path: string) => string | undefined;

/** YAML (or JSON) text to values that know their places. Keys given twice are mistakes. */
export function parse(source: Source): Result<Node> {
  const problems: Problem[] = [];
  const root = readPlain(source) ?? readYaml(source, problems);
  if (root === undefined) return fail(...problems);
  reportRepeated(root, [], problems);
  return problems.length > 0 ? fail(...problems) : succeed(root);
}

/** An experiment file with what it extends merged in: a map. */
export function parseExperiment(file: string, load: Load): Result<Fields> {
  return chain(file, load, []);
}

function chain(file: string, load: Load, from: readonly string[]): Result<Fields> {
  const text = load(file);
  if (text === undefined) return fail({ code: 'no-file', message: `cannot read ${file}` });
  const parsed = parse({ file, text });
  if (!parsed.ok) return parsed;
  const root = parsed.value;
  if (root.type !== 'map') {
    const message = `expected a map with name and stages, found ${describe(toJson(root))}`;
    return fail({ code: 'wrong-type', message, at: placeOf(root) });
  }
  const above = root.fields.get('extends')?.value;
  if (above === undefined) return succeed(root);
  const base = extended(above, file, load, [...from, normalize(file)]);
  if (!base.ok) return base;
  const merged = mergeNodes(base.value, root) as Fields;
  return succeed({ ...merged, fields: new Map([...merged.fields].filter(([name]) => name !== 'extends')) });
}

function extended(value: Node, file: string, load: Load, from: readonly string[]): Result<Fields> {
  const at = placeOf(value);
  if (value.type !== 'scalar' || typeof value.value !== 'string') {
    return fail({ code: 'wrong-type', message: `expected the path of a file, found ${describe(toJson(value))}`, at });
  }
  const path = relativeTo(file, value.value);
  const again = from.indexOf(normalize(path));
  if (again !== -1) {
    const circle = [...from.slice(again), normalize(path)].join(' -> ');
    return fail({ code: 'extends-cycle', message: `files extend each other in a circle: ${circle}`, at });
  }
  if (load(path) === undefined) {
    return fail({
      code: 'no-file',
      message: `cannot read ${path}`,
      at,
      hint: `the path is relative to the folder of ${file}`,
    });
  }
  return chain(path, load, from);
}

/** A path as written in a file, from where the reader stands. */
export function relativeTo(file: string, path: string): string {
  return isAbsolute(path) ? path : join(dirname(file), path);
}

/** What a repeated key is called where it stands. */
const nouns: Readonly<Record<string, string>> = { rows: 'row', stages: 'stage', vary: 'vary' };

function reportRepeated(node: Node, path: readonly string[], problems: Problem[]): void {
  if (node.type === 'list') for (const item of node.items) reportRepeated(item, [...path, '*'], problems);
  if (node.type !== 'map') return;
  for (const field of node.repeated ?? []) {
    const first = node.fields.get(field.name);
    const noun = (path.length === 1 ? nouns[path[0] as string] : undefined) ?? 'key';
    const where = first === undefined ? '' : `, first on line ${placeOf(first).line}`;
    problems.push({
      code: `duplicate-${noun}`,
      message: `"${field.name}" is given twice${where}`,
      at: placeOf(field),
      hint: `rename or remove one ${noun}`,
    });
  }
  for (const [name, field] of node.fields) {
    if (field.value.type !== 'scalar') reportRepeated(field.value, path.length > 1 ? path : [...path, name], problems);
  }
}
