import { fixed } from './statistics.ts';
import type { TableCell, TableColumn } from './table.ts';

/** In how many columns a row betters its baseline, here and in the paper, of the columns that have both differences. */
export type Agreement = Readonly<{ row: string; of: number; ours: number; paper: number; same: number }>;

/** undefined where no column has a difference both here and in the paper. The average counts nothing twice. */
export function agreementOf(
  row: string,
  cells: readonly TableCell[],
  columns: readonly TableColumn[],
): Agreement | undefined {
  const signs = cells.flatMap((cell, at) => {
    const column = columns[at];
    const { delta, paperDelta } = cell;
    if (column?.stage === undefined || delta === undefined || paperDelta === undefined) return [];
    return [{ ours: gain(delta.mean, column), paper: gain(paperDelta, column) }];
  });
  if (signs.length === 0) return undefined;
  const count = (test: (sign: (typeof signs)[number]) => boolean) => signs.filter(test).length;
  return {
    row,
    of: signs.length,
    ours: count(({ ours }) => ours > 0),
    paper: count(({ paper }) => paper > 0),
    same: count(({ ours, paper }) => ours === paper),
  };
}

/** 1 for better, -1 for worse, 0 where the printed difference is zero. */
function gain(difference: number, { decimals, lowerIsBetter }: TableColumn): number {
  const sign = Math.sign(Number(fixed(difference, decimals)));
  return sign === 0 ? 0 : lowerIsBetter ? -sign : sign;
}
