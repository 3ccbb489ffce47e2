import { fixed, signed } from './statistics.ts';
import { duration, type Tone } from './style.ts';
import type { Table, TableCell, TableColumn, TableRow } from './table.ts';

/** A piece of a printed cell. */
export type Piece = Readonly<{ text: string; tone?: Tone }>;

/** The numbers of a cell as text; an absent one is empty. */
export type Pieces = Readonly<
  Record<'value' | 'mark' | 'sd' | 'se' | 'delta' | 'deltaMark' | 'interval' | 'paper' | 'paperDelta', Piece>
>;

const empty: Piece = { text: '' };

/** The rows of a printed table: ours, then those that only the paper has. */
export function shownRows({ rows, printed }: Table): readonly TableRow[] {
  return [...rows, ...printed];
}

export function piecesOf(cell: TableCell, column: TableColumn): Pieces {
  const { decimals } = column;
  const printed = cell.paper === undefined ? none(cell) : { text: fixed(cell.paper, decimals), tone: 'dim' as const };
  return {
    value: cell.state === 'printed' ? printed : valuePiece(cell, decimals),
    mark: { text: marksOf(cell), tone: 'dim' },
    sd: cell.sd === undefined ? empty : { text: `±${fixed(cell.sd, decimals)}`, tone: 'dim' },
    se: cell.questions === undefined ? empty : { text: `±${fixed(cell.questions.se, decimals)}`, tone: 'dim' },
    delta: deltaPiece(cell, column),
    deltaMark: cell.delta?.interval?.excludesZero === true ? { text: certain, tone: 'dim' } : empty,
    interval: { text: intervalText(cell.delta, decimals), tone: 'dim' },
    paper: cell.state === 'printed' ? empty : printed,
    paperDelta: cell.paperDelta === undefined ? empty : { text: signed(cell.paperDelta, decimals), tone: 'dim' },
  };
}

