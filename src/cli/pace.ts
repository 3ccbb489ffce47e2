import { availableParallelism, cpus, loadavg } from 'node:os';
import { fileURLToPath } from 'node:url';
import { devices } from '../cost/device.ts';
import { spend } from '../cost/spend.ts';
import type { Pace } from '../executors/pace.ts';
import { duration } from '../report/style.ts';
import { linkedEngine } from '../setup/link.mjs';
import { kindsByName } from '../stages/kinds.ts';
import { type Kept, keepPace, readPace } from '../store/paces.ts';
import type { Context } from './context.ts';
import type { Prices } from './cost.ts';
import type { Session } from './session.ts';
import { MOST_JOBS } from './workload.ts';

/** Raised when what is measured changes: what was kept before is measured again. */
const METHOD = 1;

/** Measuring takes a few seconds; it is done where engines are expected to work for longer than this, seconds. */
const WORTH_MEASURING = 240;

/**
 * How stages share this machine, or undefined where that has not been measured and need not be. Whether several stages with
 * a part of the threads each or one stage with all of them get more done differs from machine to machine, and the same
 * number of threads gives the same last digits; so it is measured once (see `measurePace`), before the first run in which
 * engines are expected to work for some minutes, and kept in the cache for this processor, its cores and this engine. A run
 * that has nothing to do, or only commands, neither measures nor looks. While others keep the cores busy nothing is measured.
 */
export async function paceOf(session: Session, priced: Prices, { output }: Context): Promise<Pace | undefined> {
  const machine = machineOf();
  const work = machine === undefined ? 0 : expectedSeconds(session, priced);
  if (machine === undefined || work === 0) return undefined;
  const { root } = session.store;
  const known = readPace<Pace>(root, machine);
  if (known !== undefined) return known.pace;
  const isBusy = (loadavg()[0] ?? 0) >= availableParallelism();
  if (work < WORTH_MEASURING || isBusy) return undefined;
  output.err(`measuring how stages share this machine (once, a few seconds; ${duration(work)} of work to come)`);
  return (await measureHere(root))?.pace;
}

/** What was measured on this machine. */
export function knownPace(root: string): Kept<Pace> | undefined {
  const machine = machineOf();
  return machine === undefined ? undefined : readPace<Pace>(root, machine);
}

/** Measures and keeps it; undefined where there is nothing to choose, or a process failed. */
export async function measureHere(root: string): Promise<Kept<Pace> | undefined> {
  const machine = machineOf();
  if (machine === undefined) return undefined;
  const { measurePace } = await import('../executors/pace.ts');
  const cores = availableParallelism();
  const stages = Math.min(MOST_JOBS, cores);
  const arrangements = {
    together: { stages, threads: Math.max(1, Math.floor(cores / stages)) },
    alone: { stages: 1, threads: cores },
  };
  const script = fileURLToPath(new URL('../stages/train-language-model/pace.js', import.meta.url));
  const pace = await measurePace(script, arrangements, cores);
  return pace === undefined ? undefined : keepPace(root, machine, pace);
}

/** What a measurement is valid for: undefined where there is no choice, with one core or with WebAssembly, which has one thread. */
export function machineOf(): string | undefined {
  const cores = availableParallelism();
  const linked = linkedEngine();
  const asked = process.env['SEA_ENGINE'] ?? 'auto';
  if (cores === 1 || linked === undefined || asked === 'wasm') return undefined;
  const device = linked.cuda && asked !== 'node' ? 'gpu' : 'cpu';
  const capture = process.env['SEA_CAPTURE'] === 'off' ? ', eager' : '';
  return `${cpus()[0]?.model ?? process.arch}, ${cores} cores, tensorflow ${linked.tensorflow} ${device}${capture}, method ${METHOD}`;
}

/** Seconds of one thread that stages with an engine which may run are reckoned to take. */
function expectedSeconds({ plan: { steps } }: Session, priced: Prices): number {
  const toRun = steps.filter(
    ({ action, spec }) =>
      (action === 'run' || action === 'depends') && kindsByName.get(spec.kind)?.needs(spec.params).engine === true,
  );
  return toRun.reduce((sum, { id }) => {
    const work = priced.get(id)?.work;
    // what cannot be reckoned still is some work
    return sum + (work === undefined ? 1 : spend(work, devices.cpu).seconds);
  }, 0);
}
