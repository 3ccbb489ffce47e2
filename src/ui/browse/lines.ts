import { paint, type Style, type Tone } from '../../report/style.ts';
import { padLeft, padRight, shorten, widthOf } from '../../report/width.ts';
import { windowOf } from './cursor.ts';

/** A column of a list; the last takes what room is left. */
export type Field = Readonly<{ text: string; tone?: Tone; right?: boolean }>;

/** What is selected, told by a sign and by weight. */
export function selected(line: string, style: Style): string {
  return style === 'plain' ? line : `\u001B[7m${line}\u001B[27m`;
}

/**
 * A list of which only the lines in the window are made: `fieldsOf` is called for those alone. Fields are cut to the
 * widths that `widths` gives.
 */
export function listLines(
  length: number,
  cursor: number,
  fieldsOf: (at: number) => readonly Field[],
  size: Readonly<{ columns: number; rows: number }>,
  style: Style,
): readonly string[] {
  const [from, to] = windowOf(cursor, length, size.rows);
  const rows = Array.from({ length: to - from }, (_, at) => fieldsOf(from + at));
  const count = rows[0]?.length ?? 0;
  const natural = Array.from({ length: count }, (_, field) =>
    rows.reduce((most, row) => Math.max(most, widthOf(row[field]?.text ?? '')), 0),
  );
  const widths = fitted(natural, size.columns - 2);
  return rows.map((row, at) => {
    const isCursor = from + at === cursor;
    const parts = row.map((field, index) => fieldText(field, widths[index] ?? 0, isCursor ? 'plain' : style));
    const line = `${isCursor ? '›' : ' '} ${parts.join('  ').trimEnd()}`;
    return isCursor ? selected(padRight(line, size.columns), style) : line;
  });
}

function fieldText({ text, tone, right }: Field, width: number, style: Style): string {
  const short = shorten(text, width);
  return paint(style, tone, right === true ? padLeft(short, width) : padRight(short, width));
}

/** The first field (a name) gives way down to a third of the line, then the last ones are cut. */
function fitted(natural: readonly number[], room: number): readonly number[] {
  const gaps = 2 * Math.max(0, natural.length - 1);
  const total = natural.reduce((sum, width) => sum + width, gaps);
  if (total <= room) return natural;
  const [name = 0, ...rest] = natural;
  const least = Math.min(name, Math.max(12, Math.floor(room / 3)));
  const first = Math.max(least, name - (total - room));
  let left = room - first;
  return [
    first,
    ...rest.map((width) => {
      const given = Math.max(0, Math.min(width, left - 2));
      left -= given + 2;
      return given;
    }),
  ];
}

/**
 * A text that scrolls, broken to the window already. The line of the cursor has a sign where there is more than a window,
 * or where it was `sought`.
 */
export function textLines(
  texts: readonly string[],
  cursor: number,
  size: Readonly<{ columns: number; rows: number }>,
  style: Style,
  sought: boolean,
): readonly string[] {
  const [from, to] = windowOf(cursor, texts.length, size.rows);
  const hasSign = sought || texts.length > size.rows;
  return texts.slice(from, to).map((text, at) => {
    const isCursor = hasSign && from + at === cursor;
    return `${isCursor ? paint(style, 'accent', '›') : ' '} ${text}`;
  });
}
