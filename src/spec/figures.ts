import type { Json } from '../hash.ts';
import type { Place, Problem } from '../problem.ts';
import { suggest } from '../problem.ts';
import { valueText } from './draft.ts';
import type { FigureDraft, SeriesDraft } from './draft-figure.ts';
import type { Expansion } from './expand.ts';
import type { FigureSpec, Series, TableSpec } from './experiment.ts';
import { describe, placeOf } from './node.ts';
import { type Named, present, suggestBefore } from './read.ts';
import { type Made, type RowNames, readTable, rowsNamed } from './tables.ts';

/** As many as colours and shapes tell apart. */
const MOST_SERIES = 8;
const fileName = /^[A-Za-z0-9][\w.-]*$/;
/** Files of a report beside those of its figures. */
const taken = /^(report|index|(table|labels)-\d+)$/i;

/** Figures with every name checked against what the expansion makes, and the number of each row along `x`. */
export function readFigures(made: Made, expansion: Expansion): readonly FigureSpec[] {
  const { draft, problems } = made;
  const names = new Set<string>();
  return draft.figures.map((figure, index) => {
    const table = readTable(figure.table, made);
    const name = figure.name?.name ?? `figure-${index + 1}`;
    reportName(name, figure.name, names, problems);
    names.add(name);
    const series = seriesOf(figure, table, made, expansion);
    const rows = drawnRows(figure, made.rows, table);
    const show = shownLabels(figure, table, problems);
    reportCount(figure, series?.length ?? (show.length > 1 ? rows.length : 1), problems);
    const isDifference = table.baseline !== undefined || table.baselines !== undefined;
    return {
      name,
      ...present({ title: table.title }),
      mark: figure.mark,
      table,
      show,
      ...present({ series }),
      rows,
      levels: figure.levels.flatMap((level) => rowsNamed(level.name, made.rows)),
      ...(figure.x === undefined
        ? {}
        : { x: { path: figure.x.path.name, label: figure.x.label ?? figure.x.path.name, log: figure.x.log } }),
      y: figure.y,
      spread: figure.spread ?? (isDifference ? 'interval' : 'sd'),
      paper: figure.paper,
    };
  });
}

function reportName(name: string, named: Named | undefined, others: ReadonlySet<string>, problems: Problem[]): void {
  if (named === undefined) return;
  const at = placeOf(named.node);
  if (!fileName.test(name) || taken.test(name)) {
    const hint = taken.test(name) ? 'a report has a file of that name' : 'letters, digits, _, - and .: it names files';
    problems.push({ code: 'bad-name', message: `"${name}" cannot name a figure`, at, hint });
  } else if (others.has(name)) {
    const hint = 'give one a name of its own';
    problems.push({ code: 'duplicate-figure', message: `two figures are called "${name}"`, at, hint });
  }
}

function shownLabels({ show }: FigureDraft, { columns, average }: TableSpec, problems: Problem[]): readonly string[] {
  const labels = [...columns.map(({ label }) => label), ...(average === undefined ? [] : [average])];
  if (show === undefined) return labels;
  return show.flatMap(({ name, node }) => {
    if (labels.includes(name)) return [name];
    const message = `the figure has no column "${name}"`;
    problems.push({ code: 'unknown-column', message, at: placeOf(node), hint: suggest(name, labels) });
    return [];
  });
}

/** Rows that stand for themselves: not those that are only there to be compared with. */
function drawnRows({ series, table: { rows: written, baseline } }: FigureDraft, rows: RowNames, table: TableSpec) {
  if (series !== undefined) return [];
  const shown = table.rows ?? rows.map(({ row }) => row.name);
  if (baseline === undefined || written === undefined) return shown;
  const compared = new Set([table.baseline, ...Object.values(table.baselines ?? {})]);
  const named = new Set(Object.keys(table.baselines ?? {}));
  return shown.filter((row) => !compared.has(row) || named.has(row));
}

function reportCount({ node, series }: FigureDraft, count: number, problems: Problem[]): void {
  if (count <= MOST_SERIES) return;
  const message = `${count} ${series === undefined ? 'rows' : 'series'} side by side are more than can be told apart (${MOST_SERIES})`;
  const hint = 'choose `rows`, or one column to `show`';
  problems.push({ code: 'too-many-series', message, at: placeOf(node), hint });
}

function seriesOf(
  figure: FigureDraft,
  table: TableSpec,
  { rows, problems }: Made,
  expansion: Expansion,
): readonly Series[] | undefined {
  if (figure.mark === 'bars') return figure.series?.map((series) => barSeries(series, rows, problems));
  if (figure.x === undefined) return [];
  const { path, log } = figure.x;
  const measure = ruler(path, expansion, problems);
  if (measure === undefined) return [];
  const named = figure.series?.map((series) => ({
    name: series.name,
    at: placeOf(series.node),
    rows: series.rows.flatMap(({ name, node }) => rowsNamed(name, rows).map((row) => ({ row, at: placeOf(node) }))),
  }));
  const lines = named ?? linesOf(table.rows ?? rows.map(({ row }) => row.name), figure, path.name, rows);
  const made = lines.map(({ name, rows }) => ({
    name,
    points: pointsOf(rows, measure, { log, path: path.name, problems }),
  }));
  if (problems.length === 0 && made.every(({ points }) => points.length < 2)) {
    const hint = 'say which rows make a line: series: { name: [row, row] }';
    problems.push({ code: 'no-line', message: 'no line has two points', at: placeOf(figure.node), hint });
  }
  return made;
}

