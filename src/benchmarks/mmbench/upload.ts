import { type CellValue, workbook } from '../xlsx.ts';
import type { MmbenchTable } from './format.ts';

const DROPPED = new Set(['hint', 'category', 'source', 'image', 'comment', 'l2-category']);

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
      return cell !== null && (column?.type === 'int' || column?.type === 'float') ? Number(cell) : cell;
    });
    cells.splice(6, 0, answerOf(index) || null);
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
