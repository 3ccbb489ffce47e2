import type { Experiment, FigureSpec } from '../../spec/experiment.ts';
import { meanInterval, type SeedValue, type Summary } from '../statistics.ts';
import { type CellState, makeTable, type Readings, type Table, type TableCell } from '../table.ts';
import { notesOfFigure } from './notes.ts';

/** A mean as it is drawn: a bar, a point of a line, a level. */
export type FigurePoint = Readonly<{
  /** the column, where each has a panel of its own; else empty */
  panel: string;
  /** what has one colour; empty where all is one */
  series: string;
  /** the group of a bar, or the number along `x`; absent of a level */
  at?: string | number;
  row: string;
  column: string;
  state: CellState;
  /** the mean over seeds, or the mean difference to the baseline; absent where nothing is measured */
  value?: number;
  /** ends of the spread */
  low?: number;
  high?: number;
  sd?: number;
  n: number;
  of: number;
  /** the numbers behind the mean, one a seed */
  values: readonly SeedValue[];
  /** the paper's */
  paper?: number;
}>;

/** Everything that a figure shows; every format is made from this and nothing else. */
export type Figure = Readonly<{
  experiment: string;
  name: string;
  title?: string;
  mark: FigureSpec['mark'];
  /** differences to a baseline are drawn, not the values */
  difference: boolean;
  spread: FigureSpec['spread'];
  panels: readonly string[];
  series: readonly string[];
  /** of bars, in order */
  groups: readonly string[];
  x?: Readonly<{ label: string; log: boolean }>;
  y: Readonly<{ label: string; unit?: string }>;
  decimals: number;
  points: readonly FigurePoint[];
  levels: readonly FigurePoint[];
  notes: readonly string[];
}>;

/** Reads a figure of an experiment off what its stages left, through the same table that prints the numbers. */
export function makeFigure(experiment: Experiment, spec: FigureSpec, readings: Readings): Figure {
  const table = makeTable(experiment, spec.table, readings);
  const difference = spec.table.baseline !== undefined || spec.table.baselines !== undefined;
  const places = placesOf(spec);
  const points = places.flatMap((place) => pointOf(place, table, spec, difference) ?? []);
  const panels = distinct(places.map(({ panel }) => panel));
  const levels = spec.levels.flatMap((row) =>
    spec.show.flatMap(
      (column) =>
        pointOf({ panel: panels.length > 1 ? column : '', series: row, row, column }, table, spec, difference) ?? [],
    ),
  );
  const shown = table.columns.filter(({ label }) => spec.show.includes(label));
  const label = spec.y.label ?? (shown.length === 1 ? (shown[0]?.label ?? '') : '');
  return {
    experiment: experiment.name,
    name: spec.name,
    ...(spec.title === undefined ? {} : { title: spec.title }),
    mark: spec.mark,
    difference,
    spread: spec.spread,
    panels,
    series: distinct(places.map(({ series }) => series)),
    groups: spec.mark === 'bars' ? distinct(places.map(({ at }) => String(at))) : [],
    ...(spec.x === undefined ? {} : { x: { label: spec.x.label, log: spec.x.log } }),
    y: { ...spec.y, label: axisText(label, table, difference) },
    decimals: Math.max(1, ...shown.map(({ decimals }) => decimals)),
    points,
    levels,
    notes: notesOfFigure([...points, ...levels], table, { ...spec, difference }),
  };
}

function axisText(label: string, { baseline }: Table, difference: boolean): string {
  if (!difference) return label;
  const against = `difference to ${baseline ?? 'the baseline'}`;
  return label === '' ? against : `${label}, ${against}`;
}

type Place = Pick<FigurePoint, 'panel' | 'series' | 'at' | 'row' | 'column'>;

/** Where each row and column is drawn. */
function placesOf({ mark, series, rows, show }: FigureSpec): readonly Place[] {
  const panel = (column: string) => (show.length > 1 ? column : '');
  if (series !== undefined)
    return show.flatMap((column) =>
      series.flatMap(({ name, points }) =>
        points.map(({ row, at }) => ({ panel: panel(column), series: name, at, row, column })),
      ),
    );
  if (mark === 'lines') return [];
  if (show.length > 1)
    return show.flatMap((column) => rows.map((row) => ({ panel: '', series: row, at: column, row, column })));
  return show.flatMap((column) => rows.map((row) => ({ panel: '', series: '', at: row, row, column })));
}

function pointOf(place: Place, table: Table, spec: FigureSpec, difference: boolean): FigurePoint | undefined {
  const at = table.columns.findIndex(({ label }) => label === place.column);
  const cell = table.rows.find(({ name }) => name === place.row)?.cells[at];
  if (cell === undefined) return undefined;
  const summary = difference ? cell.delta : summaryOf(cell);
  const paper = difference ? cell.paperDelta : cell.paper;
  return {
    ...place,
    state: cell.state,
    ...(summary === undefined ? {} : { value: summary.mean, ...endsOf(summary, spec.spread) }),
    ...(summary?.sd === undefined ? {} : { sd: summary.sd }),
    n: summary?.n ?? 0,
    of: cell.of,
    values: cell.values,
    ...(spec.paper && paper !== undefined ? { paper } : {}),
  };
}

function summaryOf({ mean, sd, n }: TableCell): Summary | undefined {
  if (mean === undefined) return undefined;
  return sd === undefined ? { mean, n } : { mean, sd, n };
}

function endsOf(summary: Summary, spread: FigureSpec['spread']): Readonly<{ low?: number; high?: number }> {
  const { mean, sd } = summary;
  if (spread === 'none' || sd === undefined) return {};
  if (spread === 'sd') return { low: mean - sd, high: mean + sd };
  const interval = meanInterval(summary);
  return interval === undefined ? {} : { low: interval.low, high: interval.high };
}

function distinct(names: readonly string[]): readonly string[] {
  return [...new Set(names)];
}

/** Every mark stands for itself: no series has a colour of its own. */
export function isPlain({ series }: Pick<Figure, 'series'>): boolean {
  return series.length === 1 && series[0] === '';
}
