import type { Histogram } from '../../labels/histogram.ts';
import { paint, type Style } from '../style.ts';
import { padLeft } from '../width.ts';
import { type Bar, barsOf, type Mark, ticksOf } from './bars.ts';

const EIGHTHS = [' ', '▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
const HEIGHT = 8;
const WIDEST_BAR = 3;
/** Columns before the first bar: `12.3 % ▕`. */
const GUTTER = 9;

/** A histogram as columns of eighths of a line over an axis, with marks beneath; bars below zero in another colour. */
export function columnPlot(
  histogram: Histogram,
  marks: readonly Mark[],
  { width, style }: Readonly<{ width: number; style: Style }>,
): readonly string[] {
  const room = Math.max(10, width - GUTTER);
  const bars = barsOf(histogram, marks, room);
  const across = Math.max(1, Math.min(WIDEST_BAR, Math.floor(room / bars.length)));
  const place = placer(bars, across);
  const ticks = ticksOf(bars, Math.floor((bars.length * across) / 5));
  const axis = put(
    '─'.repeat(bars.length * across),
    ticks.map((at) => ({ column: Math.min(place(at), bars.length * across - 1), text: '┴' })),
  );
  const numbers = ticks.map((at) => ({ column: place(at) - Math.floor(String(at).length / 2), text: String(at) }));
  const beneath = ' '.repeat(GUTTER);
  return [
    ...rowsOf(bars, across, style),
    paint(style, 'dim', beneath + axis),
    paint(
      style,
      'dim',
      put(
        beneath,
        numbers.map(({ column, text }) => ({ column: column + GUTTER, text })),
      ),
    ),
    ...marks.map(({ at, text }) => put(beneath, [markText(place(at) + GUTTER, text, width)])),
  ];
}

function rowsOf(bars: readonly Bar[], across: number, style: Style): readonly string[] {
  const highest = Math.max(...bars.map(({ share }) => share), 1e-9);
  return Array.from({ length: HEIGHT }, (_, row) => {
    const below = 8 * (HEIGHT - 1 - row);
    const cells = bars.map(({ share, to }) => {
      // what is there at all is seen
      const eighths = Math.ceil((share / highest) * HEIGHT * 8);
      const glyph = EIGHTHS[Math.min(8, Math.max(0, eighths - below))] as string;
      return glyph === ' ' ? glyph.repeat(across) : paint(style, to <= 0 ? 'warn' : 'accent', glyph.repeat(across));
    });
    const label = row === 0 ? `${highest.toFixed(1)} %` : '';
    return `${padLeft(label, GUTTER - 2)} ${paint(style, 'dim', '▕')}${cells.join('')}`.trimEnd();
  });
}

/** The column, counted from the first bar, at which a score lies. */
function placer(bars: readonly Bar[], across: number): (score: number) => number {
  const [first] = bars;
  if (first === undefined) throw new Error('a plot without bars');
  return (score) => Math.floor(((score - first.from) / (first.to - first.from)) * across + 1e-9);
}

type Piece = Readonly<{ column: number; text: string }>;

/** The text stands right of its arrow, or left where there is no room. */
function markText(column: number, text: string, width: number): Piece {
  const right = `▲ ${text}`;
  if (column + right.length <= width) return { column, text: right };
  return { column: Math.max(0, column - text.length - 1), text: `${text} ▲` };
}

/** Writes pieces into a line; one that would touch the piece before it is left out. */
function put(line: string, pieces: readonly Piece[]): string {
  const out = [...line];
  let free = 0;
  for (const { column, text } of pieces) {
    if (column < free) continue;
    while (out.length < column) out.push(' ');
    out.splice(column, text.length, ...text);
    free = column + text.length + (text.length > 1 ? 1 : 0);
  }
  return out.join('').trimEnd();
}
