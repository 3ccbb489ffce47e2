import type { Json } from '../hash.ts';
import type { StageSpec } from '../spec/experiment.ts';
import type { Readings, TableCell } from './table.ts';
import type { Trace } from './trace.ts';

/** A measured cell of a column, under the name of its row. */
export type RowCell = Readonly<{ row: string; cell: TableCell }>;

/**
 * Why numbers of one column are not comparable, one reason each: asked or marked in another way, on another content of
 * the benchmark, on another engine, over other seeds. Empty where they are.
 */
export function whyIncomparable(
  cells: readonly RowCell[],
  context: Readonly<{ specs: ReadonlyMap<string, StageSpec>; readings: Readings; trace: Trace }>,
): readonly string[] {
  const current = cells.filter(({ cell }) => cell.n > 0 && cell.state !== 'stale');
  const facts = current.map(({ row, cell }) => ({ row, facts: factsOf(cell, context) }));
  const names = [...new Set(facts.flatMap(({ facts }) => [...facts.keys()]))];
  return names.flatMap((name) => {
    // a cell without the fact (one measurement has no seeds) agrees with all
    const values = facts.flatMap(({ row, facts }) => {
      const value = facts.get(name);
      return value === undefined ? [] : [{ row, value }];
    });
    return reasonFor(name, values);
  });
}

function reasonFor(name: string, values: readonly Readonly<{ row: string; value: string }>[]): readonly string[] {
  const rows = new Map<string, string[]>();
  for (const { row, value } of values) rows.set(value, [...(rows.get(value) ?? []), row]);
  const [most, ...others] = [...rows].sort(([, a], [, b]) => b.length - a.length);
  if (most === undefined || others.length === 0) return [];
  const told = others.map(([value, names]) => `${value} in ${names.join(', ')}`);
  return [`${name} ${told.join(', ')}, else ${most[0]}`];
}

function factsOf(
  cell: TableCell,
  { specs, readings, trace }: Parameters<typeof whyIncomparable>[1],
): ReadonlyMap<string, string> {
  const facts = new Map<string, Set<string>>();
  const note = (name: string, value: string) => facts.set(name, (facts.get(name) ?? new Set<string>()).add(value));
  for (const { source } of cell.values) {
    for (const id of askedBy(source, specs)) {
      const reading = readings.get(id);
      if (reading === undefined || !('entry' in reading)) continue;
      for (const [path, value] of leaves(reading.entry.identity)) note(path, JSON.stringify(value));
      const content = reading.entry.inputs['data'];
      if (content !== undefined) note('benchmark files', content.slice(0, 8));
    }
    for (const engine of trace.made([source]).engines) note('engine', engine);
  }
  if (cell.of > 1) note('seeds', cell.values.map(({ seed }) => seed).join(' '));
  return new Map([...facts].map(([name, values]) => [name, [...values].sort().join(' and ')]));
}

/** A stage that marks answers, and the one that asked for them. What other stages measure is theirs to vary by row. */
export function askedBy(id: string, specs: ReadonlyMap<string, StageSpec>): readonly string[] {
  const answers = specs.get(id)?.inputs['answers'];
  return answers === undefined ? [] : [id, answers.stage];
}

function leaves(value: Json, at = ''): readonly (readonly [string, Json])[] {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return at === '' ? [] : [[at, value]];
  return Object.entries(value).flatMap(([key, item]) => leaves(item, at === '' ? key : `${at}.${key}`));
}
