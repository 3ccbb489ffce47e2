import type { Estimate } from '../plan/step.ts';
import type { Cell, Experiment, PrintedRows, Reference, TableSpec } from '../spec/experiment.ts';
import type { Entry } from '../store/store.ts';
import { type Agreement, agreementOf } from './agreement.ts';
import { whyIncomparable } from './comparable.ts';
import { markColumn } from './marks.ts';
import { methodsOf } from './method.ts';
import { type OverPairs, overPairs } from './pairs.ts';
import type { QuestionError, QuestionResults } from './questions.ts';
import { readRow, type Sources, withDelta } from './read-row.ts';
import type { Difference, SeedValue } from './statistics.ts';
import { openTrace, type Trace } from './trace.ts';

/**
 * What is known of a stage when a table is read. `stale`: its last entry was made under another key.
 * `run`: it is not up to date, and running it is expected to take this long.
 */
export type Reading = (
  | Readonly<{ state: 'measured' | 'stale'; entry: Entry }>
  | Readonly<{ state: 'missing' | 'failed' | 'running' }>
) &
  Readonly<{ run?: Readonly<{ seconds?: number }> }>;
export type Readings = ReadonlyMap<string, Reading>;

/** `printed`: only the paper has it */
export type CellState = 'measured' | 'missing' | 'failed' | 'stale' | 'running' | 'printed';

export type TableCell = Readonly<{
  state: CellState;
  /** measured numbers, one a seed; of a stale cell the outdated ones too */
  values: readonly SeedValue[];
  mean?: number;
  sd?: number;
  n: number;
  /** measurements that the cell asks for: its seeds, or one where a seed changes nothing */
  of: number;
  /** against the baseline row, paired by seed */
  delta?: Difference;
  /** standard error from the questions of a benchmark, where they were read and the number is their mean */
  questions?: QuestionError;
  mark?: 'best' | 'second';
  paper?: number;
  /** the paper's row minus the paper's baseline row */
  paperDelta?: number;
  /** ids of the stages that the numbers come from, in the order of the seeds */
  stages: readonly string[];
  /** what bringing a stale cell up to date takes */
  rerun?: Estimate;
}>;

export type TableColumn = Readonly<{
  label: string;
  /** absent in the average column */
  stage?: string;
  metric?: string;
  lowerIsBetter: boolean;
  decimals: number;
  /** why its numbers must not be compared; absent where they may */
  incomparable?: readonly string[];
  /** what to know of its numbers: no judge, or which; multiple choice by likelihood */
  method?: readonly string[];
  /** its differences over several pairs of a row and its own baseline */
  pairs?: OverPairs;
}>;

export type TableRow = Readonly<{
  name: string;
  /** whether other rows are compared with it, and the row that it is compared with */
  baseline: boolean;
  against?: string;
  cells: readonly TableCell[];
  /** distinct engines and commits among the stages behind the row; several mean that the row mixes them */
  engines: readonly string[];
  commits: readonly string[];
}>;

/** Rows x columns, with everything a printed table says; every format is made from this and nothing else. */
export type Table = Readonly<{
  experiment: string;
  title?: string;
  columns: readonly TableColumn[];
  rows: readonly TableRow[];
  /** rows that only the paper has */
  printed: readonly TableRow[];
  /** the row that all others are compared with; absent where each row has its own or none */
  baseline?: string;
  seeds: readonly number[];
  paper?: string;
  /** rows whose differences have the paper's beside them */
  agreement: readonly Agreement[];
  /** what bringing all stale cells up to date takes */
  rerun?: Estimate;
  /** the stages behind the table: how many there are, how many are measured, their seconds, engines and commits */
  made: Readonly<{
    stages: number;
    measured: number;
    seconds: number;
    engines: readonly string[];
    commits: readonly string[];
  }>;
}>;

/** Reads a table of an experiment off what its stages left. */
export function makeTable(
  experiment: Experiment,
  spec: TableSpec,
  readings: Readings,
  questions: QuestionResults = new Map(),
): Table {
  const byRow = shownRows(experiment, spec);
  const paper = paperOf(experiment, spec);
  const trace = openTrace(experiment.stages, readings);
  const against = (row: string) => spec.baselines?.[row] ?? (row === spec.baseline ? undefined : spec.baseline);
  const read = readRows(byRow, spec, { readings, questions }, { paper, against });
  const columns = describeColumns(spec, [...read.values()]);
  const cells = marked(
    [...read].map(([row, own]) => {
      const theirs = read.get(against(row) ?? '');
      return own.map((cell, at) => withCost(withDelta(cell, theirs?.[at]), trace));
    }),
    columns,
  );

  const baselines = new Set([...byRow.keys()].map(against));
  const rows = [...byRow].map(([name, seeds], index): TableRow => {
    const other = against(name);
    return {
      name,
      baseline: baselines.has(name),
      ...(other === undefined ? {} : { against: other }),
      cells: cells[index] ?? [],
      ...trace.made(stagesOf(seeds, spec)),
    };
  });
  const stale = rows.flatMap(({ cells }) => cells.flatMap((cell) => (cell.state === 'stale' ? cell.stages : [])));
  const specs = new Map(experiment.stages.map((stage) => [stage.id, stage]));
  return {
    experiment: experiment.name,
    ...(spec.title === undefined ? {} : { title: spec.title }),
    columns: columns.map((column, at) => {
      const own = rows.flatMap(({ name, cells }) => (cells[at] === undefined ? [] : [{ row: name, cell: cells[at] }]));
      const reasons = column.stage === undefined ? [] : whyIncomparable(own, { specs, readings, trace });
      const shown = own.map(({ cell }) => cell);
      const method = column.stage === undefined ? [] : methodsOf(shown, { specs, readings });
      const pairs = overPairs(rows, at);
      return {
        ...column,
        ...(reasons.length === 0 ? {} : { incomparable: reasons }),
        ...(method.length === 0 ? {} : { method }),
        ...(pairs === undefined ? {} : { pairs }),
      };
    }),
    rows,
    printed: printedRows(columns, paper),
    ...(spec.baseline === undefined ? {} : { baseline: spec.baseline }),
    seeds: experiment.seeds,
    ...(paper === undefined ? {} : { paper: paper.source }),
    agreement: rows.flatMap(({ name, cells }) => agreementOf(name, cells, columns) ?? []),
    ...(stale.length === 0 ? {} : { rerun: trace.rerun(stale) }),
    made: trace.total([...byRow.values()].flatMap((seeds) => stagesOf(seeds, spec))),
  };
}

