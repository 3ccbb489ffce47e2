import { certain, flagOfColumn, flagsOf, intervalText, marksOf, notesOf, shownRows } from './cells.ts';
import { fixed, signed } from './statistics.ts';
import type { Table, TableCell, TableColumn } from './table.ts';

/** `intervals`: also the 95 % interval of every difference. */
type Look = Readonly<{ intervals?: boolean }>;

/** A GitHub table: best bold, second underlined, the paper's numbers in a row of their own beneath ours. */
export function formatMarkdown(table: Table, look: Look = {}): string {
  const head = ['', ...table.columns.map((column) => escapeMarkdown(column.label) + flagOfColumn(column))];
  const rule = [':--', ...table.columns.map(() => '--:')];
  const rows = shownRows(table).flatMap((row) => {
    const name = `${escapeMarkdown(row.name)}${flagsOf(row) === '' ? '' : ` ${flagsOf(row)}`}`;
    const ours = [name, ...row.cells.map((cell, at) => ourText(cell, table.columns[at] as TableColumn, look))];
    if (row.cells.every((cell) => cell.paper === undefined || cell.state === 'printed')) return [ours];
    const theirs = row.cells.map((cell, at) => paperText(cell, table.columns[at] as TableColumn));
    return [ours, ['*paper*', ...theirs]];
  });
  const lines = [head, rule, ...rows].map((cells) => `| ${cells.join(' | ')} |`);
  const notes = notesOf(table, 'weight').map((note) => `- ${escapeMarkdown(note)}`);
  return [`**${escapeMarkdown(table.title ?? table.experiment)}**`, '', ...lines, '', ...notes].join('\n');
}

function ourText(cell: TableCell, { decimals }: TableColumn, { intervals = false }: Look): string {
  if (cell.state === 'printed') return cell.paper === undefined ? '–' : `*${fixed(cell.paper, decimals)}*`;
  if (cell.mean === undefined) return cell.state === 'missing' ? '–' : `*${cell.state}*`;
  const value = fixed(cell.mean, decimals);
  const marked = cell.mark === 'best' ? `**${value}**` : cell.mark === 'second' ? `<u>${value}</u>` : value;
  const sd = cell.sd === undefined ? '' : ` ±${fixed(cell.sd, decimals)}`;
  const se = cell.questions === undefined ? '' : ` se ${fixed(cell.questions.se, decimals)}`;
  const range = intervals ? intervalText(cell.delta, decimals) : '';
  const sign = cell.delta?.interval?.excludesZero === true ? certain : '';
  const delta =
    cell.delta === undefined
      ? ''
      : ` (${signed(cell.delta.mean, decimals)}${sign}${range === '' ? '' : ` ${escapeMarkdown(range)}`})`;
  return `${marked}${escapeMarkdown(marksOf(cell).replace(/[*']/g, ''))}${sd}${se}${delta}`;
}

function paperText(cell: TableCell, { decimals }: TableColumn): string {
  if (cell.paper === undefined) return '';
  const delta = cell.paperDelta === undefined ? '' : ` (${signed(cell.paperDelta, decimals)})`;
  return `${fixed(cell.paper, decimals)}${delta}`;
}

/** A name stays itself: Markdown's own signs and the column rule are escaped. */
function escapeMarkdown(text: string): string {
  return text.replace(/[\\|*_`~<>[\]]/g, '\\$&').replaceAll('\n', ' ');
}
