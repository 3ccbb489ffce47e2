import type { Json } from '../hash.ts';
import type { Place, Problem } from '../problem.ts';
import { suggest } from '../problem.ts';
import type { Field, Fields, List, Node } from './node.ts';
import { describe, placeOf, toJson } from './node.ts';

/** A row as written; `extends` not yet applied. */
export type RowDraft = Readonly<{ name: string; field: Field; extends?: Field; differences: readonly Field[] }>;
export type VaryDraft = Readonly<{ path: string; field: Field; values: readonly Node[] }>;
/** A column as written: `stage` or `stage.metric` in `of`. */
export type ColumnDraft = Readonly<{ of: string; node: Node; label: string; lowerIsBetter?: boolean }>;
export type TableDraft = Readonly<{
  title?: string;
  columns: readonly ColumnDraft[];
  baseline?: Named;
  average?: string;
  rows?: readonly Named[];
}>;
/** A name with the place where it was written. */
export type Named = Readonly<{ name: string; node: Node }>;
export type PaperDraft = Readonly<{
  file: Named;
  table: Named;
  /** our name -> theirs: a method's name, or fields that single it out */
  rows: readonly Field[];
  columns: readonly Field[];
}>;

/** An experiment file whose outer form is right; what its stages say is not yet looked at. */
export type Draft = Readonly<{
  at: Place;
  name: string;
  description?: string;
  seeds: readonly number[];
  stages: ReadonlyMap<string, Field>;
  rows: ReadonlyMap<string, RowDraft>;
  vary: readonly VaryDraft[];
  tables: readonly TableDraft[];
  papers: readonly PaperDraft[];
}>;

export const experimentKeys = ['name', 'description', 'extends', 'seeds', 'stages', 'rows', 'vary', 'table', 'tables', 'paper'];
export const tableKeys = ['title', 'columns', 'baseline', 'average', 'rows'];
export const columnKeys = ['stage', 'metric', 'label', 'lowerIsBetter'];
export const paperKeys = ['file', 'table', 'rows', 'columns'];
export const stageName = /^[A-Za-z_][\w-]*$/;

/** Reads the outer form of an experiment; mistakes are added to `problems` and what is wrong is left out. */
export function readDraft(root: Fields, problems: Problem[]): Draft {
  const take = reader(problems);
  take.known(root, experimentKeys);
  const get = (key: string) => root.fields.get(key)?.value;
  const name = take.text(get('name'));
  if (get('name') === undefined) problems.push({ code: 'missing-key', message: 'an experiment needs a name', at: placeOf(root), hint: 'name: my-ablation' });
  const description = take.text(get('description'));
  const tables = [...take.tables(get('table')), ...take.tables(get('tables'))];
  return {
    at: placeOf(root),
    name: name ?? '',
    ...(description === undefined ? {} : { description }),
    seeds: readSeeds(get('seeds'), problems),
    stages: readStages(root, problems),
    rows: readRows(get('rows'), problems),
    vary: readVary(get('vary'), problems),
    tables,
    papers: take.papers(get('paper')),
  };
}

function wrong(expected: string, node: Node): Problem {
  return { code: 'wrong-type', message: `expected ${expected}, found ${describe(toJson(node))}`, at: placeOf(node) };
}

function readSeeds(node: Node | undefined, problems: Problem[]): readonly number[] {
  if (node === undefined) return [];
  const items = node.type === 'list' ? node.items : [node];
  const seeds: number[] = [];
  for (const item of items) {
    const value = item.type === 'scalar' ? item.value : undefined;
    if (typeof value !== 'number' || !Number.isInteger(value) || value < 0) problems.push(wrong('a whole number from 0', item));
    else if (seeds.includes(value)) problems.push({ code: 'duplicate-value', message: `seed ${value} is given twice`, at: placeOf(item) });
    else seeds.push(value);
  }
  if (items.length === 0) problems.push({ code: 'wrong-type', message: 'expected at least one seed', at: placeOf(node), hint: 'leave `seeds` out for one run with seed 0' });
  return seeds;
}

function readStages(root: Fields, problems: Problem[]): ReadonlyMap<string, Field> {
  const node = root.fields.get('stages')?.value;
  if (node === undefined || node.type !== 'map') {
    problems.push(
      node === undefined
        ? { code: 'missing-key', message: 'an experiment needs stages', at: placeOf(root), hint: 'write `stages:`, or `extends:` a file that has them' }
        : wrong('a map of stages by name', node),
    );
    return new Map();
  }
  const stages = new Map<string, Field>();
  for (const [name, field] of node.fields) {
    if (!stageName.test(name)) {
      problems.push({ code: 'bad-name', message: `"${name}" cannot name a stage`, at: placeOf(field), hint: 'letters, digits, _ and -; a dot separates stage and port' });
    } else if (field.value.type !== 'map') problems.push(wrong(`a map with the kind of stage "${name}"`, field.value));
    else stages.set(name, field);
  }
  return stages;
}

function readRows(node: Node | undefined, problems: Problem[]): ReadonlyMap<string, RowDraft> {
  const rows = new Map<string, RowDraft>();
  if (node === undefined) return rows;
  if (node.type !== 'map') {
    problems.push(wrong('a map of rows by name', node));
    return rows;
  }
  for (const [name, field] of node.fields) {
    const { value } = field;
    if (value.type !== 'map') {
      problems.push({ ...wrong(`a map of differences for row "${name}"`, value), hint: '{} for a row that differs in nothing' });
      continue;
    }
    const above = value.fields.get('extends');
    const differences = [...value.fields.values()].filter((difference) => difference !== above);
    rows.set(name, { name, field, differences, ...(above === undefined ? {} : { extends: above }) });
  }
  return rows;
}