function stagesOf(cells: readonly Cell[], { columns }: TableSpec): readonly string[] {
  return cells.flatMap((cell) => columns.flatMap((column) => cell.stages[column.stage] ?? []));
}

function readRows(
  byRow: ReadonlyMap<string, readonly Cell[]>,
  spec: TableSpec,
  sources: Sources,
  { paper, against }: Readonly<{ paper: Reference | undefined; against: (row: string) => string | undefined }>,
): ReadonlyMap<string, readonly TableCell[]> {
  return new Map(
    [...byRow].map(([name, cells]) => {
      const [row, baseline] = [paper?.rows[name], paper?.rows[against(name) ?? '']];
      const printed = { ...(row === undefined ? {} : { row }), ...(baseline === undefined ? {} : { baseline }) };
      return [name, readRow(cells, spec, sources, printed)];
    }),
  );
}

function withCost(cell: TableCell, trace: Trace): TableCell {
  return cell.state === 'stale' && cell.stages.length > 0 ? { ...cell, rerun: trace.rerun(cell.stages) } : cell;
}

/** [row][column], marked column by column. */
function marked(
  rows: readonly (readonly TableCell[])[],
  columns: readonly TableColumn[],
): readonly (readonly TableCell[])[] {
  const byColumn = columns.map((column, at) =>
    markColumn(
      rows.map((row) => row[at] as TableCell),
      column,
    ),
  );
  return rows.map((_, row) => byColumn.map((column) => column[row] as TableCell));
}

/** The rows of a table in the order in which it names them, else that of the experiment. */
function shownRows(experiment: Experiment, spec: TableSpec): ReadonlyMap<string, readonly Cell[]> {
  const byRow = groupCells(experiment.cells);
  const names = spec.rows ?? [...byRow.keys()];
  return new Map(names.flatMap((name) => (byRow.has(name) ? [[name, byRow.get(name) ?? []] as const] : [])));
}

function printedRows(columns: readonly TableColumn[], paper: Reference | undefined): readonly TableRow[] {
  return Object.entries(paper?.others ?? {}).map(([name, numbers]) => {
    const cells = columns.map(({ label }): TableCell => {
      const paper = numbers[label];
      const cell: TableCell = { state: 'printed', values: [], n: 0, of: 0, stages: [] };
      return paper === undefined ? cell : { ...cell, paper };
    });
    return { name, baseline: false, cells, engines: [], commits: [] };
  });
}

/** The printed numbers that belong to this table: references with one of its columns; later ones add to earlier ones. */
function paperOf({ references = [] }: Experiment, { columns }: TableSpec): Reference | undefined {
  const labels = new Set(columns.map(({ label }) => label));
  const own = references.filter(({ rows, others = {} }) =>
    [...Object.values(rows), ...Object.values(others)].some((row) =>
      Object.keys(row).some((label) => labels.has(label)),
    ),
  );
  if (own.length === 0) return undefined;
  const merged = (parts: readonly PrintedRows[]): PrintedRows => {
    const rows: Record<string, PrintedRows[string]> = {};
    for (const [row, numbers] of parts.flatMap((part) => Object.entries(part)))
      rows[row] = { ...rows[row], ...numbers };
    return rows;
  };
  return {
    source: own.map(({ source }) => source).join('; '),
    rows: merged(own.map(({ rows }) => rows)),
    others: merged(own.map(({ others = {} }) => others)),
  };
}

function groupCells(cells: readonly Cell[]): ReadonlyMap<string, readonly Cell[]> {
  const rows = new Map<string, Cell[]>();
  for (const cell of cells) {
    const row = rows.get(cell.row);
    if (row === undefined) rows.set(cell.row, [cell]);
    else row.push(cell);
  }
  return rows;
}

function describeColumns(spec: TableSpec, rows: readonly (readonly TableCell[])[]): readonly TableColumn[] {
  const columns = spec.columns.map(
    (column, index): TableColumn => ({
      label: column.label,
      stage: column.stage,
      metric: column.metric,
      lowerIsBetter: column.lowerIsBetter === true,
      decimals: decimalsOf(rows, index),
    }),
  );
  if (spec.average === undefined) return columns;
  return [...columns, { label: spec.average, lowerIsBetter: false, decimals: decimalsOf(rows, columns.length) }];
}

/** One decimal as in the paper; three where all numbers are small, as losses are. */
function decimalsOf(rows: readonly (readonly TableCell[])[], column: number): number {
  const sizes = rows.flatMap((cells) => [cells[column]?.mean ?? 0, cells[column]?.paper ?? 0]).map(Math.abs);
  const largest = Math.max(0, ...sizes);
  return largest > 0 && largest < 2 ? 3 : 1;
}
