import { type CellValue, workbook } from '../xlsx.ts';
import type { MmbenchTable } from './format.ts';

const DROPPED = new Set(['hint', 'category', 'source', 'image', 'comment', 'l2-category']);

const LONGEST_CELL = 32_767;
const ERRORS = new Set(['#NULL!', '#DIV/0!', '#VALUE!', '#REF!', '#NAME?', '#NUM!', '#N/A']);
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are the ones that a workbook cannot hold
export const ILLEGAL = /[\0-\x08\x0b\x0c\x0e-\x1f]/;

/** A text as openpyxl, which LLaVA's script writes with, puts it into a cell: longer ones are cut. */
function toCell(text: string | undefined): CellValue {
  if (text === undefined || text === '') return null;
  const whole = text.replace(/\r\n?/g, '\n'); // what a reader of the XML makes of them
  const cut = whole.length <= LONGEST_CELL ? whole : Array.from(whole).slice(0, LONGEST_CELL).join('');
  if (cut.startsWith('=') && cut.length > 1) return { formula: cut.slice(1) };
  return ERRORS.has(cut) ? { error: cut } : cut;
}

/** The text that pandas reads from the uploaded cell; null is an empty one, as formulas and error names are. */
export function readBack(text: string | undefined): string | null {
  const cell = toCell(text);
  return typeof cell === 'string' ? cell : null;
}

/** The table that LLaVA's convert_mmbench_for_submission.py writes: raw texts in a seventh column `prediction`. */
export function uploadTable(
  table: MmbenchTable,
  answerOf: (index: number) => string | undefined,
): Readonly<{ columns: readonly string[]; rows: readonly (readonly CellValue[])[] }> {
  const kept = table.names.flatMap((name, position) =>
    DROPPED.has(name) ? [] : [{ name, column: table.columns[position] }],
  );
  const rows = table.rows.map(({ index }, row) => {
    const cells = kept.map(({ column }): CellValue => {
      const cell = column?.cells[row] ?? null;
      if (cell !== null && column?.type === 'bool') return cell === 'True';
      return cell !== null && (column?.type === 'int' || column?.type === 'float') ? Number(cell) : toCell(cell ?? '');
    });
    cells.splice(6, 0, toCell(answerOf(index)));
    return cells;
  });
  const columns = kept.map(({ name }) => name);
  columns.splice(6, 0, 'prediction');
  return { columns, rows };
}

/** The same as an XLSX file with one sheet. */
export function uploadWorkbook(table: MmbenchTable, answerOf: (index: number) => string | undefined): Uint8Array {
  const { columns, rows } = uploadTable(table, answerOf);
  return workbook('Sheet1', [columns, ...rows]);
}
