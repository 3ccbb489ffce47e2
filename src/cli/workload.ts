import { availableParallelism, freemem } from 'node:os';
import { mayFallShort, memoryNeeds } from '../cost/memory.ts';
import { isFasterAlone } from '../executors/pace.ts';
import { ProblemError } from '../problem.ts';
import type { RunRequest } from '../run/request.ts';
import { kinds } from '../stages/kinds.ts';
import type { Context } from './context.ts';
import { priceSession } from './cost.ts';
import { MOST_JOBS, paceOf } from './pace.ts';
import type { Session } from './session.ts';
import { parseSize } from './size.ts';

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
  const pace = asked.jobs === undefined && stated === undefined ? await paceOf(session, context) : undefined;
  const engines = pace !== undefined && isFasterAlone(pace) ? pace.alone.stages : jobs;
  const memory = shortMemory(session, jobs, memoryLimit(asked.memory ?? env['SEA_MEMORY']));
  return {
    jobs,
    engines,
    threads: stated ?? Math.max(1, Math.floor(cores / engines)),
    sideBySide: stated === undefined ? cores : 1,
    ...(memory === undefined ? {} : { memory }),
  };
}

/** What stages hold, where so many at once may not fit. */
function shortMemory(session: Session, jobs: number, limit: number): Workload['memory'] {
  const { steps, counts } = session.plan;
  if (counts.run + counts.depends === 0) return undefined;
  const needs = memoryNeeds(steps, new Map(kinds.map((kind) => [kind.kind, kind])), priceSession(session));
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
