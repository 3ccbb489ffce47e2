import { paint, type Style } from '../report/style.ts';
import { padLeft, widthOf } from '../report/width.ts';
import { shortNumber } from './words.ts';

type Point = readonly [x: number, y: number];

/** Bits of a braille character by dot: [row][column]. */
const dots = [
  [0x01, 0x08],
  [0x02, 0x10],
  [0x04, 0x20],
  [0x40, 0x80],
] as const;

/**
 * A curve in braille dots, two by four a character, with the range of both axes; exactly `rows` lines of at most
 * `columns` columns. Where several points fall into one column of dots, a line joins their least and greatest.
 */
export function plotLines(
  points: readonly Point[],
  { columns, rows }: Readonly<{ columns: number; rows: number }>,
  style: Style,
): readonly string[] {
  const finite = points.filter(([x, y]) => Number.isFinite(x) && Number.isFinite(y));
  const ys = extent(finite.map(([, y]) => y));
  const xs = extent(finite.map(([x]) => x));
  if (ys === undefined || xs === undefined || rows < 3) return [];
  const labels = [shortNumber(ys[1]), shortNumber(ys[0])];
  const margin = Math.max(...labels.map(widthOf));
  const width = columns - margin - 2;
  if (width < 4) return [];
  const height = rows - 1;
  const lines = brailleLines(finite, xs, ys, width, height);
  const drawn = lines.map((line, at) => {
    const label = at === 0 ? labels[0] : at === height - 1 ? labels[1] : '';
    return `${paint(style, 'dim', `${padLeft(label ?? '', margin)} │`)}${paint(style, 'accent', line)}`;
  });
  const [left, right] = [shortNumber(xs[0]), shortNumber(xs[1])];
  const axis = `${' '.repeat(margin + 2)}${left}${padLeft(right, Math.max(1, width - widthOf(left)))}`;
  return [...drawn, paint(style, 'dim', axis)];
}

function extent(values: readonly number[]): readonly [low: number, high: number] | undefined {
  if (values.length === 0) return undefined;
  // not spread into Math.min: a long run has more points than a call takes arguments
  return values.reduce<readonly [number, number]>(
    ([low, high], value) => [Math.min(low, value), Math.max(high, value)],
    [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY],
  );
}

function brailleLines(
  points: readonly Point[],
  [left, right]: readonly [number, number],
  [low, high]: readonly [number, number],
  width: number,
  height: number,
): readonly string[] {
  const cells = Array.from({ length: height }, () => new Array<number>(width).fill(0));
  const across = (x: number) => Math.round(right === left ? 0 : ((x - left) / (right - left)) * (width * 2 - 1));
  const down = (y: number) => Math.round(high === low ? height * 2 : ((high - y) / (high - low)) * (height * 4 - 1));
  const set = (x: number, y: number) => {
    const row = cells[y >> 2];
    if (row !== undefined) row[x >> 1] = (row[x >> 1] ?? 0) | (dots[y & 3]?.[x & 1] ?? 0);
  };
  let before: readonly [number, number] | undefined;
  for (const [x, y] of points) {
    const at = [across(x), down(y)] as const;
    joined(before ?? at, at, set);
    before = at;
  }
  return cells.map((row) => row.map((bits) => String.fromCharCode(0x2800 + bits)).join(''));
}

/** Every dot between two, at most one a row and one a column. */
function joined(from: readonly [number, number], to: readonly [number, number], set: (x: number, y: number) => void) {
  const steps = Math.max(Math.abs(to[0] - from[0]), Math.abs(to[1] - from[1]), 1);
  for (let step = 0; step <= steps; step++) {
    const share = step / steps;
    set(Math.round(from[0] + (to[0] - from[0]) * share), Math.round(from[1] + (to[1] - from[1]) * share));
  }
}
