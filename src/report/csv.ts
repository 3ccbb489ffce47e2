import type { Table, TableCell } from './table.ts';

const header = [
  'row',
  'column',
  'stage',
  'metric',
  'state',
  'mean',
  'sd',
  'n',
  'delta',
  'delta_sd',
  'mark',
  'paper',
  'paper_delta',
  'values',
] as const;

/** One line per row and column, numbers unrounded; `values` holds the seeds as `1:55.2 2:54.8`. RFC 4180. */
export function formatCsv(table: Table): string {
  const lines = table.rows.flatMap((row) =>
    row.cells.map((cell, at) => {
      const column = table.columns[at];
      return [row.name, column?.label, column?.stage, column?.metric, ...numbers(cell)];
    }),
  );
  return [header, ...lines].map((fields) => fields.map(quote).join(',')).join('\r\n');
}

function numbers(cell: TableCell): readonly (string | number | undefined)[] {
  const values = cell.values.map(({ seed, value }) => (seed === undefined ? `${value}` : `${seed}:${value}`));
  const { state, mean, sd, n, delta, mark, paper, paperDelta } = cell;
  return [state, mean, sd, n, delta?.mean, delta?.sd, mark, paper, paperDelta, values.join(' ')];
}

function quote(field: string | number | undefined): string {
  const text = field === undefined ? '' : String(field);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
