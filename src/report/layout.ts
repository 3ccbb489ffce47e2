import { flagOfColumn, type Pieces } from './cells.ts';
import type { Table } from './table.ts';
import { shorten, widthOf } from './width.ts';

export type Kind = Exclude<keyof Pieces, 'mark' | 'deltaMark'>;

/**
 * Where the numbers of a cell stand: lines of slots; kinds in one slot are aligned beneath each other.
 * Nothing is ever left out. What has no room beside a number goes beneath it, first the differences, then
 * the spread; when even that is too wide, the columns are split into panels.
 */
export type Layout = Readonly<{ lines: readonly (readonly (Kind | undefined)[])[]; gap: number }>;

const beside: Layout = {
  lines: [
    ['value', 'sd', 'delta'],
    [undefined, 'se', 'interval'],
    ['paper', undefined, 'paperDelta'],
  ],
  gap: 3,
};
const stacked = [['value', 'sd'], [undefined, 'se'], ['delta'], ['interval'], ['paper'], ['paperDelta']] as const;
const narrow: Layout = {
  lines: [['value'], ['sd'], ['se'], ['delta'], ['interval'], ['paper'], ['paperDelta']],
  gap: 2,
};
const layouts: readonly Layout[] = [beside, { lines: stacked, gap: 3 }, { lines: stacked, gap: 2 }, narrow];

const longestHead = 14;

/** One printed column: its head, the columns right of the numbers that the head spares, and all widths. */
export type Fields = Readonly<{
  head: string;
  /** how far the head stays from the right edge */
  headIndent: number;
  slots: readonly number[];
  /** room for the mark behind the first slot */
  mark: number;
  /** room for the sign behind a difference that stands in another slot, part of that slot */
  deltaMark: number;
  width: number;
}>;

/** Columns that are printed side by side; a table that is too wide has several panels. */
export type Panel = Readonly<{ layout: Layout; columns: readonly number[]; fields: readonly Fields[] }>;

/** The roomiest layout that fits the window. `pieces`: [row][column]. */
export function fitPanels(
  table: Table,
  pieces: readonly (readonly Pieces[])[],
  nameWidth: number,
  window: number,
): readonly Panel[] {
  const all = table.columns.map((_, index) => index);
  for (const layout of layouts) {
    const fields = all.map((column) => measure(table, pieces, column, layout));
    if (spread(fields, layout, nameWidth) <= window) return [{ layout, columns: all, fields }];
  }
  const fields = all.map((column) => measure(table, pieces, column, narrow));
  const parts = chunks(fields, (part) => spread(part, narrow, nameWidth) <= window);
  return parts.map((columns) => ({ layout: narrow, columns, fields: columns.map((at) => fields[at] as Fields) }));
}

/** Column numbers in as few groups as fit, of nearly equal size where that fits too. */
function chunks(fields: readonly Fields[], fits: (part: readonly Fields[]) => boolean): readonly (readonly number[])[] {
  const greedy: number[][] = [];
  for (const column of fields.keys()) {
    const open = greedy[greedy.length - 1];
    if (open !== undefined && fits([...open, column].map((at) => fields[at] as Fields))) open.push(column);
    else greedy.push([column]);
  }
  const size = Math.ceil(fields.length / greedy.length);
  const even = greedy.map((_, part) => [...fields.keys()].slice(part * size, (part + 1) * size));
  return even.every((part) => part.length > 0 && fits(part.map((at) => fields[at] as Fields))) ? even : greedy;
}

function spread(fields: readonly Fields[], layout: Layout, nameWidth: number): number {
  return fields.reduce((sum, field) => sum + layout.gap + field.width, nameWidth);
}

function measure(table: Table, pieces: readonly (readonly Pieces[])[], column: number, layout: Layout): Fields {
  const widest = (kind: keyof Pieces) =>
    pieces.reduce((most, row) => Math.max(most, widthOf(row[column]?.[kind].text ?? '')), 0);
  const deltaMark = widest('deltaMark');
  const slotWidth = (kind: Kind | undefined, slot: number) =>
    kind === undefined ? 0 : widest(kind) + (kind === 'delta' && slot > 0 ? deltaMark : 0);
  const count = Math.max(...layout.lines.map((line) => line.length));
  const slots = Array.from({ length: count }, (_, slot) =>
    Math.max(0, ...layout.lines.map((line) => slotWidth(line[slot], slot))),
  );
  const below = layout.lines.some((line) => line[0] === 'delta');
  const mark = Math.max(widest('mark'), below ? deltaMark : 0);
  const block = slots.reduce((sum, slot, index) => sum + slotSpace(slot, index), mark);
  const spec = table.columns[column];
  const head = spec === undefined ? '' : `${shorten(spec.label, longestHead)}${flagOfColumn(spec)}`;
  const used = slots.filter((slot) => slot > 0).length;
  // one slot: the head ends where the numbers end; several: it is centred above them
  const headIndent = used <= 1 ? mark : Math.max(0, Math.ceil((block - widthOf(head)) / 2));
  return { head, headIndent, slots, mark, deltaMark, width: Math.max(widthOf(head) + (used <= 1 ? mark : 0), block) };
}

/** A slot with the space before it; an empty one takes none. */
export function slotSpace(width: number, index: number): number {
  return width === 0 ? 0 : width + (index === 0 ? 0 : 1);
}
