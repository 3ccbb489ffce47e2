import type { Json } from '../hash.ts';
import type { Cell, Experiment, StageSpec } from '../spec/experiment.ts';
import { type Difference, fixed, pairedDifference, signed } from './statistics.ts';
import { paint, type Style } from './style.ts';
import type { Table, TableCell } from './table.ts';
import { padLeft, padRight, widthOf } from './width.ts';

/** A parameter or input that two rows do not share; an absent side has no such parameter. */
export type ParameterDifference = Readonly<{ path: string; left?: Json; right?: Json }>;

export type Comparison = Readonly<{
  left: string;
  right: string;
  parameters: readonly ParameterDifference[];
  metrics: readonly Readonly<{
    label: string;
    left?: number;
    right?: number;
    /** right minus left, paired by seed */
    difference?: Difference;
    decimals: number;
    lowerIsBetter: boolean;
  }>[];
}>;

/** What two rows of a table differ in, then what came of it. Both names must be rows of the table. */
export function compareRows(experiment: Experiment, table: Table, left: string, right: string): Comparison {
  const [ours, theirs] = [left, right].map((name) => table.rows.find((row) => row.name === name));
  if (ours === undefined || theirs === undefined) throw new Error(`rows ${left} and ${right} must be in the table`);
  return {
    left,
    right,
    parameters: differingParameters(experiment, left, right),
    metrics: table.columns.map((column, at) => {
      const [a, b] = [ours.cells[at] as TableCell, theirs.cells[at] as TableCell];
      const difference = pairedDifference(b.values, a.values);
      return {
        label: column.label,
        ...(a.mean === undefined ? {} : { left: a.mean }),
        ...(b.mean === undefined ? {} : { right: b.mean }),
        ...(difference === undefined ? {} : { difference }),
        decimals: column.decimals,
        lowerIsBetter: column.lowerIsBetter,
      };
    }),
  };
}

/** Rows are compared under a seed that both have, stage by stage, so that a seed is no difference. */
function differingParameters(experiment: Experiment, left: string, right: string): readonly ParameterDifference[] {
  const of = (name: string) => experiment.cells.filter((cell) => cell.row === name);
  const ours = of(left)[0];
  const theirs = of(right).find((cell) => cell.seed === ours?.seed) ?? of(right)[0];
  if (ours === undefined || theirs === undefined) return [];
  const specs = new Map(experiment.stages.map((stage) => [stage.id, stage]));
  const names = [...new Set([...Object.keys(ours.stages), ...Object.keys(theirs.stages)])];
  return names.flatMap((name) => {
    const [a, b] = [stageOf(ours, name, specs), stageOf(theirs, name, specs)];
    return a === b ? [] : diff(describe(a, specs), describe(b, specs));
  });
}

function stageOf(cell: Cell, name: string, specs: ReadonlyMap<string, StageSpec>): StageSpec | undefined {
  const id = cell.stages[name];
  return id === undefined ? undefined : specs.get(id);
}

/** Parameters and inputs by dotted path. Inputs are named as in the file: what differs further up is told there. */
function describe(stage: StageSpec | undefined, specs: ReadonlyMap<string, StageSpec>): ReadonlyMap<string, Json> {
  const found = new Map<string, Json>();
  if (stage === undefined) return found;
  flatten(stage.params, stage.name, found);
  for (const [port, ref] of Object.entries(stage.inputs)) {
    found.set(`${stage.name}.${port}`, `${specs.get(ref.stage)?.name ?? ref.stage}.${ref.port}`);
  }
  return found;
}

function flatten(value: Json, at: string, into: Map<string, Json>): void {
  const isMap = typeof value === 'object' && value !== null && !Array.isArray(value);
  if (!isMap) into.set(at, value);
  else for (const [key, item] of Object.entries(value)) flatten(item, `${at}.${key}`, into);
}

function diff(left: ReadonlyMap<string, Json>, right: ReadonlyMap<string, Json>): readonly ParameterDifference[] {
  const paths = [...new Set([...left.keys(), ...right.keys()])];
  return paths.flatMap((path) => {
    const [a, b] = [left.get(path), right.get(path)];
    if (JSON.stringify(a) === JSON.stringify(b)) return [];
    return [{ path, ...(a === undefined ? {} : { left: a }), ...(b === undefined ? {} : { right: b }) }];
  });
}

/** Two columns, one for each row; the third is right minus left. */
export function formatComparison(comparison: Comparison, style: Style): string {
  const parameters = comparison.parameters.map(({ path, left, right }) => [
    path,
    valueText(left),
    valueText(right),
    '',
  ]);
  const metrics = comparison.metrics.map(({ label, left, right, difference, decimals }) => [
    label,
    left === undefined ? '–' : fixed(left, decimals),
    right === undefined ? '–' : fixed(right, decimals),
    difference === undefined ? '' : signed(difference.mean, decimals) + spreadText(difference, decimals),
  ]);
  const head = ['', comparison.left, comparison.right, 'Δ'];
  const rows = [head, ...parameters, ...metrics];
  const widths = head.map((_, at) => Math.max(...rows.map((row) => widthOf(row[at] ?? ''))));
  const line = (row: readonly string[]) =>
    row
      .map((text, at) => (at === 0 ? padRight(text, widths[at] ?? 0) : padLeft(text, widths[at] ?? 0)))
      .join('   ')
      .trimEnd();
  const rule = paint(style, 'dim', '─'.repeat(widths.reduce((sum, width) => sum + width + 3, -3)));
  const same = paint(style, 'dim', 'no parameter differs');
  return [
    paint(style, 'bold', line(head)),
    rule,
    ...(parameters.length === 0 ? [same] : parameters.map(line)),
    rule,
    ...metrics.map((row, at) => paintMetric(line(row), comparison.metrics[at], style)),
    rule,
  ].join('\n');
}

function spreadText(difference: Difference, decimals: number): string {
  return difference.sd === undefined ? '' : ` ±${fixed(difference.sd, decimals)}`;
}

function paintMetric(line: string, metric: Comparison['metrics'][number] | undefined, style: Style): string {
  const difference = metric?.difference;
  if (metric === undefined || difference === undefined) return line;
  if (Math.abs(difference.mean) <= (difference.sd ?? 0)) return line;
  return paint(style, difference.mean > 0 === !metric.lowerIsBetter ? 'good' : 'bad', line);
}

function valueText(value: Json | undefined): string {
  if (value === undefined) return '–';
  return typeof value === 'string' ? value : JSON.stringify(value);
}
