import { csvLines, seedsText } from '../csv.ts';
import type { Figure } from './figure.ts';

/** One line for each mean that a figure draws, numbers unrounded; `values` holds the seeds as `1:55.2 2:54.8`. RFC 4180. */
export function formatFigureCsv({ x, points, levels }: Figure): string {
  const header = ['panel', 'series', x === undefined ? 'group' : 'x', 'row', 'column', 'state'];
  const numbers = ['value', 'low', 'high', 'sd', 'n', 'of', 'paper', 'values'];
  const lines = [...points, ...levels].map(({ panel, series, at, row, column, state, values, ...point }) => [
    ...[panel, series, at, row, column, state],
    ...[point.value, point.low, point.high, point.sd, point.n, point.of, point.paper],
    seedsText(values),
  ]);
  return csvLines([[...header, ...numbers], ...lines]);
}
