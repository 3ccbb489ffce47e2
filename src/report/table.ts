import type { Cell, Column, Experiment, Reference, StageSpec, TableSpec } from '../spec/experiment.ts';
import type { Entry } from '../store/store.ts';
import { markColumn } from './marks.ts';
import {
  averageBySeed,
  type Difference,
  pairedDifference,
  type SeedValue,
  summarise,
  summariseSeeds,
} from './statistics.ts';

/** What is known of a stage when a table is read. `stale`: its last entry was made under another key. */
export type Reading =
  | Readonly<{ state: 'measured' | 'stale'; entry: Entry }>
  | Readonly<{ state: 'missing' | 'failed' | 'running' }>;
export type Readings = ReadonlyMap<string, Reading>;

export type CellState = 'measured' | 'missing' | 'failed' | 'stale' | 'running';

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
  mark?: 'best' | 'second';
  paper?: number;
  /** the paper's row minus the paper's baseline row */
  paperDelta?: number;
  /** ids of the stages that the numbers come from, in the order of the seeds */
  stages: readonly string[];
}>;

export type TableColumn = Readonly<{
  label: string;
  /** absent in the average column */
  stage?: string;
  metric?: string;
  lowerIsBetter: boolean;
  decimals: number;
}>;

export type TableRow = Readonly<{
  name: string;
  baseline: boolean;
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
  baseline?: string;
  seeds: readonly number[];
  paper?: string;
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
export function makeTable(experiment: Experiment, spec: TableSpec, readings: Readings): Table {
  const byRow = shownRows(experiment, spec);
  const paper = paperOf(experiment, spec);
  const values = new Map<string, readonly TableCell[]>();
  for (const [row, cells] of byRow) values.set(row, readRow(row, cells, spec, readings, paper));

  const baseline = spec.baseline === undefined ? undefined : values.get(spec.baseline);
  const columns = describeColumns(spec, [...values.values()]);
  const withDeltas = [...values].map(([row, cells]) =>
    row === spec.baseline ? cells : cells.map((cell, column) => withDelta(cell, baseline?.[column])),
  );
  const marked = transpose(
    transpose(withDeltas).map((column, index) => markColumn(column, columns[index] as TableColumn)),
    withDeltas.length,
  );

  const trace = tracer(experiment.stages, readings);
  const rows = [...byRow].map(([name, cells], index) => {
    const { engines, commits } = trace.row(cells, spec.columns);
    return { name, baseline: name === spec.baseline, cells: marked[index] ?? [], engines, commits };
  });
  return {
    experiment: experiment.name,
    ...(spec.title === undefined ? {} : { title: spec.title }),
    columns,
    rows,
    ...(spec.baseline === undefined ? {} : { baseline: spec.baseline }),
    seeds: experiment.seeds,
    ...(paper === undefined ? {} : { paper: paper.source }),
    made: trace.total(),
  };
}

/** The rows of a table in the order in which it names them, else that of the experiment. */
function shownRows(experiment: Experiment, spec: TableSpec): ReadonlyMap<string, readonly Cell[]> {
  const byRow = groupCells(experiment.cells);
  const names = spec.rows ?? [...byRow.keys()];
  return new Map(names.flatMap((name) => (byRow.has(name) ? [[name, byRow.get(name) ?? []] as const] : [])));
}

/** The printed numbers that belong to this table: references with one of its columns; later ones add to earlier ones. */
function paperOf({ references = [] }: Experiment, { columns }: TableSpec): Reference | undefined {
  const labels = new Set(columns.map(({ label }) => label));
  const own = references.filter(({ rows }) =>
    Object.values(rows).some((row) => Object.keys(row).some((label) => labels.has(label))),
  );
  if (own.length === 0) return undefined;
  const rows: Record<string, Readonly<Record<string, number>>> = {};
  for (const reference of own) {
    for (const [row, numbers] of Object.entries(reference.rows)) rows[row] = { ...rows[row], ...numbers };
  }
  return { source: own.map(({ source }) => source).join('; '), rows };
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

function readRow(
  row: string,
  cells: readonly Cell[],
  spec: TableSpec,
  readings: Readings,
  reference: Reference | undefined,
): readonly TableCell[] {
  const paper = reference?.rows[row];
  const paperBaseline = spec.baseline === undefined ? undefined : reference?.rows[spec.baseline];
  const read = spec.columns.map((column) => {
    const cell = readCell(cells, column, readings);
    return withPaper(cell, paper?.[column.label], row === spec.baseline ? undefined : paperBaseline?.[column.label]);
  });
  return spec.average === undefined ? read : [...read, averageCell(read, spec.columns)];
}

function readCell(cells: readonly Cell[], column: Column, readings: Readings): TableCell {
  const states: CellState[] = [];
  const values: SeedValue[] = [];
  const stages: string[] = [];
  for (const cell of cells) {
    const id = cell.stages[column.stage];
    if (id === undefined) {
      states.push('missing');
      continue;
    }
    stages.push(id);
    const reading = readings.get(id) ?? { state: 'missing' };
    const value = 'entry' in reading ? reading.entry.metrics[column.metric] : undefined;
    states.push('entry' in reading && value === undefined ? 'missing' : reading.state);
    if (value !== undefined)
      values.push({ ...(cell.seed === undefined ? {} : { seed: cell.seed }), value, source: id });
  }
  const of = new Set(stages).size + states.length - stages.length;
  return { ...measured(values, of), state: worst(states), stages: [...new Set(stages)] };
}

function measured(values: readonly SeedValue[], of: number): Omit<TableCell, 'state' | 'stages'> {
  return { values, n: 0, of, ...summariseSeeds(values) };
}

/** One word for a cell of several seeds: what a reader must know first. */
function worst(states: readonly CellState[]): CellState {
  const order: readonly CellState[] = ['failed', 'running', 'stale', 'missing'];
  return order.find((state) => states.includes(state)) ?? (states.length === 0 ? 'missing' : 'measured');
}

function withPaper(cell: TableCell, paper: number | undefined, baseline: number | undefined): TableCell {
  if (paper === undefined) return cell;
  return baseline === undefined ? { ...cell, paper } : { ...cell, paper, paperDelta: paper - baseline };
}

/** The mean over the columns where more is better; others would cancel what they measure. */
function averageCell(cells: readonly TableCell[], columns: readonly Column[]): TableCell {
  const used = cells.filter((_, index) => columns[index]?.lowerIsBetter !== true);
  const values = averageBySeed(used.map((cell) => cell.values));
  const of = Math.max(0, ...used.map((cell) => cell.of));
  const base: TableCell = { ...measured(values, of), state: worst(used.map((cell) => cell.state)), stages: [] };
  const papers = used.flatMap((cell) => (cell.paper === undefined ? [] : [cell.paper]));
  const deltas = used.flatMap((cell) => (cell.paperDelta === undefined ? [] : [cell.paperDelta]));
  const paper = used.length > 0 && papers.length === used.length ? summarise(papers)?.mean : undefined;
  const paperDelta = used.length > 0 && deltas.length === used.length ? summarise(deltas)?.mean : undefined;
  return {
    ...base,
    ...(paper === undefined ? {} : { paper }),
    ...(paperDelta === undefined ? {} : { paperDelta }),
  };
}

/** Outdated numbers are compared with nothing. */
function withDelta(cell: TableCell, baseline: TableCell | undefined): TableCell {
  if (baseline === undefined || cell.state === 'stale' || baseline.state === 'stale') return cell;
  const delta = pairedDifference(cell.values, baseline.values);
  return delta === undefined ? cell : { ...cell, delta };
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

function transpose(rows: readonly (readonly TableCell[])[], width = rows[0]?.length ?? 0): readonly TableCell[][] {
  return Array.from({ length: width }, (_, column) => rows.map((row) => row[column] as TableCell));
}

/** Walks from cells up to the roots and collects how the numbers were made. */
function tracer(stages: readonly StageSpec[], readings: Readings) {
  const specs = new Map(stages.map((stage) => [stage.id, stage]));
  const everything = new Set<string>();
  const collect = (start: readonly string[]): ReadonlySet<string> => {
    const seen = new Set<string>();
    const open = [...start];
    for (let id = open.pop(); id !== undefined; id = open.pop()) {
      if (seen.has(id)) continue;
      seen.add(id);
      everything.add(id);
      for (const ref of Object.values(specs.get(id)?.inputs ?? {})) open.push(ref.stage);
    }
    return seen;
  };
  const entriesOf = (ids: Iterable<string>) =>
    [...ids].flatMap((id) => {
      const reading = readings.get(id);
      return reading !== undefined && 'entry' in reading ? [reading] : [];
    });
  return {
    row: (cells: readonly Cell[], columns: readonly Column[]) =>
      howMade(
        entriesOf(collect(cells.flatMap((cell) => columns.flatMap((column) => cell.stages[column.stage] ?? [])))).map(
          (reading) => reading.entry,
        ),
      ),
    total: () => {
      const found = entriesOf(everything);
      const fresh = found.filter((reading) => reading.state === 'measured').map((reading) => reading.entry);
      const distinct = [...new Map(fresh.map((entry) => [entry.key, entry])).values()];
      return {
        stages: everything.size,
        measured: fresh.length,
        seconds: distinct.reduce((sum, entry) => sum + entry.provenance.seconds, 0),
        ...howMade(fresh),
      };
    },
  };
}

function howMade(entries: readonly Entry[]): Readonly<{ engines: readonly string[]; commits: readonly string[] }> {
  const engines = new Set(entries.map((entry) => entry.provenance.engine));
  engines.delete('none');
  const commits = new Set(entries.flatMap((entry) => entry.provenance.commit ?? []));
  return { engines: [...engines].sort(), commits: [...commits].sort() };
}
