import type { CellPlan } from './cells.ts';
import type { Variant } from './check.ts';
import type { Draft } from './draft.ts';
import type { Cell, StageSpec } from './experiment.ts';
import { placeOf } from './node.ts';

/** A stage made for one or more cells; its id is known when all cells are. */
export type Made = {
  readonly variant: Variant;
  readonly inputs: readonly Readonly<{ port: string; from: Made; output: string }>[];
  /** the cell that made it */
  readonly cell: CellPlan;
  readonly index: number;
  id: string;
};

/** A cell with its stages, inputs first. */
export type Drawn = Readonly<{ cell: CellPlan; names: readonly string[]; stages: readonly Made[] }>;

/** Stages with their ids, and cells that name them. */
export function assemble(
  made: readonly Made[],
  drawn: readonly Drawn[],
  draft: Draft,
): Readonly<{ stages: readonly StageSpec[]; cells: readonly Cell[] }> {
  nameAll(made, draft);
  const stages = made.map(
    ({ variant, inputs, id }): StageSpec => ({
      id,
      name: variant.name,
      kind: variant.kind.kind,
      params: variant.params,
      inputs: Object.fromEntries(inputs.map(({ port, from, output }) => [port, { stage: from.id, port: output }])),
      at: placeOf(variant.field),
    }),
  );
  return { stages, cells: makeCells(drawn, draft) };
}

/** A stage is called by its name; where several exist, by the cell that made it first. */
function nameAll(made: readonly Made[], draft: Draft): void {
  const counts = new Map<string, number>();
  const variesBySeed = new Set<string>();
  for (const { variant, cell } of made) {
    counts.set(variant.name, (counts.get(variant.name) ?? 0) + 1);
    if (!cell.isFirstSeed) variesBySeed.add(variant.name);
  }
  const isTable = draft.rows.size > 0 || draft.vary.length > 0;
  for (const stage of made) {
    const { name } = stage.variant;
    const seed = variesBySeed.has(name) ? [`seed=${stage.cell.seed}`] : [];
    const label = [...(isTable ? [stage.cell.row.name] : []), ...seed].join(',');
    stage.id = (counts.get(name) ?? 0) > 1 ? `${name}[${label}]` : name;
  }
}

/** Neighbouring cells with the same stages share one record. */
function makeCells(drawn: readonly Drawn[], draft: Draft): readonly Cell[] {
  let last: readonly Made[] | undefined;
  let stages: Record<string, string> = {};
  return drawn.map(({ cell, names, stages: made }) => {
    if (made !== last) {
      stages = {};
      for (const [index, name] of names.entries()) stages[name] = made[index]?.id ?? '';
      last = made;
    }
    return { row: cell.row.name, ...(draft.seeds.length === 0 ? {} : { seed: cell.seed }), stages };
  });
}