/** Where the paper prints no number: a dash, in a row that has only the paper's. */
function none({ state }: TableCell): Piece {
  return state === 'printed' ? { text: '–', tone: 'dim' } : empty;
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

/** Behind a difference whose 95 % interval excludes zero. */
export const certain = '§';

/** Coloured only where its interval excludes zero: one measurement, or a few that differ as much, decide nothing. */
function deltaPiece(cell: TableCell, column: TableColumn): Piece {
  if (cell.delta === undefined) return empty;
  const { mean, interval } = cell.delta;
  const text = signed(mean, column.decimals);
  if (interval?.excludesZero !== true) return { text, tone: 'dim' };
  return { text, tone: mean > 0 === !column.lowerIsBetter ? 'good' : 'bad' };
}

/** `[-0.4, 3.2]`; empty where there is no interval. */
export function intervalText(delta: TableCell['delta'], decimals: number): string {
  if (delta?.interval === undefined) return '';
  return `[${fixed(delta.interval.low, decimals)}, ${fixed(delta.interval.high, decimals)}]`;
}

/** Behind the name of a column whose numbers must not be compared. */
export function flagOfColumn(column: TableColumn): string {
  return column.incomparable === undefined ? '' : '¶';
}

/** Behind the name of a row: its stages ran on several engines (†) or at several commits (‡), or only the paper has it (°). */
export function flagsOf(row: TableRow): string {
  if (row.cells.every((cell) => cell.state === 'printed')) return '°';
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
  if (has((cell) => cell.delta !== undefined)) reading.push(...deltaNotes(table));
  if (has((cell) => cell.mark === 'best')) reading.push(marks === 'signs' ? '* best' : 'bold: best');
  if (has((cell) => cell.mark === 'second')) reading.push(marks === 'signs' ? "' second" : 'underlined: second');
  const lower = table.columns.filter((column) => column.lowerIsBetter).map((column) => column.label);
  if (lower.length > 0) reading.push(`lower is better: ${lower.join(', ')}`);
  if (reading.length > 0) facts.push(reading.join(' · '));
  if (table.paper !== undefined && (table.printed.length > 0 || has((cell) => cell.paper !== undefined)))
    facts.push(`paper: ${table.paper}${table.printed.length === 0 ? '' : '; ° its numbers only, not run here'}`);
  for (const { row, of, ours, paper, same } of table.agreement) {
    facts.push(`${row}: ${ours} of ${of} improve; paper: ${paper} of ${of}; the same sign in ${same}`);
  }
  facts.push(...pairNotes(table));
  if (has((cell) => marksOf(cell).includes('~')))
    facts.push(`~ stale: measured before its stages changed${costText(table.rerun)}`);
  if (has((cell) => marksOf(cell).includes('!'))) facts.push('! some of its seeds are not measured');
  if (has((cell) => cell.mean === undefined && cell.state === 'missing')) facts.push('– not measured yet');
  facts.push(...methodNotes(table));
  facts.push(...mixNotes(table));
  facts.push(madeNote(table));
  return facts;
}

/** What the differences are taken against, and what is certain of them. */
function deltaNotes(table: Table): readonly string[] {
  const deltas = table.rows.flatMap((row) => row.cells.flatMap((cell) => cell.delta ?? []));
  const single = (name: string | undefined) =>
    table.rows.find((row) => row.name === name)?.cells.every(({ n }) => n <= 1) === true;
  const paired = deltas.some(({ n }) => n > 1)
    ? single(table.baseline)
      ? ', one measurement'
      : ', paired by seed'
    : '';
  const against = `Δ against ${table.baseline ?? "each row's own baseline"}${paired}`;
  const intervals = deltas.flatMap(({ interval }) => interval ?? []);
  if (intervals.length === 0) return [against];
  if (intervals.some(({ excludesZero }) => excludesZero))
    return [against, `${certain} the 95 % interval of Δ (paired t test over seeds) excludes 0`];
  return [against, 'no 95 % interval of Δ (paired t test over seeds) excludes 0'];
}

/** One line on the differences of all pairs together, each with its interval and the paper's. */
function pairNotes({ columns }: Pick<Table, 'columns'>): readonly string[] {
  const told = columns.flatMap(({ label, decimals, pairs }) => {
    if (pairs === undefined) return [];
    const sign = pairs.interval?.excludesZero === true ? certain : '';
    const range = intervalText(pairs, decimals);
    const paper = pairs.paper === undefined ? '' : ` (paper ${signed(pairs.paper, decimals)})`;
    return [`${label} ${signed(pairs.mean, decimals)}${sign}${range === '' ? '' : ` ${range}`}${paper}`];
  });
  const count = Math.max(0, ...columns.map(({ pairs }) => pairs?.n ?? 0));
  return told.length === 0
    ? []
    : [`over ${count} pairs, with the 95 % interval of a t test over pairs: ${told.join(', ')}`];
}

/** What bringing stale cells up to date takes. */
export function costText(cost: Table['rerun']): string {
  if (cost === undefined) return '';
  const parts = cost.seconds > 0 ? [`about ${duration(cost.seconds)}`] : [];
  if (cost.unknown > 0) parts.push(`${cost.unknown} stage${cost.unknown === 1 ? '' : 's'} never timed here`);
  return parts.length === 0 ? '' : `; to run again: ${parts.join(' and ')}`;
}

/** One line for columns of one method. */
export function methodNotes({ columns }: Pick<Table, 'columns'>): readonly string[] {
  const byMethod = new Map<string, string[]>();
  for (const { label, method = [] } of columns) {
    for (const one of method) byMethod.set(one, [...(byMethod.get(one) ?? []), label]);
  }
  return [...byMethod].map(([method, labels]) => `${labels.join(', ')}: ${method}`);
}

function mixNotes(table: Table): readonly string[] {
  const { commits } = table.made;
  const flagged = (sign: string) => table.rows.some((row) => flagsOf(row).includes(sign));
  const notes = apartNotes(table);
  if (flagged('†')) notes.push('† stages of this row ran on several engines');
  if (flagged('‡')) notes.push('‡ stages of this row ran at several commits');
  if (commits.length > 1) notes.push(`commits: ${commits.map((id) => id.slice(0, 9)).join(', ')}`);
  return notes;
}

/** One line for columns that share their reasons. */
export function apartNotes({ columns }: Pick<Table, 'columns'>): string[] {
  const byReason = new Map<string, string[]>();
  for (const { label, incomparable } of columns) {
    const reasons = incomparable?.join('; ');
    if (reasons !== undefined) byReason.set(reasons, [...(byReason.get(reasons) ?? []), label]);
  }
  const measured = columns.filter(({ stage }) => stage !== undefined).length;
  return [...byReason].map(([reasons, labels]) => {
    const where = labels.length === measured && measured > 1 ? 'all columns' : labels.join(', ');
    return `¶ ${where}: not comparable: ${reasons}`;
  });
}

export function madeNote(table: Table): string {
  const { stages, measured, engines } = table.made;
  const engine = engines.length === 1 ? [engines[0] as string] : [];
  const count = measured === stages ? `${stages} stages` : `${measured} of ${stages} stages`;
  const time = measured === 0 ? [] : [`${duration(table.made.seconds)} of work`];
  return [...engine, count, ...time].join(' · ');
}
