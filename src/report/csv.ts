import { shownRows } from './cells.ts';
import type { SeedValue } from './statistics.ts';
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
  'delta_low',
  'delta_high',
  'questions',
  'se',
  'mark',
  'paper',
  'paper_delta',
  'incomparable',
  'rerun_seconds',
  'values',
] as const;

/** One line per row and column, numbers unrounded; `values` holds the seeds as `1:55.2 2:54.8`. RFC 4180. */
export function formatCsv(table: Table): string {
  const lines = shownRows(table).flatMap((row) =>
    row.cells.map((cell, at) => {
      const column = table.columns[at];
      return [row.name, column?.label, column?.stage, column?.metric, ...numbers(cell, column?.incomparable)];
    }),
  );
  return csvLines([header, ...lines]);
}

function numbers(
  cell: TableCell,
  incomparable: readonly string[] | undefined,
): readonly (string | number | undefined)[] {
  const { state, mean, sd, n, delta, questions, mark, paper, paperDelta, rerun } = cell;
  const { low, high } = delta?.interval ?? {};
  const ours = [state, mean, sd, n, delta?.mean, delta?.sd, low, high, questions?.n, questions?.se, mark];
  return [...ours, paper, paperDelta, incomparable?.join('; '), rerun?.seconds, seedsText(cell.values)];
}

/** `1:55.2 2:54.8`, unrounded. */
export function seedsText(values: readonly SeedValue[]): string {
  return values.map(({ seed, value }) => (seed === undefined ? `${value}` : `${seed}:${value}`)).join(' ');
}

/** RFC 4180. */
export function csvLines(lines: readonly (readonly (string | number | undefined)[])[]): string {
  return lines.map((fields) => fields.map(quote).join(',')).join('\r\n');
}

function quote(field: string | number | undefined): string {
  const text = field === undefined ? '' : String(field);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
