import { sourcesOf } from '../plan/key.ts';
import { ProblemError, suggest } from '../problem.ts';
import { type Lineage, type LineageSources, type LineageStage, lineageOf, stagesOfCell } from '../report/lineage.ts';
import { fixed } from '../report/statistics.ts';
import { duration, paint, type Style } from '../report/style.ts';
import type { Readings, Table, TableCell, TableRow } from '../report/table.ts';
import { padRight, shorten, widthOf } from '../report/width.ts';
import type { StageSpec } from '../spec/experiment.ts';
import { kindsByName } from '../stages/kinds.ts';
import type { Store } from '../store/store.ts';
import type { Context } from './context.ts';
import { findStages } from './narrow.ts';
import { json } from './output.ts';
import { entryLines, parameterLines, section } from './show.ts';
import { type OpenTables, openTables } from './tables.ts';

/** A number of a table. */
type Found = Readonly<{ table: Table; row: TableRow; at: number; cell: TableCell }>;

/** `sea lineage`: from a number (a row and a column) or a stage back to all that made it. */
export async function showLineage(
  file: string,
  wanted: string,
  column: string | undefined,
  options: Readonly<{ json?: boolean }>,
  { output, cache }: Context,
): Promise<number> {
  const opened = await openTables(file, cache, { tableless: true });
  const { store } = opened.session;
  try {
    const cell = findCell(opened, wanted, column);
    const starts = cell === undefined ? startsOf(opened, wanted) : stagesOfCell(cell.table, cell.row, cell.at);
    const lineage = lineageOf(starts, opened.experiment.stages, lineageSources(opened.readings));
    if (options.json === true) output.out(json(asData(lineage, cell)));
    else output.out(textOf(lineage, cell, store, output).join('\n'));
    return 0;
  } finally {
    store.close();
  }
}

/** What lineages are read from. */
export function lineageSources(readings: Readings): LineageSources {
  const pathsOf = ({ kind, params }: StageSpec) => {
    const found = kindsByName.get(kind);
    return found === undefined ? {} : sourcesOf(found, params);
  };
  return { readings, pathsOf };
}

/** The cell of a row and a column, named by its label or as in the file; undefined where no column is named. */
function findCell({ tables }: OpenTables, row: string, column: string | undefined): Found | undefined {
  if (column === undefined) return undefined;
  const named = tables.flatMap((table) => table.rows.flatMap((one) => (one.name === row ? [{ table, row: one }] : [])));
  if (named.length === 0)
    throw unknown(
      'row',
      row,
      tables.flatMap(({ rows }) => rows.map(({ name }) => name)),
    );
  for (const { table, row } of named) {
    const at = table.columns.findIndex(({ label, stage, metric }) =>
      [label, stage, `${stage}.${metric}`].includes(column),
    );
    const cell = row.cells[at];
    if (cell !== undefined) return { table, row, at, cell };
  }
  throw unknown(
    'column',
    column,
    named.flatMap(({ table }) => table.columns.map(({ label }) => label)),
  );
}

function unknown(what: string, name: string, valid: readonly string[]): ProblemError {
  const message = `the tables have no ${what} "${name}"`;
  return new ProblemError({ code: `unknown-${what}`, message, hint: suggest(name, [...new Set(valid)]) });
}

function startsOf({ experiment, tables }: OpenTables, wanted: string): readonly string[] {
  const found = findStages(experiment, wanted);
  if (found.ok) return found.value;
  if (!tables.some(({ rows }) => rows.some(({ name }) => name === wanted))) throw new ProblemError(...found.problems);
  const labels = [...new Set(tables.flatMap(({ columns }) => columns.map(({ label }) => label)))];
  const message = `"${wanted}" is a row; a number also needs a column`;
  throw new ProblemError({ code: 'missing-column', message, hint: `one of: ${labels.join(', ')}` });
}

