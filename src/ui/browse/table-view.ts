import { type Pieces, piecesOf } from '../../report/cells.ts';
import { paint, type Style } from '../../report/style.ts';
import type { TableCell, TableColumn, TableRow } from '../../report/table.ts';
import { padLeft, padRight, shorten, widthOf } from '../../report/width.ts';
import { type Board, stateSign } from '../board.ts';
import type { Size } from '../screen.ts';
import { type Stages, workOf } from '../stages.ts';
import { windowOf } from './cursor.ts';
import { selected } from './lines.ts';
import { shownColumns, shownRows } from './shown.ts';
import type { Screen } from './state.ts';

type TableScreen = Extract<Screen, { at: 'table' }>;
/** What stands in a cell, in the order in which it stands there; all cells of a column are aligned piece by piece. */
type Slot = Readonly<{ text: string; tone?: Pieces['value']['tone'] }>;

/** The table with its names frozen: columns scroll so that the cursor's is in sight. */
export function tableLines(
  screen: TableScreen,
  board: Board,
  states: Stages,
  size: Size,
  style: Style,
): readonly string[] {
  const rows = shownRows(screen, board);
  const columns = shownColumns(screen, board);
  const [from, to] = windowOf(screen.cursor, rows.length, Math.max(1, size.rows - 2));
  const slots = rows
    .slice(from, to)
    .map(({ row, at }) => columns.map((column) => slotsOf(screen, board, row, at, column, states)));
  const names = nameWidth(board.table.rows, size.columns);
  const heads = columns.map((column) => headText(screen, board.table.columns[column], column));
  const widths = columns.map((_, at) => slotWidths(slots.map((row) => row[at] ?? [])));
  const totals = widths.map((all, at) => Math.max(widthOf(heads[at] ?? ''), spread(all)) + 3);
  const [first, last] = columnWindow(totals, screen.column, size.columns - names - 2);
  const seen = columns.slice(first, last).map((_, at) => first + at);
  const head = seen.map((at) => `${padLeft(heads[at] ?? '', (totals[at] ?? 0) - 1)} `).join('');
  if (rows.length === 0 && screen.search !== '') return ['  no row and no column has this in its name'];
  const more = `${first > 0 ? '◂ ' : ''}${last < columns.length ? `${columns.length - last} more ▸` : ''}`;
  return [
    paint(style, 'bold', `${padRight(shorten(more, names + 2), names + 2)}${head}`.trimEnd()),
    ...rows.slice(from, to).map(({ row }, at) => {
      const isCursor = from + at === screen.cursor;
      const name = `${isCursor ? '›' : ' '}${screen.marked.includes(row.name) ? '●' : ' '}${shorten(row.name, names)}`;
      const cells = seen.map((column) => {
        const isHere = isCursor && column === screen.column;
        return cellText(slots[at]?.[column] ?? [], widths[column] ?? [], totals[column] ?? 0, isHere, style);
      });
      return `${paint(style, isCursor ? 'bold' : undefined, padRight(name, names + 2))}${cells.join('')}`;
    }),
  ];
}

function nameWidth(rows: readonly TableRow[], window: number): number {
  const longest = rows.reduce((most, { name }) => Math.max(most, widthOf(name)), 0);
  return Math.min(longest, Math.max(14, Math.floor(window / 3)));
}

function headText({ sort }: TableScreen, column: TableColumn | undefined, at: number): string {
  const arrow = sort?.column !== at ? '' : sort.descending ? '▾' : '▴';
  return shorten(column?.label ?? '', 14) + arrow;
}

function slotsOf(
  { show }: TableScreen,
  board: Board,
  row: TableRow,
  at: number,
  column: number,
  states: Stages,
): readonly Slot[] {
  const cell = row.cells[column];
  const spec = board.table.columns[column];
  if (cell === undefined || spec === undefined) throw new Error(`row ${row.name} has no cell ${column}`);
  const pieces = piecesOf(cell, spec);
  const [value, mark] = valueSlots(cell, pieces, board.needs[at]?.[column] ?? [], states);
  return [
    value,
    mark,
    ...(show.spread ? [pieces.sd] : []),
    ...(show.delta ? [pieces.delta] : []),
    ...(show.paper ? [pieces.paper] : []),
    ...(show.paper && show.delta ? [pieces.paperDelta] : []),
  ];
}

/** The number and its signs; without a number, how far it is. */
function valueSlots(cell: TableCell, pieces: Pieces, needs: readonly string[], states: Stages): readonly [Slot, Slot] {
  const work = workOf(needs, states);
  const settled = work.state === 'cached' || work.state === 'made';
  if (cell.mean !== undefined) {
    // a stale number has its own sign already
    const sign = settled || work.state === 'queued' ? '' : stateSign(work.state);
    return [pieces.value, { text: `${pieces.mark.text}${sign}`, tone: 'dim' }];
  }
  if (settled) return [pieces.value, { text: '' }];
  const tone = work.state === 'failed' ? 'bad' : work.state === 'running' ? 'accent' : 'dim';
  return [{ text: stateSign(work.state), tone }, { text: '' }];
}

function slotWidths(cells: readonly (readonly Slot[])[]): readonly number[] {
  const count = Math.max(0, ...cells.map((cell) => cell.length));
  return Array.from({ length: count }, (_, slot) =>
    Math.max(0, ...cells.map((cell) => widthOf(cell[slot]?.text ?? ''))),
  );
}

/** The mark stands at its number; other pieces have a space before them. */
function spread(widths: readonly number[]): number {
  return widths.reduce((sum, width, at) => sum + (width === 0 ? 0 : width + (at > 1 ? 1 : 0)), 0);
}

/** The cell under the cursor stands in brackets, so that it is found without colour. */
function cellText(
  slots: readonly Slot[],
  widths: readonly number[],
  total: number,
  isHere: boolean,
  style: Style,
): string {
  const inner = isHere ? 'plain' : style;
  const text = widths
    .map((width, at) => {
      const slot = slots[at];
      const own = slot === undefined ? '' : paint(inner, slot.tone, slot.text);
      if (width === 0) return '';
      return at === 1 ? padRight(own, width) : padLeft(own, width + (at > 1 ? 1 : 0));
    })
    .join('');
  const padded = padLeft(text, total - 3);
  return isHere ? ` ${selected(`[${padded}]`, style)}` : `  ${padded} `;
}

/** As many columns as fit around the cursor's. */
function columnWindow(totals: readonly number[], cursor: number, room: number): readonly [from: number, to: number] {
  let [from, to, used] = [cursor, cursor + 1, totals[cursor] ?? 0];
  for (;;) {
    if (to < totals.length && used + (totals[to] ?? 0) <= room) used += totals[to++] ?? 0;
    else if (from > 0 && used + (totals[from - 1] ?? 0) <= room) used += totals[--from] ?? 0;
    else return [from, to];
  }
}
