import type { Why } from '../run/event.ts';
import type { StageSpec } from '../spec/experiment.ts';
import type { Entry, Key } from '../store/store.ts';
import type { Change } from './why.ts';

/** reuse: cached. run: inputs are there. depends: an input must run first, its content decides. blocked: cannot run. */
export type Action = 'reuse' | 'run' | 'depends' | 'blocked';

export type Step = Readonly<{
  id: string;
  spec: StageSpec;
  action: Action;
  why: Why;
  /** known when all inputs are cached */
  key?: Key;
  /** the entry of `key`; also when an output of it was evicted */
  entry?: Entry;
  /** the newest entry of this stage, when `entry` is not the answer */
  last?: Entry;
  /** what differs from `last` */
  changes: readonly Change[];
  /** only its inputs may differ from `last`: inputs that come out the same stop the work here */
  mayStop?: boolean;
  /** paths outside the store that are not there, or inputs that are blocked */
  missing?: readonly string[];
  /** estimated seconds of a stage that is not reused; absent when nothing is known */
  seconds?: number;
}>;

/** Seconds of all that may run, one after another; `unknown`: how many stages it says nothing about. */
export type Estimate = Readonly<{ seconds: number; unknown: number }>;

export type Plan = Readonly<{
  experiment: string;
  /** inputs before what reads them */
  steps: readonly Step[];
  counts: Readonly<Record<Action, number>>;
  estimate: Estimate;
}>;