function asData({ tree, stages }: Lineage, found: Found | undefined): object {
  const cell = found && {
    ...{ table: found.table.title ?? found.table.experiment, row: found.row.name },
    column: found.table.columns[found.at]?.label,
    ...{ state: found.cell.state, values: found.cell.values, n: found.cell.n, of: found.cell.of },
    ...{ mean: found.cell.mean, sd: found.cell.sd },
  };
  return {
    cell,
    tree,
    stages: stages.map(({ entry, ...stage }) => ({
      ...stage,
      ...(entry === undefined
        ? {}
        : { key: entry.key, version: entry.version, outputs: entry.outputs, metrics: entry.metrics }),
      ...(entry === undefined ? {} : { experiment: entry.experiment, provenance: entry.provenance }),
    })),
  };
}

type Look = Readonly<{ style: Style; width: number }>;

/** The number, the tree of its stages, then every stage in full. */
function textOf({ tree, stages }: Lineage, found: Found | undefined, store: Store, look: Look): readonly string[] {
  const { style } = look;
  const byId = new Map(stages.map((stage) => [stage.stage, stage]));
  const names = tree.map(({ stage, depth, port }) =>
    depth === 0 ? stage : `${'  '.repeat(depth - 1)}└ ${port}: ${stage}`,
  );
  const room = Math.min(Math.max(...names.map(widthOf), 0), Math.max(24, look.width - 46));
  return [
    ...(found === undefined ? [] : [...cellLines(found, style), '']),
    ...tree.map(({ stage }, at) => {
      const facts = byId.get(stage);
      return `${padRight(shorten(names[at] ?? '', room), room)}  ${facts === undefined ? '' : factsText(facts, style)}`;
    }),
    ...stages.flatMap((stage) => ['', ...stageLines(stage, store, style)]),
  ];
}

function cellLines({ table, row, at, cell }: Found, style: Style): readonly string[] {
  const column = table.columns[at];
  const decimals = column?.decimals ?? 1;
  const number =
    cell.mean === undefined
      ? cell.state
      : `${fixed(cell.mean, decimals)}${cell.sd === undefined ? '' : ` ±${fixed(cell.sd, decimals)}`}${cell.state === 'stale' ? ' (stale)' : ''}`;
  const seeds = cell.values.filter(({ seed }) => seed !== undefined);
  return [
    `${paint(style, 'bold', `${row.name} × ${column?.label}: ${number}`)}  ${paint(style, 'dim', table.title ?? table.experiment)}`,
    ...(seeds.length < 2
      ? []
      : [`by seed: ${seeds.map(({ seed, value }) => `${seed}: ${fixed(value, decimals)}`).join(', ')}`]),
  ];
}

function factsText({ kind, state, entry }: LineageStage, style: Style): string {
  const mark = state === 'measured' ? '' : `  ${paint(style, 'warn', state)}`;
  if (entry === undefined) return `${kind}${mark}`;
  const facts = `${kind} ${entry.version}, ${duration(entry.provenance.seconds)}, ${entry.key.slice(0, 12)}`;
  return `${paint(style, 'dim', facts)}${mark}`;
}

function stageLines(stage: LineageStage, store: Store, style: Style): readonly string[] {
  const { entry, inputs, files } = stage;
  const version = entry === undefined ? '' : ` version ${entry.version}, key ${entry.key}`;
  const note = stage.state === 'measured' ? '' : `  ${paint(style, 'warn', stage.state)}`;
  const reads = inputs.map(
    ({ port, from, content }) => [port, `${from.stage}.${from.port}  ${content ?? ''}`.trimEnd()] as const,
  );
  const read = files.map(({ parameter, path, content }) => [parameter, `${path ?? ''}  ${content}`.trim()] as const);
  return [
    `${paint(style, 'bold', stage.stage)}  ${stage.kind}${paint(style, 'dim', version)}${note}`,
    ...parameterLines(stage.parameters, style),
    ...section('inputs', reads, style),
    ...section('files', read, style),
    ...(entry === undefined ? [] : entryLines(entry, store, style)),
  ];
}
