import { flagsOf, notesOf, type Pieces, piecesOf, shownRows } from './cells.ts';
import { type Fields, fitPanels, type Kind, type Layout, type Panel, slotSpace } from './layout.ts';
import { paint, type Style } from './style.ts';
import type { Table, TableColumn } from './table.ts';
import { padLeft, padRight, shorten, widthOf, wrap } from './width.ts';

/** `intervals`: also the 95 % interval of every difference. */
export type TerminalOptions = Readonly<{ width: number; style: Style; intervals?: boolean }>;

const labels: Readonly<Record<Kind, string>> = {
  value: '',
  sd: '  ± sd',
  se: '  ± se',
  delta: '  Δ',
  interval: '  Δ 95 %',
  paper: '  paper',
  paperDelta: '  paper Δ',
};

/** A table between three rules, as papers print it, and beneath it what its signs mean. No final newline. */
export function formatTerminal(table: Table, { width, style, intervals = false }: TerminalOptions): string {
  const pieces = shownRows(table).map((row) =>
    row.cells.map((cell, at) => {
      const all = piecesOf(cell, columnAt(table, at));
      return intervals ? all : { ...all, interval: { text: '' } };
    }),
  );
  const names = nameWidth(table, width);
  const panels = fitPanels(table, pieces, names, width).map((panel) => panelLines(table, pieces, panel, names, style));
  const rule = paint(style, 'dim', '─'.repeat(Math.max(...panels.flat().map(widthOf))));
  const title = table.title ?? table.experiment;
  return [
    ...wrap(title, width).map((line) => paint(style, 'bold', line)),
    ...panels.flatMap(([head = '', ...body]) => [rule, head, rule, ...body]),
    rule,
    ...notesOf(table, 'signs').flatMap((note) => noteLines(note, width, style)),
  ].join('\n');
}

function columnAt(table: Table, index: number): TableColumn {
  const column = table.columns[index];
  if (column === undefined) throw new Error(`a row has a cell ${index}, its table ${table.columns.length} columns`);
  return column;
}

/** Notes that a reader must not miss are not dimmed. */
function noteLines(note: string, width: number, style: Style): readonly string[] {
  const warning = /^[†¶~!]/u.test(note);
  return wrap(note, width, '  ').map((line) => paint(style, warning ? 'warn' : 'dim', line));
}

/** As wide as the longest name, up to a third of the window. */
function nameWidth(table: Table, window: number): number {
  const longest = shownRows(table).reduce(
    (most, row) => Math.max(most, widthOf(`${row.name} ${flagsOf(row)}`.trimEnd())),
    0,
  );
  return Math.max(widthOf(labels.paperDelta), Math.min(longest, Math.max(18, Math.floor(window / 3))));
}

/** The header and the lines of the rows, without rules. */
function panelLines(
  table: Table,
  pieces: readonly (readonly Pieces[])[],
  panel: Panel,
  names: number,
  style: Style,
): readonly string[] {
  const gap = ' '.repeat(panel.layout.gap);
  const heads = panel.fields.map(
    ({ head, headIndent, width }) => gap + padRight(padLeft(head, width - headIndent), width),
  );
  const rows = shownRows(table).flatMap((row, index) => {
    const name = `${row.name} ${flagsOf(row)}`.trimEnd();
    return rowLines(nameLines(name, names), pieces[index] ?? [], panel, names, style);
  });
  return [paint(style, 'bold', (' '.repeat(names) + heads.join('')).trimEnd()), ...rows];
}

/** Rows of a grid have long names that differ anywhere, so a name is broken rather than shortened. */
function nameLines(name: string, width: number): readonly string[] {
  return wrap(name, width, '  ').map((line) => shorten(line, width));
}

/** The lines of one row; a line that is empty in every column is not printed. */
function rowLines(
  [name = '', ...restOfName]: readonly string[],
  cells: readonly Pieces[],
  { layout, columns, fields }: Panel,
  names: number,
  style: Style,
): readonly string[] {
  const gap = ' '.repeat(layout.gap);
  return layout.lines.flatMap((kinds, line) => {
    const used = kinds.find((kind) => kind !== undefined && columns.some((at) => cells[at]?.[kind].text !== ''));
    if (line > 0 && used === undefined) return [];
    const label = line === 0 || used === undefined ? name : paint(style, 'dim', labels[used]);
    const printed = columns.map((at, index) => gap + cellText(cells[at], kinds, fields[index], style));
    return [(padRight(label, names) + printed.join('')).trimEnd(), ...(line === 0 ? restOfName : [])];
  });
}

function cellText(
  cell: Pieces | undefined,
  kinds: Layout['lines'][number],
  fields: Fields | undefined,
  style: Style,
): string {
  if (cell === undefined || fields === undefined) throw new Error('a row with fewer cells than its table has columns');
  const slots = fields.slots.map((width, index) => {
    const kind = kinds[index];
    const piece = kind === undefined ? { text: '' } : cell[kind];
    const mark = kind === 'value' ? cell.mark.text : kind === 'delta' ? cell.deltaMark.text : '';
    const room = index === 0 ? fields.mark : kind === 'delta' ? fields.deltaMark : 0;
    return (
      padLeft(paint(style, piece.tone, piece.text), slotSpace(width, index) - (index === 0 ? 0 : room)) +
      markText(mark, room, style)
    );
  });
  return padLeft(slots.join(''), fields.width);
}

function markText(mark: string, width: number, style: Style): string {
  return padRight(paint(style, 'dim', mark), width);
}
