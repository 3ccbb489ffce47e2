import { startOf } from '../process.ts';
import type { AnyKind } from '../stages/kind.ts';
import { writeProcess } from './folder.ts';
import { runJob } from './host.ts';

/** What a runner tells its worker process, and what it hears back. */
export type ToWorker = Readonly<{ type: 'run'; folder: string; runner: number }> | Readonly<{ type: 'stop' }>;
export type FromWorker = Readonly<{ type: 'ended'; folder: string; warm: boolean }>;

/** Serves job folders sent over IPC, one at a time, until the runner is gone; then this process ends at once. */
export function serve(kinds: readonly AnyKind[]): void {
  const byName = new Map(kinds.map((kind) => [kind.kind, kind]));
  let runner = process.ppid;
  let stop = new AbortController();

  const leaveOrphan = (): void => {
    if (process.ppid !== runner) process.exit(1);
  };
  const runOne = async (folder: string): Promise<void> => {
    stop = new AbortController();
    writeProcess(folder, { pid: process.pid, started: startOf(process.pid) ?? '' });
    const { state } = await runJob(folder, byName, { signal: stop.signal, alone: true, beat: leaveOrphan });
    // A stage that broke off may have left tensors behind: the next one gets a new process.
    const answer: FromWorker = { type: 'ended', folder, warm: state === 'done' };
    process.send?.(answer);
  };

  // Ctrl-C reaches every process of the terminal; the runner alone decides what it means.
  process.on('SIGINT', () => {});
  process.on('disconnect', () => process.exit(1));
  process.on('message', (message: ToWorker) => {
    if (message.type === 'stop') stop.abort(new Error('stopped'));
    else {
      // from the message: a runner that was killed while this process started is its parent no more
      runner = message.runner;
      leaveOrphan(); // before it writes into a folder that the next run may have taken over
      runOne(message.folder).catch(crash);
    }
  });
}

/** Runs one job folder; SIGTERM and SIGINT ask for a clean stop, a second one ends at once. */
export async function serveOne(folder: string, kinds: readonly AnyKind[]): Promise<number> {
  const stop = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM'] as const) {
    process.on(name, () => (stop.signal.aborted ? process.exit(130) : stop.abort(new Error('stopped'))));
  }
  writeProcess(folder, { pid: process.pid, started: startOf(process.pid) ?? '' });
  const { state } = await runJob(folder, new Map(kinds.map((kind) => [kind.kind, kind])), {
    signal: stop.signal,
    alone: true,
  });
  return state === 'done' ? 0 : state === 'stopped' ? 130 : 1;
}

/** An outcome that cannot be written: the runner sees the process end and what it said. */
function crash(error: unknown): never {
  process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
  process.exit(70);
}
