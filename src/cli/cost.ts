import { readFileSync } from 'node:fs';
import { type Bill, billOf, type Item, type Sum } from '../cost/bill.ts';
import { type DeviceName, devices } from '../cost/device.ts';
import { type Run, runsOf } from '../cost/measured.ts';
import { priceStages } from '../cost/price.ts';
import type { Priced } from '../cost/shape.ts';
import { validatorOf } from '../spec/validator.ts';
import { kindsByName } from '../stages/kinds.ts';
import type { Context } from './context.ts';
import { type Agreement, agreements, costText } from './cost-text.ts';
import { json } from './output.ts';
import type { Session } from './session.ts';

export type CostOptions = Readonly<{ device?: DeviceName; all?: boolean; json?: boolean }>;

/** `sea plan --cost`: what an experiment asks of a machine, and what it takes on a device. */
export async function showCost(
  session: Session,
  options: CostOptions,
  { output }: Pick<Context, 'output'>,
): Promise<void> {
  const name = options.device ?? 'cpu';
  const bill = await makeBill(session, name);
  const told = name === 'cpu' ? agreements(bill) : [];
  if (options.json === true) output.out(json(costJson(session.experiment.name, name, bill, told)));
  else {
    const look = { all: options.all === true, width: output.width, style: output.style };
    output.out(costText(session.experiment.name, name, bill, told, look));
  }
}

/** What each stage asks of a machine, by its id. */
export type Prices = ReadonlyMap<string, Priced>;

/** What every stage of an experiment asks of a machine, as far as it can be told. */
export async function priceSession({ experiment, plan }: Session): Promise<Prices> {
  const steps = new Map(plan.steps.map((step) => [step.id, step]));
  const metrics = (id: string) => (steps.get(id)?.action === 'reuse' ? steps.get(id)?.entry?.metrics : undefined);
  return priceStages(experiment.stages, kindsByName, ({ id }) => {
    const known = metrics(id);
    return { text: readText, ...(known === undefined ? {} : { metrics: known }) };
  });
}

async function makeBill(session: Session, name: DeviceName): Promise<Bill> {
  const { experiment, plan, store } = session;
  const steps = new Map(plan.steps.map((step) => [step.id, step]));
  const priced = await priceSession(session);
  // only runs on this kind of device tell how fast it is
  const runs: readonly Run[] =
    name !== 'cpu'
      ? []
      : await runsOf([...store.entries()].filter(ranHere), kindsByName, (kind, params) => validatorOf(kind)(params));
  const standing = (id: string) => {
    const step = steps.get(id);
    if (step?.entry === undefined || step.action !== 'reuse') return { runs: true };
    const { key, provenance } = step.entry;
    return name === 'cpu' ? { runs: false, key, recorded: provenance.seconds } : { runs: false };
  };
  return billOf(experiment.stages, experiment.cells, priced, standing, devices[name], runs);
}

function ranHere({ provenance }: Readonly<{ provenance: Readonly<{ engine: string }> }>): boolean {
  return !/gpu/i.test(provenance.engine);
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined; // a checkpoint that is not here, or has no configuration: its shapes are not known
  }
}

/** See schemas/output/plan-cost.schema.json. */
function costJson(experiment: string, device: DeviceName, bill: Bill, told: readonly Agreement[]): unknown {
  return {
    experiment,
    device: { name: device, ...devices[device] },
    stages: bill.items.map(itemJson),
    toRun: bill.toRun,
    whole: bill.whole,
    rows: bill.rows.map(({ row, sum }) => ({ row, ...sum })),
    unshared: bill.unshared,
    saved: saved(bill),
    measured: told,
  };
}

function itemJson({ stage, runs, work, spent, pace, recorded, assumed, patches }: Item): unknown {
  return {
    stage: stage.id,
    kind: stage.kind,
    runs,
    flops: work?.flops,
    read: work?.read,
    written: work?.written,
    weights: work?.weights,
    trained: work?.trained,
    memory: spent?.memory,
    fits: spent?.fits,
    recomputes: spent?.recomputes,
    parts: spent?.parts,
    seconds: spent?.seconds,
    pace,
    recorded,
    assumed,
    patches,
  };
}

function saved({ whole, unshared }: Bill): Readonly<Record<'flops' | 'seconds' | 'stages', number>> {
  const less = (key: keyof Sum): number => unshared[key] - whole[key];
  return { stages: less('stages'), flops: less('flops'), seconds: less('seconds') };
}
