import type { Problem } from '../problem.ts';
import type { Metrics } from '../stages/kind.ts';
import type { Key } from '../store/store.ts';

export type Why =
  | 'cached'
  | 'never-run'
  | 'params-changed'
  | 'input-changed'
  | 'version-changed'
  | 'forced'
  | 'evicted'
  /** a file outside the store that it reads has other content */
  | 'source-changed'
  /** an input must run first: its content decides */
  | 'input-runs'
  /** it cannot run: a file it reads is not there, or an input is blocked */
  | 'source-missing'
  | 'input-blocked';

export type Failure = Readonly<{
  message: string;
  problems: readonly Problem[];
  /** the last lines of the stage's log */
  tail: readonly string[];
  log: string;
}>;

/** What happens during a run, as data: the terminal view, plain lines and JSON lines are made from it. */
export type Event =
  | Readonly<{
      type: 'planned';
      at: number;
      experiment: string;
      stages: number;
      reuse: number;
      run: number;
      depends: number;
      estimateSeconds?: number;
    }>
  | Readonly<{
      type: 'started';
      at: number;
      stage: string;
      kind: string;
      key: Key;
      why: Why;
      resumed: boolean;
      log: string;
    }>
  | Readonly<{ type: 'progress'; at: number; stage: string; step: number; of: number; values: Metrics }>
  /** another process is making it */
  | Readonly<{ type: 'waiting'; at: number; stage: string; key: Key }>
  /** slots that no stage wants went to it: so many further processes of this run make parts of it */
  | Readonly<{ type: 'helped'; at: number; stage: string; key: Key; helpers: number }>
  | Readonly<{ type: 'reused'; at: number; stage: string; key: Key; metrics: Metrics }>
  | Readonly<{
      type: 'finished';
      at: number;
      stage: string;
      key: Key;
      metrics: Metrics;
      seconds: number;
      engine: string;
    }>
  | Readonly<{ type: 'failed'; at: number; stage: string; key: Key; failure: Failure }>
  /** not run because an input failed */
  | Readonly<{ type: 'blocked'; at: number; stage: string; by: string }>
  /** ended before it was done, as the run stops; a checkpoint that it wrote is kept */
  | Readonly<{ type: 'stopped'; at: number; stage: string; key: Key }>
  | Readonly<{ type: 'stopping'; at: number; force: boolean }>
  | Readonly<{
      type: 'done';
      at: number;
      outcome: 'complete' | 'failed' | 'stopped';
      ran: number;
      reused: number;
      failed: number;
      blocked: number;
      seconds: number;
    }>;
