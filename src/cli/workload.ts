import { availableParallelism, freemem } from 'node:os';
import { ProblemError } from '../problem.ts';
import type { RunRequest } from '../run/request.ts';
import { kindsByName } from '../stages/kinds.ts';
import type { Context } from './context.ts';
import type { Prices } from './cost.ts';
import type { Session } from './session.ts';
import { parseSize } from './size.ts';

/** Stages that may be at work at once: each holds a model in memory. */
export const MOST_JOBS = 4;

/** How many stages run at once, `engines` of them with an engine, and what each may take. `memory` is there where it may run short. */
export type Workload = Readonly<{
  jobs: number;
  engines: number;
  threads: number;
  sideBySide: number;
  memory?: NonNullable<RunRequest['memory']>;
}>;

type Asked = Readonly<{ jobs?: number; threads?: number; memory?: string }>;

/**
 * As many stages as there are cores, up to four; the engines share the cores. Where one stage with all threads was measured
 * to be faster on this machine, one stage with an engine at a time, beside light ones (`paceOf`). A stage whose neighbours are
 * idle has their cores for its independent operations, unless the number of threads is stated.
 */
export async function workloadOf(session: Session, asked: Asked, context: Context): Promise<Workload> {
  const { env } = context;
  const cores = availableParallelism();
  const jobs = asked.jobs ?? Math.min(MOST_JOBS, cores);
  const stated = asked.threads ?? readThreads(env['SEA_THREADS']);
  const limit = memoryLimit(asked.memory ?? env['SEA_MEMORY']);
  const priced = await priceWork(session);
  const isFree = asked.jobs === undefined && stated === undefined && priced !== undefined;
  const engines = isFree ? await enginesOf(session, priced, jobs, context) : jobs;
  const memory = priced === undefined ? undefined : await shortMemory(session, priced, jobs, limit);
  return {
    jobs,
    engines,
    threads: stated ?? Math.max(1, Math.floor(cores / engines)),
    sideBySide: stated === undefined ? cores : 1,
    ...(memory === undefined ? {} : { memory }),
  };
}

/** What the stages ask of a machine; undefined where nothing may run, and then nothing that prices stages is loaded. */
async function priceWork(session: Session): Promise<Prices | undefined> {
  const { counts } = session.plan;
  if (counts.run + counts.depends === 0) return undefined;
  return (await import('./cost.ts')).priceSession(session);
}

async function enginesOf(session: Session, priced: Prices, jobs: number, context: Context): Promise<number> {
  const [{ isFasterAlone }, { paceOf }] = await Promise.all([import('../executors/pace.ts'), import('./pace.ts')]);
  const pace = await paceOf(session, priced, context);
  return pace !== undefined && isFasterAlone(pace) ? pace.alone.stages : jobs;
}

/** What stages hold, where so many at once may not fit. */
async function shortMemory(
  { plan: { steps } }: Session,
  priced: Prices,
  jobs: number,
  limit: number,
): Promise<Workload['memory']> {
  const { mayFallShort, memoryNeeds } = await import('../cost/memory.ts');
  const needs = memoryNeeds(steps, kindsByName, priced);
  return mayFallShort(needs, jobs, limit) ? { limit, needs } : undefined;
}

/** Bytes: as asked, else nine tenths of what is free now on this machine or allowed in this container. */
function memoryLimit(asked: string | undefined): number {
  if (asked !== undefined && asked !== '') return parseSize(asked);
  const allowed = process.constrainedMemory();
  return 0.9 * Math.min(freemem(), allowed > 0 ? allowed : Number.POSITIVE_INFINITY);
}

function readThreads(text: string | undefined): number | undefined {
  if (text === undefined || text === '') return undefined;
  const number = Number(text);
  if (Number.isInteger(number) && number >= 1) return number;
  throw new ProblemError({
    code: 'threads',
    message: `SEA_THREADS is "${text}"`,
    hint: 'it must be a whole number from 1 on',
  });
}
