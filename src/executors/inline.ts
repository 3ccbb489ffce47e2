import { runJob } from '../job/host.ts';
import type { AnyKind } from '../stages/kind.ts';
import { type Bell, createBell } from './bell.ts';
import type { Executor, Status } from './executor.ts';

type Running = { status: Status; readonly stop: AbortController; readonly kill: AbortController };

/** Runs stages in this process: for those that only wait for a child process or take no time. */
export function createInlineExecutor(kinds: readonly AnyKind[], bell: Bell = createBell()): Executor {
  const byName = new Map(kinds.map((kind) => [kind.kind, kind]));
  const jobs = new Map<string, Running>();
  const end = (job: Running, status: Status): void => {
    if (job.status.state === 'running') job.status = status;
    bell.ring();
  };
  return {
    async submit(folder) {
      const job: Running = { status: { state: 'running' }, stop: new AbortController(), kill: new AbortController() };
      jobs.set(folder, job);
      runJob(folder, byName, { signal: job.stop.signal, kill: job.kill.signal, alone: false }).then(
        () => end(job, { state: 'ended' }),
        (error: unknown) => end(job, { state: 'lost', reason: `its outcome could not be written: ${String(error)}` }),
      );
      return folder;
    },
    async poll(tickets) {
      return new Map(tickets.map((ticket) => [ticket, collect(jobs, ticket)]));
    },
    async cancel(ticket) {
      const job = jobs.get(ticket);
      if (job === undefined) return;
      if (!job.stop.signal.aborted) return job.stop.abort(new Error('stopped'));
      job.kill.abort();
      end(job, { state: 'lost', reason: 'stopped at once' });
    },
    changed: bell.rung,
    async close() {
      for (const job of jobs.values()) {
        job.stop.abort(new Error('closed'));
        job.kill.abort();
      }
    },
  };
}

/** A status that is final is told once. */
function collect(jobs: Map<string, Running>, ticket: string): Status {
  const status = jobs.get(ticket)?.status ?? { state: 'lost', reason: 'not a job of this process' };
  if (status.state !== 'running') jobs.delete(ticket);
  return status;
}
