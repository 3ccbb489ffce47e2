import { type Problem, ProblemError, suggest } from '../problem.ts';
import { type Comparison, compareRows, formatComparison } from '../report/compare.ts';
import { formatCsv } from '../report/csv.ts';
import { formatLatex } from '../report/latex.ts';
import { formatMarkdown } from '../report/markdown.ts';
import type { Style } from '../report/style.ts';
import { makeTable, type Table } from '../report/table.ts';
import { formatTerminal } from '../report/terminal.ts';
import type { Experiment } from '../spec/experiment.ts';
import type { Context } from './context.ts';
import { openExperiment } from './experiment.ts';
import { json } from './output.ts';
import { keysAtWork, readingsOf } from './readings.ts';
import { openSession } from './session.ts';

export type TableFormat = 'terminal' | 'markdown' | 'latex' | 'csv' | 'json';
type TableOptions = Readonly<{ format: TableFormat; json?: boolean; width?: number; compare?: string[] }>;

/** `sea table`: the tables of an experiment from what is in the cache now. */
export async function showTables(file: string, options: TableOptions, { output, cache }: Context): Promise<number> {
  const experiment = await openExperiment(file, cache);
  if (experiment.tables.length === 0) throw new ProblemError(noTable(experiment));
  const { plan, store } = await openSession(experiment, cache);
  const readings = readingsOf(plan, { leased: keysAtWork(store) });
  store.close();
  const tables = experiment.tables.map((spec) => makeTable(experiment, spec, readings));
  const format = options.json === true ? 'json' : options.format;
  const width = options.width ?? output.width;
  if (options.compare === undefined) output.out(formatTables(tables, format, { width, style: output.style }));
  else {
    const comparison = compare(experiment, tables[0] as Table, options.compare);
    output.out(format === 'json' ? json(comparison) : formatComparison(comparison, output.style));
  }
  return 0;
}

export function formatTables(
  tables: readonly Table[],
  format: TableFormat,
  look: Readonly<{ width: number; style: Style }>,
): string {
  switch (format) {
    case 'terminal':
      return tables.map((table) => formatTerminal(table, look)).join('\n\n');
    case 'markdown':
      return tables.map(formatMarkdown).join('\n\n');
    case 'latex':
      return tables.map(formatLatex).join('\n\n');
    case 'csv':
      return tables.map(formatCsv).join('\n\n');
    case 'json':
      return json({ tables });
  }
}

function compare(experiment: Experiment, table: Table, names: readonly string[]): Comparison {
  const valid = table.rows.map((row) => row.name);
  const unknown = names.filter((name) => !valid.includes(name));
  if (unknown.length > 0) {
    throw new ProblemError(
      ...unknown.map((name) => ({
        code: 'unknown-row',
        message: `there is no row "${name}"`,
        hint: suggest(name, valid),
      })),
    );
  }
  const [left, right, ...more] = names;
  if (left === undefined || right === undefined || more.length > 0) {
    throw new ProblemError({
      code: 'two-rows',
      message: `--compare takes two rows, not ${names.length}`,
      hint: `valid: ${valid.join(', ')}`,
    });
  }
  return compareRows(experiment, table, left, right);
}

function noTable({ name, file }: Experiment): Problem {
  return {
    code: 'no-table',
    message: `${name} declares no table`,
    at: { file, line: 1, column: 1 },
    hint: 'add `table: { columns: [stage, stage.metric] }`',
  };
}
