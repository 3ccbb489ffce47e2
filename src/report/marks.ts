import { fixed } from './statistics.ts';
import type { TableCell, TableColumn } from './table.ts';

/**
 * Best and second best of a column. Numbers are compared as they are printed, so that two cells a reader
 * sees as equal carry the same mark. Outdated numbers take no part, and one number alone is not "best".
 */
export function markColumn(cells: readonly TableCell[], column: TableColumn): readonly TableCell[] {
  const shown = cells.map((cell) =>
    cell.mean === undefined || cell.state === 'stale' ? undefined : Number(fixed(cell.mean, column.decimals)),
  );
  const numbers = shown.filter((value) => value !== undefined);
  const ranked = [...new Set(numbers)].sort((a, b) => (column.lowerIsBetter ? a - b : b - a));
  if (ranked.length < 2) return cells;
  return cells.map((cell, index) => {
    if (shown[index] === ranked[0]) return { ...cell, mark: 'best' };
    // with two distinct numbers "second" would only mean "the other one"
    return ranked.length > 2 && shown[index] === ranked[1] ? { ...cell, mark: 'second' } : cell;
  });
}
