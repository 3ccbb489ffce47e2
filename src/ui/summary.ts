import { duration, paint, type Style } from '../report/style.ts';
import type { Event } from '../run/event.ts';

type Done = Extract<Event, { type: 'done' }>;

/** How a run was made: what is told beside its counts. */
export type Manner = Readonly<{ engine?: string; threads: number; jobs: number }>;

/** The last line of a run: `complete: 12 run, 40 reused, 0 failed in 3.2 s · engine tensorflow 2.21.0 cpu, 1 thread x 2 jobs`. */
export function summaryLine(done: Done, manner: Manner, style: Style): string {
  const tone = { complete: 'good', failed: 'bad', stopped: 'warn' } as const;
  const counts = [`${done.ran} run`, `${done.reused} reused`, `${done.failed} failed`];
  if (done.blocked > 0) counts.push(`${done.blocked} not run because of it`);
  const threads = `${manner.threads} thread${manner.threads === 1 ? '' : 's'}`;
  const jobs = `${manner.jobs} job${manner.jobs === 1 ? '' : 's'}`;
  const engine = manner.engine === undefined ? '' : ` · engine ${manner.engine}, ${threads} x ${jobs}`;
  const facts = `: ${counts.join(', ')} in ${duration(done.seconds)}${engine}`;
  return `${paint(style, tone[done.outcome], paint(style, 'bold', done.outcome))}${facts}`;
}
