import type { Json } from '../hash.ts';
import type { Place, Problem } from '../problem.ts';
import { isPrintable } from './characters.ts';
import { type FigureDraft, readFigure } from './draft-figure.ts';
import type { PaperDraft, TableDraft } from './draft-table.ts';
import { readPaper, readTable } from './draft-table.ts';
import type { Field, Fields, List, Node } from './node.ts';
import { placeOf, toJson } from './node.ts';
import { itemsOf, onlyKeys, textOf, wrongType } from './read.ts';

/** A row as written; `extends` not yet applied. */
export type RowDraft = Readonly<{ name: string; field: Field; extends?: Field; differences: readonly Field[] }>;
export type VaryDraft = Readonly<{ path: string; field: Field; values: readonly Node[] }>;
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
  figures: readonly FigureDraft[];
  papers: readonly PaperDraft[];
}>;

export const experimentKeys = [
  'name',
  'description',
  'extends',
  'seeds',
  'stages',
  'rows',
  'vary',
  'table',
  'tables',
  'figures',
  'paper',
];
export const stageName = /^[A-Za-z_][\w-]*$/;
export const longestName = 200;

/** Reads the outer form of an experiment; mistakes are added to `problems` and what is wrong is left out. */
export function readDraft(root: Fields, problems: Problem[]): Draft {
  onlyKeys(root, experimentKeys, problems);
  const get = (key: string) => root.fields.get(key)?.value;
  const name = textOf(get('name'), problems);
  if (name !== undefined) checkName(name, 'an experiment', get('name') as Node, problems);
  const description = textOf(get('description'), problems);
  if (get('name') === undefined) {
    problems.push({
      code: 'missing-key',
      message: 'an experiment needs a name',
      at: placeOf(root),
      hint: 'name: my-ablation',
    });
  }
  const tables = [...itemsOf(get('table')), ...itemsOf(get('tables'))].flatMap((node) => readTable(node, problems));
  return {
    at: placeOf(root),
    name: name ?? '',
    ...(description === undefined ? {} : { description }),
    seeds: readSeeds(get('seeds'), problems),
    stages: readStages(root, problems),
    rows: readRows(get('rows'), problems),
    vary: readVary(get('vary'), problems),
    tables,
    figures: itemsOf(get('figures')).flatMap((node) => readFigure(node, tables[0], problems)),
    papers: itemsOf(get('paper')).flatMap((node) => readPaper(node, problems)),
  };
}

/** Names stand in tables and in lines of a terminal. */
function checkName(name: string, what: string, at: Node | Field, problems: Problem[]): boolean {
  if (name.trim() !== '' && name.length <= longestName && isPrintable(name)) return true;
  const shown = JSON.stringify(name.length > 60 ? `${name.slice(0, 57)}...` : name);
  problems.push({
    code: 'bad-name',
    message: `${shown} cannot name ${what}`,
    at: placeOf(at),
    hint: `one line of at most ${longestName} characters`,
  });
  return false;
}

function readSeeds(node: Node | undefined, problems: Problem[]): readonly number[] {
  if (node === undefined) return [];
  const items = node.type === 'list' ? node.items : [node];
  const seeds: number[] = [];
  for (const item of items) {
    const value = item.type === 'scalar' ? item.value : undefined;
    if (typeof value !== 'number' || !Number.isInteger(value) || value < 0)
      problems.push(wrongType('a whole number from 0', item));
    else if (seeds.includes(value))
      problems.push({ code: 'duplicate-value', message: `seed ${value} is given twice`, at: placeOf(item) });
    else seeds.push(value);
  }
  if (items.length === 0)
    problems.push({
      code: 'wrong-type',
      message: 'expected at least one seed',
      at: placeOf(node),
      hint: 'leave `seeds` out for one run with seed 0',
    });
  return seeds;
}

function readStages(root: Fields, problems: Problem[]): ReadonlyMap<string, Field> {
  const node = root.fields.get('stages')?.value;
  if (node === undefined || node.type !== 'map') {
    problems.push(
      node === undefined
        ? {
            code: 'missing-key',
            message: 'an experiment needs stages',
            at: placeOf(root),
            hint: 'write `stages:`, or `extends:` a file that has them',
          }
        : wrongType('a map of stages by name', node),
    );
    return new Map();
  }
  const stages = new Map<string, Field>();
  for (const [name, field] of node.fields) {
    if (!stageName.test(name)) {
      problems.push({
        code: 'bad-name',
        message: `"${name}" cannot name a stage`,
        at: placeOf(field),
        hint: 'letters, digits, _ and -; a dot separates stage and port',
      });
    } else if (field.value.type !== 'map')
      problems.push(wrongType(`a map with the kind of stage "${name}"`, field.value));
    else stages.set(name, field);
  }
  return stages;
}

function readRows(node: Node | undefined, problems: Problem[]): ReadonlyMap<string, RowDraft> {
  const rows = new Map<string, RowDraft>();
  if (node === undefined) return rows;
  if (node.type !== 'map') {
    problems.push(wrongType('a map of rows by name', node));
    return rows;
  }
  for (const [name, field] of node.fields) {
    const { value } = field;
    if (!checkName(name, 'a row', field, problems)) continue;
    if (value.type !== 'map') {
      problems.push(wrongType(`a map of differences for row "${name}"`, value, '{} for a row that differs in nothing'));
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
    problems.push(wrongType('a map from dotted paths to lists of values', node));
    return [];
  }
  const vary: VaryDraft[] = [];
  for (const [path, field] of node.fields) {
    if (field.value.type !== 'list' || field.value.items.length === 0) {
      problems.push(wrongType('a list of values', field.value, `${path}: [first, second]`));
    } else if (distinct(field.value, problems)) vary.push({ path, field, values: field.value.items });
  }
  return vary;
}

function distinct(list: List, problems: Problem[]): boolean {
  const seen = new Set<string>();
  const before = problems.length;
  for (const item of list.items) {
    const text = valueText(toJson(item));
    if (seen.has(text))
      problems.push({ code: 'duplicate-value', message: `${text} is given twice`, at: placeOf(item) });
    seen.add(text);
  }
  return problems.length === before;
}

/** A value as row names show it. */
export function valueText(value: Json): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}
