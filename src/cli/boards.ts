import { stagesOfCell } from '../report/lineage.ts';
import { makeTable, type Reading, type Table } from '../report/table.ts';
import type { Event } from '../run/event.ts';
import type { StageSpec, TableSpec } from '../spec/experiment.ts';
import type { Board } from '../ui/board.ts';
import { readingsOf } from './readings.ts';
import type { Session } from './session.ts';

/** The tables of an experiment while it runs. `note` takes events in; `boards` reads the tables as they are then. */
export type Boards = Readonly<{ note(event: Event): void; boards(): readonly Board[] }>;

export function openBoards({ experiment, plan, store }: Session, tables: readonly TableSpec[]): Boards {
  const readings = new Map<string, Reading>(readingsOf(plan));
  const above = stagesAbove(experiment.stages);
  let known: readonly Board[] | undefined;
  return {
    note(event) {
      if (event.type === 'failed') readings.set(event.stage, { state: 'failed' });
      else if (event.type === 'finished' || event.type === 'reused') {
        const before = readings.get(event.stage);
        if (before?.state === 'measured' && before.entry.key === event.key && event.type === 'reused') return;
        const entry = store.find(event.key);
        // kept in the store before it is told; gone only where somebody emptied the cache meanwhile
        readings.set(event.stage, entry === undefined ? { state: 'missing' } : { state: 'measured', entry });
      } else return;
      known = undefined;
    },
    boards() {
      known ??= tables.map((spec) => {
        const table = makeTable(experiment, spec, readings);
        return { table, needs: needsOf(table, above) };
      });
      return known;
    },
  };
}

/** For each cell all stages that it comes from. */
export function needsOf(table: Table, above: (id: string) => readonly string[]): Board['needs'] {
  return table.rows.map((row) => row.cells.map((_, at) => [...new Set(stagesOfCell(table, row, at).flatMap(above))]));
}

/** A stage and all that it reads, however indirectly; found once for each. */
export function stagesAbove(stages: readonly StageSpec[]): (id: string) => readonly string[] {
  const specs = new Map(stages.map((stage) => [stage.id, stage]));
  const known = new Map<string, readonly string[]>();
  const above = (id: string): readonly string[] => {
    const found = known.get(id);
    if (found !== undefined) return found;
    const inputs = Object.values(specs.get(id)?.inputs ?? {});
    const all = [...new Set([id, ...inputs.flatMap((ref) => above(ref.stage))])];
    known.set(id, all);
    return all;
  };
  return above;
}
