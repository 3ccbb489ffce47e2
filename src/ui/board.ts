import { marksOf, piecesOf } from '../report/cells.ts';
import { paint, type Style, type Tone } from '../report/style.ts';
import type { Table, TableCell } from '../report/table.ts';
import { padLeft, padRight, shorten, widthOf } from '../report/width.ts';
import { type StageState, type Stages, type Work, workOf } from './stages.ts';

/** A table while its stages run; `needs`: [row][column] ids of all stages that a number comes from. */
export type Board = Readonly<{ table: Table; needs: readonly (readonly (readonly string[])[])[] }>;

type Sign = Readonly<{ sign: string; tone: Tone; words: string }>;

/** Every state has its sign: nothing is told by colour alone. */
const signs: Readonly<Record<Exclude<StageState, 'made'>, Sign>> = {
  queued: { sign: '·', tone: 'dim', words: 'queued' },
  running: { sign: '▸', tone: 'accent', words: 'running (stages done/to do)' },
  waits: { sign: '◦', tone: 'accent', words: 'made elsewhere' },
  cached: { sign: '=', tone: 'dim', words: 'cached' },
  failed: { sign: '✗', tone: 'bad', words: 'failed' },
  blocked: { sign: '⊘', tone: 'warn', words: 'blocked by a failure' },
};

/** `▸`, `✗`, ...; nothing behind a number that is there. */
export function stateSign(state: StageState): string {
  return state === 'made' || state === 'cached' ? '' : signs[state].sign;
}

type Shown = Readonly<{ text: string; tone?: Tone | undefined; state: StageState; stale: boolean }>;

/** Whether every number of a board is there or cannot come. */
export function isOver(board: Board, stages: Stages): boolean {
  const open: readonly StageState[] = ['queued', 'running', 'waits'];
  return board.needs.every((row) => row.every((ids) => !open.includes(workOf(ids, stages).state)));
}

/** The table as it fills, in at most `rows` lines and `columns` columns; nothing where not even one row fits. */
export function boardLines(
  board: Board,
  stages: Stages,
  size: Readonly<{ columns: number; rows: number }>,
  style: Style,
): readonly string[] {
  if (size.rows < 4 || board.table.columns.length === 0) return [];
  const cells = board.table.rows.map((row, at) =>
    row.cells.map((cell, column) => shownCell(board, cell, at, column, stages)),
  );
  const [from, to] = rowWindow(cells, size.rows - 2);
  const shown = cells.slice(from, to);
  const names = board.table.rows.slice(from, to).map((row) => row.name);
  const fit = fitColumns(board.table, cells, Math.max(...names.map(widthOf)), size.columns);
  const heads = fit.columns.map((at) => padLeft(headOf(board.table, at, fit.width), fit.width + fit.gap));
  const lines = shown.map((row, at) => {
    const name = padRight(shorten(names[at] ?? '', fit.names), fit.names);
    const texts = fit.columns.map((column) => padLeft(cellText(row[column], style), fit.width + fit.gap));
    return `${name}${texts.join('')}`;
  });
  const notes = [
    ...legend(cells.flat()),
    ...(to - from < cells.length ? [`${cells.length - (to - from)} more rows`] : []),
    ...(fit.columns.length < board.table.columns.length
      ? [`${board.table.columns.length - fit.columns.length} more columns`]
      : []),
  ];
  return [
    paint(style, 'bold', ' '.repeat(fit.names) + heads.join('')),
    ...lines,
    paint(style, 'dim', clip(notes, size.columns)),
  ];
}

function shownCell(board: Board, cell: TableCell, row: number, column: number, stages: Stages): Shown {
  const work = workOf(board.needs[row]?.[column] ?? [], stages);
  const spec = board.table.columns[column];
  if (spec === undefined) throw new Error(`cell ${column} of a table with ${board.table.columns.length} columns`);
  const value = piecesOf(cell, spec).value;
  const stale = cell.mean !== undefined && cell.state === 'stale';
  if (cell.mean === undefined) return { ...bare(work), stale };
  const mark = marksOf(cell).replace('!', '');
  const sign = work.state === 'made' ? '' : signs[work.state].sign;
  return { text: `${value.text}${mark}${sign}`, tone: value.tone, state: work.state, stale };
}

/** A cell without a number. */
function bare({ state, over, of }: Work): Omit<Shown, 'stale'> {
  if (state === 'made' || state === 'cached') return { text: '–', tone: 'dim', state };
  const { sign, tone } = signs[state];
  return { text: state === 'running' && of > 1 ? `${sign}${over}/${of}` : sign, tone, state };
}

function cellText(cell: Shown | undefined, style: Style): string {
  return cell === undefined ? '' : paint(style, cell.tone, cell.text);
}

/** Rows to show where not all have room: from a row above the first that is at work, else that is queued. */
function rowWindow(cells: readonly (readonly Shown[])[], room: number): readonly [from: number, to: number] {
  if (cells.length <= room) return [0, cells.length];
  const first = (state: StageState) => cells.findIndex((row) => row.some((cell) => cell.state === state));
  const found = [first('running'), first('queued'), cells.length].find((at) => at >= 0) ?? 0;
  const from = Math.max(0, Math.min(found - 1, cells.length - room));
  return [from, from + room];
}

type Fit = Readonly<{ names: number; width: number; gap: number; columns: readonly number[] }>;

/** Room is made by shorter gaps, then shorter names, then by leaving out columns in which nothing runs. */
function fitColumns(table: Table, cells: readonly (readonly Shown[])[], longest: number, window: number): Fit {
  const texts = Math.max(4, ...cells.flat().map(({ text }) => widthOf(text)));
  const width = Math.max(texts, Math.min(8, Math.max(...table.columns.map(({ label }) => widthOf(label)))));
  const all = table.columns.map((_, at) => at);
  const least = Math.min(longest, 14);
  for (const [gap, names, wide] of [
    [3, longest, width],
    [2, longest, width],
    [1, longest, texts],
    [1, least, texts],
  ] as const) {
    if (names + all.length * (wide + gap) <= window) return { names, width: wide, gap, columns: all };
  }
  const room = Math.max(1, Math.floor((window - least) / (texts + 1)));
  const isAtWork = (at: number) => cells.some((row) => row[at]?.state === 'running');
  const first = Math.max(0, all.findIndex(isAtWork));
  const from = Math.max(0, Math.min(first, all.length - room));
  return { names: least, width: texts, gap: 1, columns: all.slice(from, from + room) };
}

function headOf(table: Table, at: number, width: number): string {
  return shorten(table.columns[at]?.label ?? '', width);
}

/** What the signs that are on the screen mean. */
function legend(cells: readonly Shown[]): readonly string[] {
  const states = new Set(cells.map(({ state }) => state));
  const order = ['cached', 'running', 'waits', 'queued', 'failed', 'blocked'] as const;
  const used = order.filter((state) => states.has(state)).map((state) => `${signs[state].sign} ${signs[state].words}`);
  return [...used, ...(cells.some(({ stale }) => stale) ? ['~ stale'] : [])];
}

/** As many notes as fit a line. */
function clip(notes: readonly string[], columns: number): string {
  let line = '';
  for (const note of notes) {
    const longer = line === '' ? note : `${line}   ${note}`;
    if (widthOf(longer) > columns) break;
    line = longer;
  }
  return line;
}
