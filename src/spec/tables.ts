import type { Problem } from '../problem.ts';
import { suggest } from '../problem.ts';
import type { CellPlan } from './cells.ts';
import type { Variant } from './check.ts';
import type { Draft } from './draft.ts';
import { type ColumnDraft, comparedIn, type TableDraft } from './draft-table.ts';
import type { Column, Row, TableSpec } from './experiment.ts';
import { placeOf } from './node.ts';
import { type Named, namedOf, present, suggestBefore } from './read.ts';

/** Which stages a cell has to run: those that the tables and figures showing its row read; all stages without either. */
export function rootsOf(draft: Draft): (cell: CellPlan) => readonly string[] {
  const all = [...draft.stages.keys()];
  const tables = [...draft.tables, ...draft.figures.map(({ table }) => table)];
  if (tables.length === 0) return () => all;
  const columns = tables.map((table) =>
    table.columns.map((column) => stageOf(column)).filter((name) => draft.stages.has(name)),
  );
  // The same set of tables gives the same array: the expansion compares them by identity.
  const known = new Map<string, readonly string[]>();
  return (cell) => {
    const shown = tables.map((table) => shows(table, cell.row.name, cell.written));
    const key = shown.join();
    const roots = known.get(key) ?? [...new Set(columns.flatMap((names, index) => (shown[index] ? names : [])))];
    known.set(key, roots);
    return roots;
  };
}

function shows(table: TableDraft, row: string, written: string): boolean {
  return table.rows === undefined || table.rows.some(({ name }) => name === row || name === written);
}

function stageOf({ of }: ColumnDraft): string {
  const dot = of.indexOf('.');
  return dot === -1 ? of : of.slice(0, dot);
}

export type RowNames = readonly Readonly<{ row: Row; written: string }>[];

/** What tables and figures are checked against: what the expansion makes. */
export type Made = Readonly<{
  draft: Draft;
  rows: RowNames;
  variants: ReadonlyMap<string, readonly Variant[]>;
  problems: Problem[];
}>;

/** A table with every column, row and baseline checked. */
export function readTable(table: TableDraft, { draft, rows, variants, problems }: Made): TableSpec {
  const names = new Set(rows.flatMap(({ row, written }) => [row.name, written]));
  const columns = table.columns.flatMap((column) => readColumn(column, draft, variants, problems) ?? []);
  reportRepeatedLabels(table, problems);
  const compared = new Set(comparedIn(table).map(({ node }) => node));
  // a baseline that a figure reads beside its rows is told of as a baseline
  for (const row of table.rows ?? []) if (!compared.has(row.node)) checkRow(row, names, problems);
  const shown = [
    ...new Set(table.rows?.flatMap(({ name }) => rowsNamed(name, rows)) ?? rows.map(({ row }) => row.name)),
  ];
  const { title, average } = table;
  const against = readBaselines(table.baseline, shown, problems);
  return { columns, ...present({ title, average, rows: table.rows === undefined ? undefined : shown }), ...against };
}

/** In the order of the file; a name as written stands for all rows that a grid made of it. */
export function rowsNamed(name: string, rows: RowNames): readonly string[] {
  return rows.flatMap(({ row, written }) => (row.name === name || written === name ? [row.name] : []));
}

type Mention = Readonly<{ name: string; node: Parameters<typeof placeOf>[0] }>;

function checkRow({ name, node }: Mention, names: ReadonlySet<string>, problems: Problem[]): void {
  if (!names.has(name))
    problems.push({
      code: 'unknown-row',
      message: `there is no row "${name}"`,
      at: placeOf(node),
      hint: suggest(name, [...names]),
    });
}

function readBaselines(
  drafted: TableDraft['baseline'],
  shown: readonly string[],
  problems: Problem[],
): Pick<TableSpec, 'baseline' | 'baselines'> {
  if (drafted === undefined) return {};
  if ('name' in drafted) return present({ baseline: readBaseline(drafted, shown, problems) });
  const baselines = drafted.flatMap((field) => {
    checkRow({ name: field.name, node: field }, new Set(shown), problems);
    const named = namedOf(field.value, problems);
    const baseline = named && readBaseline(named, shown, problems);
    return baseline === undefined ? [] : [[field.name, baseline] as const];
  });
  return { baselines: Object.fromEntries(baselines) };
}

function readBaseline({ name, node }: Named, shown: readonly string[], problems: Problem[]): string | undefined {
  if (shown.includes(name)) return name;
  problems.push({
    code: 'unknown-row',
    message: `the baseline "${name}" is no row of this table`,
    at: placeOf(node),
    hint: suggest(name, shown),
  });
  return undefined;
}

function readColumn(
  column: ColumnDraft,
  draft: Draft,
  variants: ReadonlyMap<string, readonly Variant[]>,
  problems: Problem[],
): Column | undefined {
  const stage = stageOf(column);
  const at = placeOf(column.node);
  if (!draft.stages.has(stage)) {
    const hint = suggestBefore(stage, column.of, [...draft.stages.keys()]);
    problems.push({
      code: 'unknown-column',
      message: `no stage makes "${column.of}": there is no stage "${stage}"`,
      at,
      hint,
    });
    return undefined;
  }
  const forms = variants.get(stage) ?? [];
  const kind = forms[0]?.kind;
  // A stage whose own mistakes are reported says nothing about its metrics.
  if (kind === undefined) return undefined;
  const metric = column.of.length > stage.length ? column.of.slice(stage.length + 1) : kind.headline;
  const metrics =
    kind.metrics === undefined ? undefined : [...new Set(forms.flatMap((form) => kind.metrics?.(form.params) ?? []))];
  if (metric === undefined) {
    const hint =
      metrics === undefined ? `${stage}.metric` : `valid: ${metrics.map((name) => `${stage}.${name}`).join(', ')}`;
    problems.push({
      code: 'unknown-column',
      message: `"${stage}" (${kind.kind}) has no headline metric, so one has to be named`,
      at,
      hint,
    });
    return undefined;
  }
  if (metrics !== undefined && !metrics.includes(metric)) {
    problems.push({
      code: 'unknown-column',
      message: `stage "${stage}" (${kind.kind}) reports no metric "${metric}"`,
      at,
      hint: suggest(metric, metrics),
    });
    return undefined;
  }
  return {
    label: column.label,
    stage,
    metric,
    ...(column.lowerIsBetter === undefined ? {} : { lowerIsBetter: column.lowerIsBetter }),
  };
}

function reportRepeatedLabels(table: TableDraft, problems: Problem[]): void {
  const seen = new Set<string>(table.average === undefined ? [] : [table.average]);
  for (const { label, node } of table.columns) {
    if (seen.has(label))
      problems.push({
        code: 'duplicate-column',
        message: `two columns are called "${label}"`,
        at: placeOf(node),
        hint: 'give one a label of its own',
      });
    seen.add(label);
  }
}
