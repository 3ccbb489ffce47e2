import type { AnyKind, Needs } from '../stages/kind.ts';
import { createBell } from './bell.ts';
import type { Executor } from './executor.ts';
import { createInlineExecutor } from './inline.ts';
import { createWorkerExecutor, type WorkerOptions } from './worker.ts';

/** This machine: light stages in the runner itself, those with an engine or heavy JavaScript in warm worker processes. */
export function createLocalExecutor(kinds: readonly AnyKind[], options: WorkerOptions): Executor {
  const bell = createBell();
  const inline = createInlineExecutor(kinds, bell);
  const worker = createWorkerExecutor(options, bell);
  const inWorker = new Set<string>();
  const placeOf = (ticket: string): Executor => (inWorker.has(ticket) ? worker : inline);
  return {
    async submit(folder, needs) {
      if (needsProcess(needs)) inWorker.add(folder);
      else inWorker.delete(folder);
      return placeOf(folder).submit(folder, needs);
    },
    async poll(tickets) {
      const [light, heavy] = [
        tickets.filter((ticket) => !inWorker.has(ticket)),
        tickets.filter((ticket) => inWorker.has(ticket)),
      ];
      return new Map([...(await inline.poll(light)), ...(await worker.poll(heavy))]);
    },
    cancel: (ticket) => placeOf(ticket).cancel(ticket),
    changed: bell.rung,
    async close() {
      await Promise.all([inline.close(), worker.close()]);
    },
  };
}

function needsProcess(needs: Needs): boolean {
  return needs.engine || needs.heavy === true;
}