function barSeries({ name, rows: points }: SeriesDraft, rows: RowNames, problems: Problem[]): Series {
  const seen = new Set<string>();
  return {
    name,
    points: points.flatMap(({ name: row, group, node }) =>
      rowsNamed(row, rows).flatMap((one) => {
        // a grid's rows share a group of one name: each stands for itself
        const at = group === undefined || one !== row ? one : group;
        if (seen.has(at))
          problems.push({ code: 'duplicate-value', message: `"${at}" is given twice`, at: placeOf(node) });
        seen.add(at);
        return [{ row: one, at }];
      }),
    ),
  };
}

type LineRow = Readonly<{ row: string; at: Place }>;

/** Rows of a grid that differ in `path` only make a line, named as they are without it. */
function linesOf(shown: readonly string[], figure: FigureDraft, path: string, rows: RowNames) {
  const at = placeOf(figure.node);
  const levels = new Set(figure.levels.flatMap(({ name }) => rowsNamed(name, rows)));
  const lines = new Map<string, LineRow[]>();
  for (const { row, written } of rows) {
    if (!shown.includes(row.name) || levels.has(row.name)) continue;
    const part = `${path}=${valueText(row.differences[path] ?? null)}`;
    const rest = row.name === part ? '' : row.name.replace(`, ${part}`, '').replace(`${part}, `, '');
    const name = rest === '' ? written : rest;
    lines.set(name, [...(lines.get(name) ?? []), { row: row.name, at }]);
  }
  return [...lines].map(([name, rows]) => ({ name, rows }));
}

type Measure = (row: string) => Json | undefined;

/** Reads the parameter along `x` off the stages of a row, defaults filled in. */
function ruler(path: Named, { cells, stages, variants }: Expansion, problems: Problem[]): Measure | undefined {
  const [stage = '', ...keys] = path.name.split('.');
  const at = placeOf(path.node);
  const form = variants.get(stage)?.[0];
  if (form === undefined) {
    const message = `\`x\` matches nothing: there is no stage "${stage}"`;
    const hint = suggestBefore(stage, path.name, [...variants.keys()]);
    // a stage whose own mistakes are told makes nothing to measure
    if (problems.length === 0) problems.push({ code: 'unknown-path', message, at, hint });
    return undefined;
  }
  const specs = new Map(stages.map((spec) => [spec.id, spec]));
  const first = new Map(cells.toReversed().map((cell) => [cell.row, cell.stages[stage]]));
  const measure = (row: string) => valueAt(specs.get(first.get(row) ?? '')?.params, keys);
  if (![...first.keys()].some((row) => measure(row) !== undefined)) {
    const owner = valueAt(form.params, keys.slice(0, -1));
    const valid = isMap(owner) ? Object.keys(owner) : Object.keys(form.params as object);
    const message = `\`x\` matches nothing: no row has a number "${keys.join('.')}" in stage "${stage}"`;
    problems.push({ code: 'unknown-path', message, at, hint: suggest(keys.at(-1) ?? '', valid) });
    return undefined;
  }
  return measure;
}

function pointsOf(
  rows: readonly LineRow[],
  measure: Measure,
  { log, path, problems }: Readonly<{ log: boolean; path: string; problems: Problem[] }>,
): Series['points'] {
  const seen = new Map<number, string>();
  const points = rows.flatMap(({ row, at }) => {
    const x = measure(row);
    if (typeof x !== 'number') {
      const message = `row "${row}" has no number along \`x\`: ${path} is ${describe(x)}`;
      problems.push({ code: 'wrong-type', message, at, hint: 'draw it as one of `levels`, or leave it out' });
      return [];
    }
    if (log && x <= 0)
      problems.push({ code: 'bad-value', message: `${path} is ${x} in row "${row}": no place on a log scale`, at });
    const other = seen.get(x);
    if (other !== undefined)
      problems.push({
        code: 'duplicate-value',
        message: `rows "${other}" and "${row}" stand at the same ${path}, ${x}`,
        at,
      });
    seen.set(x, row);
    return [{ row, at: x }];
  });
  return points.sort((a, b) => a.at - b.at);
}

function valueAt(value: Json | undefined, [head, ...rest]: readonly string[]): Json | undefined {
  if (head === undefined) return value;
  return isMap(value) ? valueAt(value[head], rest) : undefined;
}

function isMap(value: Json | undefined): value is { [key: string]: Json } {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
