import { dirname, isAbsolute, join, normalize } from 'node:path';
import { type Place, type Problem, ProblemError } from '../problem.ts';
import { isText } from './characters.ts';
import { readYaml } from './full-yaml.ts';
import { mergeNodes } from './merge.ts';
import type { Fields, Node, Source } from './node.ts';
import { placeOf } from './node.ts';
import { readPlain } from './plain-yaml.ts';
import { wrongType } from './read.ts';

/** Gives the text of a file; undefined when there is none. Throws a ProblemError where it cannot be read. */
export type Load = (path: string) => string | undefined;

/** YAML (or JSON) text to values that know their places; undefined when it cannot be read. Keys given twice are reported. */
export function parse(source: Source, problems: Problem[]): Node | undefined {
  if (!isText(source, problems)) return undefined;
  const root = readPlain(source) ?? readYaml(source, problems);
  if (root !== undefined && source.hasRepeatedKeys) reportRepeated(root, [], problems);
  return root;
}

/** An experiment file with what it extends merged in: a map. Undefined when there is nothing to go on with. */
export function parseExperiment(file: string, load: Load, problems: Problem[]): Fields | undefined {
  const text = load(file);
  if (text !== undefined) return chain({ file, text }, load, [], problems);
  problems.push({ code: 'no-file', message: `cannot read ${file}` });
  return undefined;
}

function chain(source: Source, load: Load, from: readonly string[], problems: Problem[]): Fields | undefined {
  const root = parse(source, problems);
  if (root === undefined) return undefined;
  if (root.type !== 'map') {
    problems.push(wrongType('a map with name and stages', root));
    return undefined;
  }
  const above = root.fields.get('extends')?.value;
  if (above === undefined) return root;
  const base = extended(above, source.file, load, [...from, normalize(source.file)], problems);
  if (base === undefined) return undefined;
  const merged = mergeNodes(base, root) as Fields;
  return { ...merged, fields: new Map([...merged.fields].filter(([name]) => name !== 'extends')) };
}

function extended(
  value: Node,
  file: string,
  load: Load,
  from: readonly string[],
  problems: Problem[],
): Fields | undefined {
  if (value.type !== 'scalar' || typeof value.value !== 'string') {
    problems.push(wrongType('the path of a file', value));
    return undefined;
  }
  const at = placeOf(value);
  const path = relativeTo(file, value.value);
  const again = from.indexOf(normalize(path));
  if (again === -1) {
    const text = loadAt(path, at, load, problems);
    if (text === 'unreadable') return undefined;
    if (text !== undefined) return chain({ file: path, text: text.text }, load, from, problems);
    const hint = `the path is relative to the folder of ${file}`;
    problems.push({ code: 'no-file', message: `cannot read ${path}`, at, hint });
  } else {
    const circle = [...from.slice(again), normalize(path)].join(' -> ');
    problems.push({ code: 'extends-cycle', message: `files extend each other in a circle: ${circle}`, at });
  }
  return undefined;
}

/** The text of a file that another names at a place, or the problem of reading it. */
export function loadAt(
  path: string,
  at: Place,
  load: Load,
  problems: Problem[],
): Readonly<{ text: string }> | 'unreadable' | undefined {
  try {
    const text = load(path);
    return text === undefined ? undefined : { text };
  } catch (error) {
    if (!(error instanceof ProblemError)) throw error;
    problems.push(...error.problems.map((problem) => ({ at, ...problem })));
    return 'unreadable';
  }
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