function readVary(node: Node | undefined, problems: Problem[]): readonly VaryDraft[] {
  if (node === undefined) return [];
  if (node.type !== 'map') {
    problems.push(wrong('a map from dotted paths to lists of values', node));
    return [];
  }
  const vary: VaryDraft[] = [];
  for (const [path, field] of node.fields) {
    if (field.value.type !== 'list' || field.value.items.length === 0) {
      problems.push({ ...wrong('a list of values', field.value), hint: `${path}: [first, second]` });
    } else if (distinct(field.value, problems)) vary.push({ path, field, values: field.value.items });
  }
  return vary;
}

function distinct(list: List, problems: Problem[]): boolean {
  const seen = new Set<string>();
  const before = problems.length;
  for (const item of list.items) {
    const text = valueText(toJson(item));
    if (seen.has(text)) problems.push({ code: 'duplicate-value', message: `${text} is given twice`, at: placeOf(item) });
    seen.add(text);
  }
  return problems.length === before;
}

/** A value as row names show it. */
export function valueText(value: Json): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function reader(problems: Problem[]) {
  /** Reports keys that are not among the valid ones. */
  const known = (map: Fields, keys: readonly string[]) => {
    for (const [key, field] of map.fields) {
      if (keys.includes(key)) continue;
      problems.push({ code: 'unknown-key', message: `"${key}" is no key here`, at: placeOf(field), hint: suggest(key, keys) });
    }
  };
  const text = (node: Node | undefined): string | undefined => {
    if (node === undefined) return undefined;
    if (node.type === 'scalar' && typeof node.value === 'string') return node.value;
    problems.push(wrong('text', node));
    return undefined;
  };
  const named = (node: Node | undefined): Named | undefined => {
    const name = text(node);
    return name === undefined || node === undefined ? undefined : { name, node };
  };
  const flag = (node: Node | undefined): boolean | undefined => {
    if (node === undefined) return undefined;
    if (node.type === 'scalar' && typeof node.value === 'boolean') return node.value;
    problems.push(wrong('true or false', node));
    return undefined;
  };
  const each = (node: Node | undefined): readonly Node[] => (node === undefined ? [] : node.type === 'list' ? node.items : [node]);

  const column = (node: Node): readonly ColumnDraft[] => {
    if (node.type !== 'map') {
      const of = text(node);
      return of === undefined ? [] : [{ of, node, label: of }];
    }
    known(node, columnKeys);
    const stage = node.fields.get('stage')?.value;
    if (stage === undefined) problems.push({ code: 'missing-key', message: 'a column needs the stage it shows', at: placeOf(node), hint: '{ stage: pope, metric: f1, label: POPE }' });
    const [stageText, metric, label] = [text(stage), text(node.fields.get('metric')?.value), text(node.fields.get('label')?.value)];
    const lowerIsBetter = flag(node.fields.get('lowerIsBetter')?.value);
    if (stage === undefined || stageText === undefined) return [];
    const of = metric === undefined ? stageText : `${stageText}.${metric}`;
    return [{ of, node: stage, label: label ?? of, ...(lowerIsBetter === undefined ? {} : { lowerIsBetter }) }];
  };

  const table = (node: Node): readonly TableDraft[] => {
    if (node.type !== 'map') {
      problems.push(wrong('a map with columns', node));
      return [];
    }
    known(node, tableKeys);
    const get = (key: string) => node.fields.get(key)?.value;
    const columns = each(get('columns')).flatMap(column);
    if (get('columns') === undefined) problems.push({ code: 'missing-key', message: 'a table needs columns', at: placeOf(node), hint: 'columns: [stage, stage.metric]' });
    const [title, average, baseline] = [text(get('title')), text(get('average')), named(get('baseline'))];
    const rows = get('rows') === undefined ? undefined : each(get('rows')).flatMap((row) => named(row) ?? []);
    return [{ columns, ...(title === undefined ? {} : { title }), ...(average === undefined ? {} : { average }), ...(baseline === undefined ? {} : { baseline }), ...(rows === undefined ? {} : { rows }) }];
  };

  const mapping = (node: Node | undefined): readonly Field[] => {
    if (node === undefined) return [];
    if (node.type === 'map') return [...node.fields.values()];
    problems.push(wrong('a map from our names to the names in the paper', node));
    return [];
  };

  const paper = (node: Node): readonly PaperDraft[] => {
    if (node.type !== 'map') {
      problems.push({ ...wrong('a map with file and table', node), hint: 'paper: { file: paper/tables.json, table: table3 }' });
      return [];
    }
    known(node, paperKeys);
    const [file, tableName] = [named(node.fields.get('file')?.value), named(node.fields.get('table')?.value)];
    for (const key of ['file', 'table']) {
      if (node.fields.has(key)) continue;
      problems.push({ code: 'missing-key', message: `\`paper\` needs "${key}"`, at: placeOf(node), hint: 'paper: { file: paper/tables.json, table: table3 }' });
    }
    if (file === undefined || tableName === undefined) return [];
    return [{ file, table: tableName, rows: mapping(node.fields.get('rows')?.value), columns: mapping(node.fields.get('columns')?.value) }];
  };

  return { known, text, tables: (node: Node | undefined) => each(node).flatMap(table), papers: (node: Node | undefined) => each(node).flatMap(paper) };
}
