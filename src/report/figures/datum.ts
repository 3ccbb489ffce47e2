import { fixed, signed } from '../statistics.ts';
import type { Figure, FigurePoint } from './figure.ts';
import { isPartial } from './notes.ts';

/** A point as marks read it. */
export type Datum = Readonly<{
  kind: 'point' | 'level';
  panel: string;
  series: string;
  at: string | number | null;
  value: number | null;
  low: number | null;
  high: number | null;
  paper: number | null;
  isStale: boolean;
  /** the number in words, with its spread */
  text: string;
  short: string;
}>;

export function datumOf(point: FigurePoint, kind: Datum['kind'], figure: Figure): Datum {
  const { panel, series, at = null, value = null, low = null, high = null, paper = null, state } = point;
  const isStale = state === 'stale';
  return {
    kind,
    panel,
    series,
    at,
    value,
    low,
    high,
    paper,
    isStale,
    text: numberText(point, figure),
    short: shortText(point, figure),
  };
}

/** `52.3 ±1.1`, `+1.9 [0.3, 3.5]`; with a sign where it is stale or lacks seeds. */
export function numberText(point: FigurePoint, figure: Figure): string {
  const { low, high, value } = point;
  const { decimals } = figure;
  const short = shortText(point, figure);
  if (value === undefined || low === undefined || high === undefined) return short;
  if (figure.spread === 'sd') return `${short} ±${fixed(value - low, decimals)}`;
  return `${short} [${fixed(low, decimals)}, ${fixed(high, decimals)}]`;
}

function shortText(point: FigurePoint, { decimals, difference }: Figure): string {
  const { value, state } = point;
  if (value === undefined) return state === 'measured' ? '' : '–';
  const number = difference ? signed(value, decimals) : fixed(value, decimals);
  return `${number}${state === 'stale' ? '~' : isPartial(point) ? '!' : ''}`;
}

/** From the least to the greatest of all that is drawn, with some air; with zero where bars begin there. */
export function domainOf(values: readonly Datum[], withZero: boolean): readonly [low: number, high: number] {
  const numbers = values
    .flatMap(({ value, low, high, paper }) => [value, low, high, paper])
    .filter((number) => number !== null);
  const [least, most] = [
    Math.min(...numbers, ...(withZero ? [0] : [])),
    Math.max(...numbers, ...(withZero ? [0] : [])),
  ];
  if (!Number.isFinite(least)) return [0, 1];
  const air = (most - least || Math.abs(most) || 1) * 0.06;
  return [withZero && least === 0 ? 0 : least - air, withZero && most === 0 ? 0 : most + air];
}

/** One plot: its size, and what is drawn in it. */
export type Plot = Readonly<{ width: number; height: number; layer: readonly object[] }>;

/** What stands above the axis of the numbers. */
export function axisTitle({ label, unit }: Figure['y']): string {
  if (unit === undefined) return label;
  return label === '' ? unit : `${label} (${unit})`;
}

/** A number along an axis: `0.001`, `240`. */
export function numberName(number: number): string {
  return String(Number(number.toPrecision(4)));
}
