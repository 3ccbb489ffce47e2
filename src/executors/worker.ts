import { type ChildProcess, fork } from 'node:child_process';
import { appendFileSync } from 'node:fs';
import { jobPaths, readOutcome } from '../job/folder.ts';
import type { FromWorker, ToWorker } from '../job/serve.ts';
import { type Bell, createBell } from './bell.ts';
import type { Executor, Status } from './executor.ts';

export type WorkerOptions = Readonly<{
  /** the built worker.js */
  script: string;
  /** processes at most */
  workers: number;
  /** threads that TensorFlow uses for one operation: another number, other last digits */
  threads: number;
  /** operations at most that run side by side in one stage, where the cores are free: the digits stay the same */
  sideBySide: number;
  /** memory is short: a process is kept for the next stage only where that needs as much as it holds already */
  tight?: boolean;
}>;

/** How long a worker may take to end when it is told to, milliseconds. */
const PATIENCE = 2_000;

type Worker = {
  readonly child: ChildProcess;
  folder?: string /** where its output goes */;
  log?: string;
  /** bytes: the most that a stage of it was said to need; the memory of a process does not shrink */
  held: number;
  stopping: boolean;
  retired: boolean;
};
type Pool = {
  readonly options: WorkerOptions;
  readonly bell: Bell;
  readonly workers: Set<Worker>;
  readonly waiting: Readonly<{ folder: string; memory: number }>[];
  readonly status: Map<string, Status>;
};

/** A pool of warm processes, each running one stage at a time and kept for the next: an engine is opened once in each. */
export function createWorkerExecutor(options: WorkerOptions, bell: Bell = createBell()): Executor {
  const pool: Pool = { options, bell, workers: new Set(), waiting: [], status: new Map() };
  return {
    async submit(folder, { memory = 0 }) {
      pool.status.set(folder, { state: 'queued' });
      pool.waiting.push({ folder, memory });
      dispatch(pool);
      return folder;
    },
    async poll(tickets) {
      return new Map(tickets.map((ticket) => [ticket, collect(pool.status, ticket)]));
    },
    async cancel(ticket) {
      const queued = pool.waiting.findIndex(({ folder }) => folder === ticket);
      if (queued >= 0) {
        pool.waiting.splice(queued, 1);
        end(pool, ticket, { state: 'lost', reason: 'stopped before it began' });
      }
      for (const worker of pool.workers) if (worker.folder === ticket) cancel(worker);
    },
    changed: bell.rung,
    async close() {
      pool.waiting.length = 0;
      await Promise.all([...pool.workers].map(retire));
    },
  };
}

function dispatch(pool: Pool): void {
  for (let next = pool.waiting[0]; next !== undefined; next = pool.waiting[0]) {
    const { folder, memory } = next;
    const worker = idleFor(pool, memory) ?? (countAtWork(pool) < pool.options.workers ? start(pool) : undefined);
    if (worker === undefined) return;
    pool.waiting.shift();
    worker.folder = folder;
    worker.held = Math.max(worker.held, memory);
    worker.log = jobPaths.log(folder);
    worker.stopping = false;
    pool.status.set(folder, { state: 'running' });
    send(worker, { type: 'run', folder, runner: process.pid });
  }
}

/** A process without work. Where memory is short, those that hold more than the next stage needs end, and so make room. */
function idleFor({ workers, options }: Pool, memory: number): Worker | undefined {
  const idle = [...workers].filter((worker) => worker.folder === undefined && !worker.retired);
  if (options.tight !== true) return idle[0];
  const best = idle.filter(({ held }) => held <= memory).sort((a, b) => b.held - a.held)[0];
  for (const worker of idle) if (worker !== best) void retire(worker);
  return best;
}

function countAtWork(pool: Pool): number {
  return [...pool.workers].filter((worker) => !worker.retired).length;
}

function start(pool: Pool): Worker {
  const child = fork(pool.options.script, [], {
    env: workerEnvironment(pool.options),
    execArgv: [],
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  const worker: Worker = { child, held: 0, stopping: false, retired: false };
  pool.workers.add(worker);
  const keep = (text: Buffer): void => {
    if (worker.log !== undefined) appendFileSync(worker.log, text);
  };
  child.stdout?.on('data', keep);
  child.stderr?.on('data', keep);
  child.on('message', (message: FromWorker) => {
    delete worker.folder;
    if (!message.warm) void retire(worker);
    end(pool, message.folder, { state: 'ended' });
    dispatch(pool);
  });
  // `close` comes after the last output, so that the log of a crash is whole.
  child.on('close', (code, signal) => gone(pool, worker, code, signal));
  child.on('error', (error) => keep(Buffer.from(`${error.message}\n`)));
  return worker;
}

/** Memory in huge pages that is not given back between steps costs a training step 5 % less (glibc on Linux; else unknown). */
const MALLOC = ['hugetlb=1', `mmap_threshold=${2 ** 30}`, `trim_threshold=${2 ** 32}`];

/** What a process with an engine is started with. */
export function workerEnvironment({
  threads,
  sideBySide,
}: Pick<WorkerOptions, 'threads' | 'sideBySide'>): NodeJS.ProcessEnv {
  return {
    GLIBC_TUNABLES: MALLOC.map((setting) => `glibc.malloc.${setting}`).join(':'),
    ...process.env,
    TF_NUM_INTRAOP_THREADS: String(threads),
    TF_NUM_INTEROP_THREADS: String(sideBySide),
    OMP_NUM_THREADS: String(threads),
  };
}

function gone(pool: Pool, worker: Worker, code: number | null, signal: NodeJS.Signals | null): void {
  pool.workers.delete(worker);
  const { folder } = worker;
  if (folder !== undefined) {
    const status: Status =
      readOutcome(folder) === undefined
        ? { state: 'lost', reason: reasonOf(worker, code, signal) }
        : { state: 'ended' };
    end(pool, folder, status);
  }
  dispatch(pool);
}

function reasonOf(worker: Worker, code: number | null, signal: NodeJS.Signals | null): string {
  if (worker.stopping) return 'stopped at once';
  if (signal === 'SIGKILL') return 'its process was killed (SIGKILL): the system may have run out of memory';
  return signal === null ? `its process ended with exit code ${code}` : `its process was ended by ${signal}`;
}

function cancel(worker: Worker): void {
  if (worker.stopping) worker.child.kill('SIGKILL');
  else send(worker, { type: 'stop' });
  worker.stopping = true;
}

function send(worker: Worker, message: ToWorker): void {
  // A worker that is ending closes its channel first; `close` tells what became of its job.
  if (worker.child.connected) worker.child.send(message, () => {});
}

async function retire(worker: Worker): Promise<void> {
  worker.retired = true;
  const { child } = worker;
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  if (child.connected) child.disconnect();
  const late = setTimeout(() => child.kill('SIGKILL'), PATIENCE);
  await ended;
  clearTimeout(late);
}

function end(pool: Pool, folder: string, status: Status): void {
  pool.status.set(folder, status);
  pool.bell.ring();
}

/** A status that is final is told once. */
function collect(status: Map<string, Status>, ticket: string): Status {
  const value = status.get(ticket) ?? { state: 'lost', reason: 'not a job of this process' };
  if (value.state === 'ended' || value.state === 'lost') status.delete(ticket);
  return value;
}
