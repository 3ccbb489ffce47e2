import { flagOfColumn, flagsOf, intervalText, marksOf, notesOf, shownRows } from './cells.ts';
import { fixed, signed } from './statistics.ts';
import type { Table, TableCell, TableColumn } from './table.ts';

/** `intervals`: also the 95 % interval of every difference. */
type Look = Readonly<{ intervals?: boolean }>;

/** A booktabs table; needs only `\usepackage{booktabs}`. Best bold, second underlined, notes as comments above. */
export function formatLatex(table: Table, look: Look = {}): string {
  const columns = table.columns.map(
    (column) =>
      `${escapeLatex(column.label)}${flagText(flagOfColumn(column))}${column.lowerIsBetter ? ' $\\downarrow$' : ''}`,
  );
  const rows = shownRows(table).flatMap((row) => {
    const name = `${escapeLatex(row.name)}${flagText(flagsOf(row))}`;
    const ours = [name, ...row.cells.map((cell, at) => ourText(cell, table.columns[at] as TableColumn, look))];
    if (row.cells.every((cell) => cell.paper === undefined || cell.state === 'printed')) return [ours];
    const theirs = row.cells.map((cell, at) => paperText(cell, table.columns[at] as TableColumn));
    return [ours, ['\\quad{\\small paper}', ...theirs]];
  });
  return [
    ...notesOf(table, 'weight').map((note) => `% ${note}`),
    '\\begin{table}[t]',
    '\\centering',
    `\\caption{${escapeLatex(table.title ?? table.experiment)}}`,
    `\\begin{tabular}{l${'r'.repeat(table.columns.length)}}`,
    '\\toprule',
    `${['', ...columns].join(' & ')} \\\\`,
    '\\midrule',
    ...rows.map((cells) => `${cells.join(' & ')} \\\\`),
    '\\bottomrule',
    '\\end{tabular}',
    '\\end{table}',
  ].join('\n');
}

function ourText(cell: TableCell, { decimals }: TableColumn, { intervals = false }: Look): string {
  if (cell.state === 'printed') return cell.paper === undefined ? '--' : `\\emph{${fixed(cell.paper, decimals)}}`;
  if (cell.mean === undefined) return cell.state === 'missing' ? '--' : `\\emph{${cell.state}}`;
  const value = fixed(cell.mean, decimals);
  const marked = cell.mark === 'best' ? `\\textbf{${value}}` : cell.mark === 'second' ? `\\underline{${value}}` : value;
  const sign = marksOf(cell).replace(/[*']/g, '').replace('~', '$^\\sim$').replace('!', '$^!$');
  const sd = cell.sd === undefined ? '' : `{\\scriptsize\\,$\\pm$${fixed(cell.sd, decimals)}}`;
  const se = cell.questions === undefined ? '' : `{\\scriptsize\\,se ${fixed(cell.questions.se, decimals)}}`;
  return `${marked}${sign}${sd}${se}${deltaText(cell, decimals, intervals)}`;
}

function deltaText({ delta }: TableCell, decimals: number, intervals: boolean): string {
  if (delta === undefined) return '';
  const sign = delta.interval?.excludesZero === true ? '^\\S' : '';
  const range = intervals ? intervalText(delta, decimals) : '';
  return `{\\scriptsize\\,($${signed(delta.mean, decimals)}${sign}$${range === '' ? '' : ` $${range}$`})}`;
}

function paperText(cell: TableCell, { decimals }: TableColumn): string {
  if (cell.paper === undefined) return '';
  const delta = cell.paperDelta === undefined ? '' : `{\\scriptsize\\,($${signed(cell.paperDelta, decimals)}$)}`;
  return `{\\small ${fixed(cell.paper, decimals)}}${delta}`;
}

function flagText(flags: string): string {
  return flags === ''
    ? ''
    : `$^{${flags.replace('°', '\\circ').replace('†', '\\dagger').replace('‡', '\\ddagger').replace('¶', '\\P')}}$`;
}

const special: Readonly<Record<string, string>> = {
  '\\': '\\textbackslash{}',
  '~': '\\textasciitilde{}',
  '^': '\\textasciicircum{}',
};

function escapeLatex(text: string): string {
  return text.replace(/[\\~^&%$#_{}]/g, (sign) => special[sign] ?? `\\${sign}`);
}
