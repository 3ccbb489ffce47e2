import type { Problem } from '../problem.ts';
import type { Draft } from './draft.ts';
import type { Row } from './experiment.ts';
import { placeOf } from './node.ts';
import { type Axis, type Difference, differencesOf, type FullRow } from './rows.ts';

/** One row, one point of the grid, one seed. */
export type CellPlan = Readonly<{
  row: Row;
  /** the row's name in the file, before `vary` multiplied it */
  written: string;
  /** what differs from the base, by stage */
  differences: ReadonlyMap<string, readonly Difference[]>;
  /** by stage: equal for cells with equal differences */
  signature: ReadonlyMap<string, string>;
  seed: number;
  isFirstSeed: boolean;
}>;

type Choice = Readonly<{ path: string; index: number; text: string; difference: Difference }>;

/** Cells and stages that one file may make: the plan of so many takes seconds already. */
export const maxMade = 100_000;

/** Rows, times the grid of `vary`, times seeds, in the order of the file; of too many only the rows, with a problem. */
export function* planCells(
  draft: Draft,
  rows: readonly FullRow[],
  axes: readonly Axis[],
  problems: Problem[],
): Generator<CellPlan> {
  const seeds = draft.seeds.length === 0 ? [0] : draft.seeds;
  const sizes = [rows.length, ...axes.map(({ values }) => values.length), seeds.length];
  const count = sizes.reduce((product, size) => product * size, 1);
  if (count > maxMade) {
    const shown = count > 1e12 ? 'more than a trillion' : count;
    const product = sizes.filter((size) => size > 1).join(' x ');
    problems.push(tooMany(`${shown} variants (${product}); the limit is ${maxMade}`, draft));
    yield* planCells({ ...draft, seeds: seeds.slice(0, 1) }, rows.slice(0, maxMade), [], problems);
    return;
  }
  for (const row of rows) {
    for (const choices of grid(axes)) {
      const shared = { row: makeRow(draft, row, choices), written: row.name, ...byStage(row, choices) };
      for (const [index, seed] of seeds.entries()) yield { ...shared, seed, isFirstSeed: index === 0 };
    }
  }
}

/** `what` there is too much of. */
export function tooMany(what: string, { at, vary }: Draft): Problem {
  return {
    code: 'too-many',
    message: `rows, vary and seeds make ${what}`,
    at: vary[0] === undefined ? at : placeOf(vary[0].field),
    hint: 'vary fewer values together, or split the experiment',
  };
}

/** Every combination of values, the last axis running fastest; one empty combination without axes. */
function* grid(axes: readonly Axis[]): Generator<readonly Choice[]> {
  const points = axes.reduce((count, axis) => count * axis.values.length, 1);
  for (let point = 0; point < points; point++) {
    let rest = point;
    yield axes
      .toReversed()
      .map(({ path, values }) => {
        const index = rest % values.length;
        rest = Math.floor(rest / values.length);
        return { path, index, ...(values[index] as Axis['values'][number]) };
      })
      .reverse();
  }
}

function makeRow(draft: Draft, row: FullRow, choices: readonly Choice[]): Row {
  const named = draft.rows.size > 0 || choices.length === 0 ? [row.name] : [];
  const name = [...named, ...choices.map(({ path, text }) => `${path}=${text}`)].join(', ');
  const at = row.field === undefined ? draft.at : placeOf(row.field);
  return { name, differences: differencesOf([...row.differences, ...choices.map((choice) => choice.difference)]), at };
}

function byStage(row: FullRow, choices: readonly Choice[]) {
  const differences = new Map<string, Difference[]>();
  const signature = new Map<string, string>();
  const add = (difference: Difference, mark: string) => {
    const { stage } = difference;
    differences.set(stage, [...(differences.get(stage) ?? []), difference]);
    signature.set(stage, `${signature.get(stage) ?? ''}${mark}`);
  };
  for (const difference of row.differences) add(difference, signature.has(difference.stage) ? '' : `row ${row.name}`);
  for (const choice of choices) add(choice.difference, `\n${choice.path}=${choice.index}`);
  return { differences, signature };
}
