import { formatCsv } from '../report/csv.ts';
import { formatLatex } from '../report/latex.ts';
import { formatMarkdown } from '../report/markdown.ts';
import type { Style } from '../report/style.ts';
import type { Table } from '../report/table.ts';
import { formatTerminal } from '../report/terminal.ts';
import type { Context } from './context.ts';
import { json } from './output.ts';
import { openTables } from './tables.ts';

type TableFormat = 'terminal' | 'markdown' | 'latex' | 'csv' | 'json';
type TableOptions = Readonly<{
  format: TableFormat;
  json?: boolean;
  width?: number;
  /** print the 95 % interval of every difference */
  ci?: boolean;
  /** read the questions of benchmarks and print the standard error of their number */
  se?: boolean;
}>;

/** `sea table`: the tables of an experiment from what is in the cache now. */
export async function showTables(file: string, options: TableOptions, { output, cache }: Context): Promise<number> {
  const { tables, session } = await openTables(file, cache, { questions: options.se === true });
  session.store.close();
  const format = options.json === true ? 'json' : options.format;
  const width = options.width ?? output.width;
  output.out(formatTables(tables, format, { width, style: output.style, intervals: options.ci === true }));
  return 0;
}

export function formatTables(
  tables: readonly Table[],
  format: TableFormat,
  look: Readonly<{ width: number; style: Style; intervals?: boolean }>,
): string {
  switch (format) {
    case 'terminal':
      return tables.map((table) => formatTerminal(table, look)).join('\n\n');
    case 'markdown':
      return tables.map((table) => formatMarkdown(table, look)).join('\n\n');
    case 'latex':
      return tables.map((table) => formatLatex(table, look)).join('\n\n');
    case 'csv':
      return tables.map(formatCsv).join('\n\n');
    case 'json':
      return json({ tables });
  }
}
