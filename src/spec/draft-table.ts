import type { Problem } from '../problem.ts';
import type { Field, Node } from './node.ts';
import { placeOf } from './node.ts';
import { flagOf, itemsOf, type Named, namedOf, onlyKeys, present, textOf, wrongType } from './read.ts';

/** A column as written: `stage` or `stage.metric` in `of`. */
export type ColumnDraft = Readonly<{ of: string; node: Node; label: string; lowerIsBetter?: boolean }>;
export type TableDraft = Readonly<{
  title?: string;
  columns: readonly ColumnDraft[];
  /** one row, or for each row its own */
  baseline?: Named | readonly Field[];
  average?: string;
  rows?: readonly Named[];
}>;
export type PaperDraft = Readonly<{
  file: Named;
  table: Named;
  /** our name -> theirs: a method's name, or fields that single it out */
  rows: readonly Field[];
  columns: readonly Field[];
  /** the name shown -> theirs: rows that only the paper has */
  others: readonly Field[];
}>;

export const tableKeys = ['title', 'columns', 'baseline', 'average', 'rows'];
export const columnKeys = ['stage', 'metric', 'label', 'lowerIsBetter'];
export const paperKeys = ['file', 'table', 'rows', 'columns', 'others'];

/** The outer form of one table: a list of one, or [] with problems. */
export function readTable(node: Node, problems: Problem[]): readonly TableDraft[] {
  if (node.type !== 'map') {
    problems.push(wrongType('a map with columns', node));
    return [];
  }
  onlyKeys(node, tableKeys, problems);
  const get = (key: string) => node.fields.get(key)?.value;
  if (get('columns') === undefined) {
    const hint = 'columns: [stage, stage.metric]';
    problems.push({ code: 'missing-key', message: 'a table needs columns', at: placeOf(node), hint });
  }
  const rows = itemsOf(get('rows')).flatMap((row) => namedOf(row, problems) ?? []);
  const rest = present({
    title: textOf(get('title'), problems),
    average: textOf(get('average'), problems),
    baseline: readBaseline(get('baseline'), problems),
    rows: get('rows') === undefined ? undefined : rows,
  });
  return [{ columns: itemsOf(get('columns')).flatMap((column) => readColumn(column, problems)), ...rest }];
}

export function readBaseline(node: Node | undefined, problems: Problem[]): TableDraft['baseline'] | undefined {
  return node?.type === 'map' ? [...node.fields.values()] : namedOf(node, problems);
}

export function readColumn(node: Node, problems: Problem[]): readonly ColumnDraft[] {
  if (node.type !== 'map') {
    const of = textOf(node, problems);
    return of === undefined ? [] : [{ of, node, label: of }];
  }
  onlyKeys(node, columnKeys, problems);
  const get = (key: string) => node.fields.get(key)?.value;
  const stage = namedOf(get('stage'), problems);
  const [metric, label] = [textOf(get('metric'), problems), textOf(get('label'), problems)];
  const rest = present({ lowerIsBetter: flagOf(get('lowerIsBetter'), problems) });
  if (get('stage') === undefined) {
    const hint = '{ stage: pope, metric: f1, label: POPE }';
    problems.push({ code: 'missing-key', message: 'a column needs the stage it shows', at: placeOf(node), hint });
  }
  if (stage === undefined) return [];
  const of = metric === undefined ? stage.name : `${stage.name}.${metric}`;
  return [{ of, node: stage.node, label: label ?? of, ...rest }];
}

/** The outer form of `paper:`: a list of one, or [] with problems. */
export function readPaper(node: Node, problems: Problem[]): readonly PaperDraft[] {
  const example = 'paper: { file: paper/tables.json, table: table3 }';
  if (node.type !== 'map') {
    problems.push(wrongType('a map with file and table', node, example));
    return [];
  }
  onlyKeys(node, paperKeys, problems);
  for (const key of ['file', 'table']) {
    if (node.fields.has(key)) continue;
    problems.push({ code: 'missing-key', message: `\`paper\` needs "${key}"`, at: placeOf(node), hint: example });
  }
  const get = (key: string) => node.fields.get(key)?.value;
  const [file, table] = [namedOf(get('file'), problems), namedOf(get('table'), problems)];
  if (file === undefined || table === undefined) return [];
  const mapping = (key: string) => readMapping(get(key), problems);
  return [{ file, table, rows: mapping('rows'), columns: mapping('columns'), others: mapping('others') }];
}

/** The rows that others are compared with, as written. */
export function comparedIn({ baseline }: Pick<TableDraft, 'baseline'>): readonly Named[] {
  if (baseline === undefined) return [];
  return 'name' in baseline ? [baseline] : baseline.flatMap(({ value }) => namedOf(value, []) ?? []);
}

function readMapping(node: Node | undefined, problems: Problem[]): readonly Field[] {
  if (node === undefined) return [];
  if (node.type === 'map') return [...node.fields.values()];
  problems.push(wrongType('a map from our names to the names in the paper', node));
  return [];
}
