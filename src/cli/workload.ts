import { availableParallelism, freemem } from 'node:os';
import { mayFallShort, memoryNeeds } from '../cost/memory.ts';
import { ProblemError } from '../problem.ts';
import type { RunRequest } from '../run/request.ts';
import { kinds } from '../stages/kinds.ts';
import type { Context } from './context.ts';
import { priceSession } from './cost.ts';
import type { Session } from './session.ts';
import { parseSize } from './size.ts';

/** How many stages run at once, and what each may take. `memory` is there where it may run short. */
export type Workload = Readonly<{
  jobs: number;
  threads: number;
  sideBySide: number;
  memory?: NonNullable<RunRequest['memory']>;
}>;

type Asked = Readonly<{ jobs?: number; threads?: number; memory?: string }>;

/**
 * As many stages as there are cores, up to four: each holds a model in memory; the engines share the cores. A stage whose
 * neighbours are idle has their cores for its independent operations, unless the number of threads is stated.
 */
export function workloadOf(session: Session, asked: Asked, { env }: Context): Workload {
  const cores = availableParallelism();
  const jobs = asked.jobs ?? Math.min(4, cores);
  const stated = asked.threads ?? readThreads(env['SEA_THREADS']);
  const threads = stated ?? Math.max(1, Math.floor(cores / jobs));
  const memory = shortMemory(session, jobs, memoryLimit(asked.memory ?? env['SEA_MEMORY']));
  return {
    jobs,
    threads,
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
