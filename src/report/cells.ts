import { fixed, signed } from './statistics.ts';
import { duration, type Tone } from './style.ts';
import type { Table, TableCell, TableColumn, TableRow } from './table.ts';

/** A piece of a printed cell. */
export type Piece = Readonly<{ text: string; tone?: Tone }>;

/** The five numbers of a cell as text; an absent one is empty. */
export type Pieces = Readonly<{ value: Piece; mark: Piece; sd: Piece; delta: Piece; paper: Piece; paperDelta: Piece }>;

const empty: Piece = { text: '' };

export function piecesOf(cell: TableCell, column: TableColumn): Pieces {
  const { decimals } = column;
  return {
    value: valuePiece(cell, decimals),
    mark: { text: marksOf(cell), tone: 'dim' },
    sd: cell.sd === undefined ? empty : { text: `±${fixed(cell.sd, decimals)}`, tone: 'dim' },
    delta: deltaPiece(cell, column),
    paper: cell.paper === undefined ? empty : { text: fixed(cell.paper, decimals), tone: 'dim' },
    paperDelta: cell.paperDelta === undefined ? empty : { text: signed(cell.paperDelta, decimals), tone: 'dim' },
  };
}

function valuePiece(cell: TableCell, decimals: number): Piece {
  if (cell.mean === undefined) {
    if (cell.state === 'failed') return { text: 'fail', tone: 'bad' };
    if (cell.state === 'running') return { text: 'run…', tone: 'accent' };
    return { text: '–', tone: 'dim' };
  }
  const text = fixed(cell.mean, decimals);
  if (cell.state === 'stale') return { text, tone: 'dim' };
  if (cell.mark === undefined) return { text };
  return { text, tone: cell.mark === 'best' ? 'bold' : 'underline' };
}

/** Signs behind a number: nothing is told by weight or colour alone. */
export function marksOf(cell: TableCell): string {
  const rank = cell.mark === 'best' ? '*' : cell.mark === 'second' ? "'" : '';
  if (cell.mean === undefined) return '';
  if (cell.state === 'stale') return `${rank}~`;
  return cell.n < cell.of ? `${rank}!` : rank;
}

/** Coloured only when the difference is larger than its own spread over the seeds. */
function deltaPiece(cell: TableCell, column: TableColumn): Piece {
  if (cell.delta === undefined) return empty;
  const { mean, sd } = cell.delta;
  const text = signed(mean, column.decimals);
  if (Number(text) === 0 || Math.abs(mean) <= (sd ?? 0)) return { text, tone: 'dim' };
  return { text, tone: mean > 0 === !column.lowerIsBetter ? 'good' : 'bad' };
}

/** Daggers behind the name of a row whose stages ran on several engines (†) or at several commits (‡). */
export function flagsOf(row: TableRow): string {
  return `${row.engines.length > 1 ? '†' : ''}${row.commits.length > 1 ? '‡' : ''}`;
}

/** What the marks of this table mean and how it was made, one fact a line; best and second by sign or by bold and underline. */
export function notesOf(table: Table, marks: 'signs' | 'weight'): readonly string[] {
  const cells = table.rows.flatMap((row) => row.cells);
  const has = (test: (cell: TableCell) => boolean) => cells.some(test);
  const facts: string[] = [];
  const reading: string[] = [];
  if (has((cell) => cell.sd !== undefined)) {
    reading.push(`mean ± sd over the seeds ${table.seeds.join(', ')}`);
  }
  if (table.baseline !== undefined && has((cell) => cell.delta !== undefined)) {
    reading.push(`Δ against ${table.baseline}${table.seeds.length > 1 ? ', paired by seed' : ''}`);
  }
  if (has((cell) => cell.mark === 'best')) reading.push(marks === 'signs' ? '* best' : 'bold: best');
  if (has((cell) => cell.mark === 'second')) reading.push(marks === 'signs' ? "' second" : 'underlined: second');
  const lower = table.columns.filter((column) => column.lowerIsBetter).map((column) => column.label);
  if (lower.length > 0) reading.push(`lower is better: ${lower.join(', ')}`);
  if (reading.length > 0) facts.push(reading.join(' · '));
  if (table.paper !== undefined && has((cell) => cell.paper !== undefined)) facts.push(`paper: ${table.paper}`);
  if (has((cell) => marksOf(cell).includes('~'))) facts.push('~ stale: measured before its stages changed');
  if (has((cell) => marksOf(cell).includes('!'))) facts.push('! some of its seeds are not measured');
  if (has((cell) => cell.mean === undefined && cell.state === 'missing')) facts.push('– not measured yet');
  facts.push(...mixNotes(table));
  facts.push(madeNote(table));
  return facts;
}

function mixNotes(table: Table): readonly string[] {
  const { engines, commits } = table.made;
  const flagged = (sign: string) => table.rows.some((row) => flagsOf(row).includes(sign));
  const notes: string[] = [];
  if (flagged('†')) notes.push('† stages of this row ran on several engines');
  if (engines.length > 1) notes.push(`this table mixes engines: ${engines.join('; ')}`);
  if (flagged('‡')) notes.push('‡ stages of this row ran at several commits');
  if (commits.length > 1) notes.push(`commits: ${commits.map((id) => id.slice(0, 9)).join(', ')}`);
  return notes;
}

function madeNote(table: Table): string {
  const { stages, measured, engines } = table.made;
  const engine = engines.length === 1 ? [engines[0] as string] : [];
  const count = measured === stages ? `${stages} stages` : `${measured} of ${stages} stages`;
  const time = measured === 0 ? [] : [`${duration(table.made.seconds)} of work`];
  return [...engine, count, ...time].join(' · ');
}
