import type { Cell, Column, Reference } from '../spec/experiment.ts';
import { averageError, type QuestionResults, questionError } from './questions.ts';
import { averageBySeed, pairedDifference, type SeedValue, summarise, summariseSeeds } from './statistics.ts';
import type { CellState, Readings, TableCell } from './table.ts';

/** What cells are read from: what the stages left, and the questions behind numbers where they were read. */
export type Sources = Readonly<{ readings: Readings; questions: QuestionResults }>;

/** The paper's numbers of a row and of the row that its differences are taken against. */
export type Printed = Readonly<{ row?: Reference['rows'][string]; baseline?: Reference['rows'][string] }>;

/** The cells of a row, without what needs other rows. `cells`: one a seed. */
export function readRow(
  cells: readonly Cell[],
  { columns, average }: Readonly<{ columns: readonly Column[]; average?: string }>,
  sources: Sources,
  printed: Printed,
): readonly TableCell[] {
  const read = columns.map((column) =>
    withPaper(readCell(cells, column, sources), printed.row?.[column.label], printed.baseline?.[column.label]),
  );
  return average === undefined ? read : [...read, averageCell(read, columns)];
}

function readCell(cells: readonly Cell[], column: Column, { readings, questions }: Sources): TableCell {
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
  const distinct = [...new Map(values.map((value) => [value.source, value])).values()];
  const error = questionError(distinct.map(({ value, source }) => ({ value, questions: questions.get(source) ?? [] })));
  return {
    ...measured(values, of),
    state: worst(states),
    stages: [...new Set(stages)],
    ...(error === undefined ? {} : { questions: error }),
  };
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
  const whole = (numbers: readonly (number | undefined)[]) => {
    const known = numbers.filter((number) => number !== undefined);
    return known.length === used.length ? summarise(known)?.mean : undefined;
  };
  const paper = whole(used.map((cell) => cell.paper));
  const paperDelta = whole(used.map((cell) => cell.paperDelta));
  const error = averageError(used.map((cell) => cell.questions));
  return {
    ...base,
    ...(paper === undefined ? {} : { paper }),
    ...(paperDelta === undefined ? {} : { paperDelta }),
    ...(error === undefined ? {} : { questions: error }),
  };
}

/** Outdated numbers are compared with nothing. */
export function withDelta(cell: TableCell, baseline: TableCell | undefined): TableCell {
  if (baseline === undefined || cell.state === 'stale' || baseline.state === 'stale') return cell;
  const delta = pairedDifference(cell.values, baseline.values);
  return delta === undefined ? cell : { ...cell, delta };
}
