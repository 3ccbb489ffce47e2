import type { Experiment } from '../spec/experiment.ts';
import { differingParameters, type ParameterDifference } from './parameters.ts';
import { duel, type QuestionDuel, type QuestionResults } from './questions.ts';
import { type Difference, pairedDifference } from './statistics.ts';
import type { Table, TableCell, TableColumn } from './table.ts';

/** An experiment as it stands: its tables, and the questions behind their numbers. */
export type Standing = Readonly<{ experiment: Experiment; tables: readonly Table[]; questions: QuestionResults }>;
export type Side = Standing & Readonly<{ row: string }>;

export type ComparedColumn = Readonly<{
  label: string;
  left?: number;
  right?: number;
  /** sides whose number was measured before its stages changed: they are not compared */
  stale?: readonly ('left' | 'right')[];
  /** right minus left, paired by seed */
  difference?: Difference;
  /** question by question, where both sides' numbers come from questions */
  questions?: QuestionDuel;
  decimals: number;
  lowerIsBetter: boolean;
}>;

export type Comparison = Readonly<{
  left: string;
  right: string;
  parameters: readonly ParameterDifference[];
  metrics: readonly ComparedColumn[];
}>;

/** What two rows differ in, then what came of it in every column that both have. */
export function compareRows(left: Side, right: Side): Comparison {
  const theirs = new Map(columnsOf(right).map((one) => [one.column.label, one]));
  const pairs = columnsOf(left).flatMap((ours) => {
    const other = theirs.get(ours.column.label);
    return other === undefined ? [] : [{ ours, other }];
  });
  const asked = (side: Side, columns: readonly TableColumn[]) => ({
    experiment: side.experiment,
    row: side.row,
    measured: columns.flatMap(({ stage }) => stage ?? []),
  });
  return {
    left: left.row,
    right: right.row,
    parameters: differingParameters(
      asked(
        left,
        pairs.map(({ ours }) => ours.column),
      ),
      asked(
        right,
        pairs.map(({ other }) => other.column),
      ),
    ),
    metrics: pairs.map(({ ours, other }) => compareCells(ours, other, left.questions, right.questions)),
  };
}

/** Two experiments row by row. */
export type FileComparison = Readonly<{
  left: string;
  right: string;
  /** what every row differs in */
  parameters: readonly ParameterDifference[];
  /** rows of the same name; their parameters are those that not all rows differ in */
  rows: readonly Comparison[];
  onlyLeft: readonly string[];
  onlyRight: readonly string[];
}>;

export function compareExperiments(left: Standing, right: Standing): FileComparison {
  const [ours, theirs] = [rowsOf(left), rowsOf(right)];
  const rows = ours
    .filter((row) => theirs.includes(row))
    .map((row) => compareRows({ ...left, row }, { ...right, row }));
  const texts = rows.map(({ parameters }) => new Set(parameters.map((one) => JSON.stringify(one))));
  const everywhere = (one: ParameterDifference) => texts.every((set) => set.has(JSON.stringify(one)));
  return {
    left: left.experiment.file,
    right: right.experiment.file,
    parameters: rows[0]?.parameters.filter(everywhere) ?? [],
    rows: rows.map((row) => ({ ...row, parameters: row.parameters.filter((one) => !everywhere(one)) })),
    onlyLeft: ours.filter((row) => !theirs.includes(row)),
    onlyRight: theirs.filter((row) => !ours.includes(row)),
  };
}

/** The rows that tables show. */
export function rowsOf({ tables }: Standing): readonly string[] {
  return [...new Set(tables.flatMap((table) => table.rows.map(({ name }) => name)))];
}

type Shown = Readonly<{ column: TableColumn; cell: TableCell }>;

/** The cells of a row in all tables that show it; of columns with one label the first. */
function columnsOf({ tables, row }: Side): readonly Shown[] {
  const found = new Map<string, Shown>();
  for (const { rows, columns } of tables) {
    for (const [at, cell] of rows.find(({ name }) => name === row)?.cells.entries() ?? []) {
      const column = columns[at];
      if (column !== undefined && !found.has(column.label)) found.set(column.label, { column, cell });
    }
  }
  return [...found.values()];
}

function compareCells(left: Shown, right: Shown, ours: QuestionResults, theirs: QuestionResults): ComparedColumn {
  const stale = (['left', 'right'] as const).filter((side) => (side === 'left' ? left : right).cell.state === 'stale');
  const fresh = stale.length === 0;
  const difference = fresh ? pairedDifference(right.cell.values, left.cell.values) : undefined;
  const questions = fresh ? duel(sharedSeeds(left.cell, right.cell, ours, theirs)) : undefined;
  return {
    label: left.column.label,
    ...(left.cell.mean === undefined ? {} : { left: left.cell.mean }),
    ...(right.cell.mean === undefined ? {} : { right: right.cell.mean }),
    ...(fresh ? {} : { stale }),
    ...(difference === undefined ? {} : { difference }),
    ...(questions === undefined ? {} : { questions }),
    decimals: Math.max(left.column.decimals, right.column.decimals),
    lowerIsBetter: left.column.lowerIsBetter,
  };
}

/** The questions of both sides for every seed that both have; seeds that share both measurements count once. */
function sharedSeeds(left: TableCell, right: TableCell, ours: QuestionResults, theirs: QuestionResults) {
  const pairs = left.values.flatMap(({ seed, source }) => {
    const other = right.values.find((value) => value.seed === seed);
    const [a, b] = [ours.get(source), theirs.get(other?.source ?? '')];
    return a === undefined || b === undefined ? [] : [[`${source}\n${other?.source}`, [a, b] as const] as const];
  });
  return [...new Map(pairs).values()];
}
