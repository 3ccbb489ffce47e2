import type { Needs } from '../stages/kind.ts';

export type Status =
  | Readonly<{ state: 'queued' | 'running' }>
  /** the process ended; the truth is in the job folder's outcome.json */
  | Readonly<{ state: 'ended' }>
  /** the executor knows that nothing will come: the process died, the machine vanished */
  | Readonly<{ state: 'lost'; reason: string }>;

/** Where a job runs. Tickets are strings, so that a runner that was killed can attach again. */
export interface Executor {
  submit(folder: string, needs: Needs): Promise<string>;
  poll(tickets: readonly string[]): Promise<ReadonlyMap<string, Status>>;
  /** asks for a clean stop (checkpoint); a second call stops at once */
  cancel(ticket: string): Promise<void>;
  /** resolves when a status may have changed: at once when a local job ends, after an interval on a cluster */
  changed(): Promise<void>;
  close(): Promise<void>;
}
