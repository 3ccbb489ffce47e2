import { arch, hostname, platform } from 'node:os';
import { type JobFile, jobPaths, logTail, type Outcome, readOutcome, writeOutcome } from '../job/folder.ts';
import type { Identity } from '../plan/key.ts';
import { ProblemError } from '../problem.ts';
import type { Entry, Lease } from '../store/store.ts';
import type { Failure } from './event.ts';
import { clearFinished, clearOutputs } from './launch.ts';
import type { Node } from './nodes.ts';
import type { RunRequest } from './request.ts';

/** A stage at work: what is needed to keep what comes of it. */
export type Work = Readonly<{
  node: Node;
  identity: Identity;
  lease: Lease;
  folder: string;
  job: JobFile;
  experiment: string;
}>;

export type Ending =
  | Readonly<{ state: 'done'; entry: Entry; seconds: number; engine: string }>
  | Readonly<{ state: 'failed'; failure: Failure }>
  | Readonly<{ state: 'stopped' }>;

/**
 * Reads a job's outcome and keeps its result in the store; the lease ends either way. `lost`: why no outcome came;
 * a job that was lost while the run was `stopping` was stopped.
 */
export async function finish(
  work: Work,
  request: RunRequest,
  lost: string | undefined,
  stopping: boolean,
): Promise<Ending> {
  const outcome = readOutcome(work.folder);
  if (outcome?.state === 'stopped' || (outcome === undefined && stopping)) {
    giveUp(work, request);
    return { state: 'stopped' };
  }
  if (outcome === undefined)
    return fail(work, request, `the stage was lost: ${lost ?? 'it ended without an outcome'}`, []);
  if (outcome.state === 'failed')
    return fail(work, request, outcome.message ?? 'it gave no reason', outcome.problems ?? []);
  try {
    return await keep(work, request, outcome);
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    const problems = error instanceof ProblemError ? error.problems : [];
    // No later run may take what is left of these outputs for a result that only has to be kept.
    writeOutcome(work.folder, { ...outcome, state: 'failed', message, problems });
    return fail(work, request, message, problems);
  }
}

function fail(work: Work, request: RunRequest, message: string, problems: Failure['problems']): Ending {
  giveUp(work, request);
  return {
    state: 'failed',
    failure: { message, problems, tail: logTail(work.folder), log: jobPaths.log(work.folder) },
  };
}

function giveUp({ lease }: Work, { store }: RunRequest): void {
  clearOutputs(store, lease.key);
  lease.release();
}

async function keep(work: Work, request: RunRequest, outcome: Outcome): Promise<Ending> {
  const { node, identity, lease, job } = work;
  await checkSources(work, request);
  const entry = await request.store.commit(
    lease,
    {
      key: lease.key,
      kind: identity.kind,
      version: identity.version,
      experiment: work.experiment,
      stage: node.step.id,
      name: node.step.spec.name,
      identity: identity.identity,
      inputs: identity.inputs,
      sources: identity.sources,
      metrics: outcome.metrics,
      provenance: {
        host: hostname(),
        platform: `${platform()} ${arch()}`,
        node: process.version,
        ...request.origin,
        engine: outcome.engine,
        threads: outcome.threads,
        startedAt: outcome.startedAt,
        seconds: outcome.seconds,
        ...(outcome.share === undefined ? {} : { share: outcome.share }),
        ...(outcome.peakMemory === undefined ? {} : { peakMemory: outcome.peakMemory }),
      },
    },
    job.outputs,
  );
  clearFinished(request.store, lease.key);
  return { state: 'done', entry, seconds: outcome.seconds, engine: outcome.engine };
}

/** A result made while its sources changed belongs to neither the old nor the new content. */
async function checkSources({ node, identity }: Work, request: RunRequest): Promise<void> {
  const paths = node.kind.sources?.(node.step.spec.params) ?? [];
  if (paths.length === 0) return;
  const now = new Set((await request.sources(paths)).values());
  const before = new Set(Object.values(identity.sources));
  if (now.size === before.size && [...now].every((digest) => before.has(digest))) return;
  throw new ProblemError({
    code: 'source-changed',
    message: `a file that the stage reads changed while it ran: ${paths.join(', ')}`,
    hint: 'run again: the stage then sees the new content from the start',
  });
}
