import type { Cell, StageSpec } from '../spec/experiment.ts';
import type { Device } from './device.ts';
import { type Pace, paceOf, type Run } from './measured.ts';
import { type Priced, shapeOf, type Work } from './shape.ts';
import { type Spent, spend } from './spend.ts';

/** One stage of the bill; `spent` is absent where its work cannot be told. */
export type Item = Readonly<{
  stage: StageSpec;
  /** it would run now; the others are cached */
  runs: boolean;
  work?: Work;
  spent?: Spent;
  /** seconds were corrected by earlier runs of the kind */
  pace?: Pace;
  /** seconds of the run that is cached */
  recorded?: number;
  assumed?: string;
  /** patches that it labels */
  patches?: number;
}>;

export type Sum = Readonly<{ stages: number; flops: number; read: number; written: number; seconds: number }>;

/** Everything that a row's cells need, as if nothing else were there. */
export type RowSum = Readonly<{ row: string; sum: Sum }>;

export type Bill = Readonly<{
  items: readonly Item[];
  /** of what would run now, and of the whole table with nothing cached */
  toRun: Sum;
  whole: Sum;
  rows: readonly RowSum[];
  /** the whole table, if no row took anything from another */
  unshared: Sum;
}>;

/** What is known of a stage besides its price. */
export type Standing = Readonly<{ runs: boolean; key?: string; recorded?: number }>;

/** Prices on a device; `runs` are earlier ones on it, which correct what is reckoned for their kind. */
export function billOf(
  stages: readonly StageSpec[],
  cells: readonly Cell[],
  priced: ReadonlyMap<string, Priced>,
  standing: (id: string) => Standing,
  device: Device,
  runs: readonly Run[],
): Bill {
  const paces = new Map<string, Pace | undefined>();
  const items = stages.map((stage): Item => {
    const { work, assumed, outputs } = priced.get(stage.id) ?? { outputs: {} };
    const labels = shapeOf(outputs['labels'], 'labels');
    const { runs: runsNow, key, recorded } = standing(stage.id);
    const base = { stage, runs: runsNow, ...(assumed === undefined ? {} : { assumed }) };
    const told = recorded === undefined ? base : { ...base, recorded };
    if (work === undefined) return told;
    const own = `${stage.kind} ${recorded === undefined ? '' : key}`;
    if (!paces.has(own)) paces.set(own, paceOf(runs, stage.kind, device, recorded === undefined ? undefined : key));
    const pace = paces.get(own);
    const reckoned = spend(work, device);
    const spent = { ...reckoned, seconds: reckoned.seconds * (pace?.factor ?? 1) };
    return {
      ...told,
      work,
      spent,
      ...(pace === undefined ? {} : { pace }),
      ...(labels === undefined ? {} : { patches: labels.images * labels.patches }),
    };
  });
  const rows = rowSums(items, cells);
  return {
    items,
    toRun: sumOf(items.filter((item) => item.runs)),
    whole: sumOf(items),
    rows,
    unshared: rows.reduce((sum, row) => added(sum, row.sum), EMPTY),
  };
}

const EMPTY: Sum = { stages: 0, flops: 0, read: 0, written: 0, seconds: 0 };

/** Each seed of a row is a run of its own. */
function rowSums(items: readonly Item[], cells: readonly Cell[]): readonly RowSum[] {
  const byId = new Map(items.map((item) => [item.stage.id, item]));
  const rows = new Map<string, Sum>();
  for (const { row, stages } of cells) {
    const needed = [...new Set(Object.values(stages))].flatMap((id) => byId.get(id) ?? []);
    rows.set(row, added(rows.get(row) ?? EMPTY, sumOf(needed)));
  }
  return [...rows].map(([row, sum]) => ({ row, sum }));
}

export function sumOf(items: readonly Item[]): Sum {
  return items.reduce(
    (sum, { work, spent }) =>
      added(sum, {
        stages: 1,
        flops: work?.flops ?? 0,
        read: work?.read ?? 0,
        written: work?.written ?? 0,
        seconds: spent?.seconds ?? 0,
      }),
    EMPTY,
  );
}

function added(a: Sum, b: Sum): Sum {
  return {
    stages: a.stages + b.stages,
    flops: a.flops + b.flops,
    read: a.read + b.read,
    written: a.written + b.written,
    seconds: a.seconds + b.seconds,
  };
}
