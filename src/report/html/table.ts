import { certain, flagOfColumn, flagsOf, intervalText, marksOf, notesOf, shownRows } from '../cells.ts';
import { xml } from '../labels/svg.ts';
import { fixed, signed } from '../statistics.ts';
import type { Table, TableCell, TableColumn, TableRow } from '../table.ts';

/** Where the lineage of a cell stands in the page. */
export function anchorOf(table: number, row: number, column: number): string {
  return `cell-${table + 1}-${row + 1}-${column + 1}`;
}

/** Where a table stands: before its id, and the address of the lineage of a cell. */
export type TablePlace = Readonly<{ prefix: string; lineage: (table: number, row: number, column: number) => string }>;

const onThisPage: TablePlace = { prefix: '', lineage: (...cell) => `#${anchorOf(...cell)}` };

/** A table between three rules; every measured number leads to its lineage. `number`: its place in the report, from 0. */
export function tableHtml(table: Table, number: number, place: TablePlace = onThisPage): readonly string[] {
  const heads = table.columns.map(
    (column) =>
      `<th scope="col">${xml(column.label)}${sign(flagOfColumn(column))}${column.lowerIsBetter ? ' <span title="lower is better">↓</span>' : ''}</th>`,
  );
  return [
    `<figure id="${place.prefix}table-${number + 1}">`,
    `<figcaption><b>Table ${number + 1}.</b> ${xml(table.title ?? table.experiment)}.</figcaption>`,
    '<div class="scroll"><table class="data">',
    `<thead><tr><th scope="col"></th>${heads.join('')}</tr></thead>`,
    '<tbody>',
    ...shownRows(table).map((row, at) => rowHtml(table, row, (column) => place.lineage(number, at, column))),
    '</tbody></table></div>',
    notesHtml([...readingNotes(table), ...notesOf(table, 'weight')]),
    '</figure>',
  ];
}

/** What the small lines beneath a number are. */
function readingNotes({ rows }: Table): readonly string[] {
  const cells = rows.flatMap((row) => row.cells);
  const lines = [
    ...(cells.some(({ delta }) => delta !== undefined) ? ['Δ'] : []),
    ...(cells.some(({ questions }) => questions !== undefined) ? ['se, the standard error from the questions'] : []),
    ...(cells.some(({ paper, state }) => paper !== undefined && state !== 'printed')
      ? ["the paper's number (and its Δ) in italics"]
      : []),
  ];
  return lines.length === 0 ? [] : [`beneath each number: ${lines.join('; ')}`];
}

export function notesHtml(notes: readonly string[]): string {
  const items = notes.map((note) => `<li${/^[†¶~!]/u.test(note) ? ' class="warn"' : ''}>${xml(note)}</li>`);
  return items.length === 0 ? '' : `<ul class="notes">${items.join('')}</ul>`;
}

function rowHtml(table: Table, row: TableRow, lineage: (column: number) => string): string {
  const cells = row.cells.map((cell, column) => {
    const spec = table.columns[column] as TableColumn;
    return `<td>${cellHtml(cell, spec, table.seeds.length, lineage(column))}</td>`;
  });
  return `<tr><th scope="row">${xml(row.name)}${sign(flagsOf(row))}</th>${cells.join('')}</tr>`;
}

/** The number, its difference and the paper's number, one beneath another. */
function cellHtml(cell: TableCell, column: TableColumn, seeds: number, lineage: string): string {
  const { decimals } = column;
  if (cell.state === 'printed') {
    return cell.paper === undefined ? '<span class="absent">–</span>' : `<i>${fixed(cell.paper, decimals)}</i>`;
  }
  return [
    `<a href="${xml(lineage)}">${valueHtml(cell, decimals)}</a>${spreadHtml(cell, decimals, seeds)}`,
    deltaHtml(cell, column),
    cell.questions === undefined ? '' : `<small>se ${fixed(cell.questions.se, decimals)}</small>`,
    cell.paper === undefined
      ? ''
      : `<span class="paper">${fixed(cell.paper, decimals)}${paperDelta(cell, decimals)}</span>`,
  ].join('');
}

function valueHtml(cell: TableCell, decimals: number): string {
  if (cell.mean === undefined) {
    const text = cell.state === 'missing' ? '–' : cell.state;
    return `<span class="${cell.state === 'failed' ? 'bad' : 'absent'}">${text}</span>`;
  }
  const look = cell.state === 'stale' ? 'stale' : (cell.mark ?? '');
  const text = fixed(cell.mean, decimals);
  return look === '' ? text : `<span class="${look}">${text}</span>`;
}

/** The spread over seeds; their number where it is not that of the experiment. */
function spreadHtml(cell: TableCell, decimals: number, seeds: number): string {
  const marks = marksOf(cell).replace(/[*']/g, '');
  const count = cell.sd !== undefined && cell.n !== seeds ? ` (${cell.n})` : '';
  const sd = cell.sd === undefined ? '' : ` <span class="sd">±${fixed(cell.sd, decimals)}${count}</span>`;
  return `${sign(marks)}${sd}`;
}

function deltaHtml({ delta }: TableCell, { decimals, lowerIsBetter }: TableColumn): string {
  if (delta === undefined) return '';
  const isCertain = delta.interval?.excludesZero === true;
  const tone = !isCertain ? '' : delta.mean > 0 === !lowerIsBetter ? ' class="good"' : ' class="bad"';
  const range = intervalText(delta, decimals);
  const title = range === '' ? '' : ` title="95 % interval ${range}, ${delta.n} pairs"`;
  return `<small${title}><span${tone}>${signed(delta.mean, decimals)}${isCertain ? certain : ''}</span></small>`;
}

function paperDelta({ paperDelta }: TableCell, decimals: number): string {
  return paperDelta === undefined ? '' : ` (${signed(paperDelta, decimals)})`;
}

function sign(text: string): string {
  return text === '' ? '' : `<sup class="sign">${xml(text)}</sup>`;
}
