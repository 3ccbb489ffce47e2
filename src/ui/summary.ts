import { duration, paint, type Style, sizeText } from '../report/style.ts';
import type { Event } from '../run/event.ts';

type Done = Extract<Event, { type: 'done' }>;

/** How a run was made: what is told beside its counts. */
export type Manner = Readonly<{
  engine?: string;
  threads: number;
  jobs: number;
  /** bytes that stages at work might hold together, where that could be too little */
  memory?: number;
}>;

/** The last line of a run: `complete: 12 run, 40 reused, 0 failed in 3.2 s · engine tensorflow 2.21.0 cpu, 1 thread x 2 jobs`. */
export function summaryLine(done: Done, manner: Manner, style: Style): string {
  const tone = { complete: 'good', failed: 'bad', stopped: 'warn' } as const;
  const counts = [`${done.ran} run`, `${done.reused} reused`, `${done.failed} failed`];
  if (done.blocked > 0) counts.push(`${done.blocked} not run because of it`);
  const threads = `${manner.threads} thread${manner.threads === 1 ? '' : 's'}`;
  const jobs = `${manner.jobs} job${manner.jobs === 1 ? '' : 's'}`;
  const fits = manner.memory === undefined ? '' : `, as fits in ${sizeText(manner.memory)}`;
  const engine = manner.engine === undefined ? '' : ` · engine ${manner.engine}, ${threads} x ${jobs}${fits}`;
  const facts = `: ${counts.join(', ')} in ${duration(done.seconds)}${engine}`;
  return `${paint(style, tone[done.outcome], paint(style, 'bold', done.outcome))}${facts}`;
}

/** The line under several experiments: `3 experiments: 900 stages asked for, 500 run, 400 reused, 0 failed in 42 m 01 s`. */
export function totalLine(ended: readonly Done[], experiments: number, style: Style): string {
  const { asked, ran, reused, failed, blocked, seconds } = countsOf(ended);
  const counts = [`${asked} stages asked for`, `${ran} run`, `${reused} reused`, `${failed} failed`];
  if (blocked > 0) counts.push(`${blocked} not run because of it`);
  const which = ended.length < experiments ? `${ended.length} of ${experiments}` : String(experiments);
  return `${paint(style, 'bold', `${which} experiments`)}: ${counts.join(', ')} in ${duration(seconds)}`;
}

/** Of several experiments together. */
export function countsOf(ended: readonly Done[]) {
  const sum = (of: (done: Done) => number): number => ended.reduce((total, done) => total + of(done), 0);
  const [ran, reused] = [sum((done) => done.ran), sum((done) => done.reused)];
  const [failed, blocked] = [sum((done) => done.failed), sum((done) => done.blocked)];
  const asked = ran + reused + failed + blocked;
  return { asked, ran, reused, failed, blocked, seconds: sum((done) => done.seconds) };
}
