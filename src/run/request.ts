import type { Executor } from '../executors/executor.ts';
import type { Digest } from '../hash.ts';
import type { Plan } from '../plan/step.ts';
import type { AnyKind } from '../stages/kind.ts';
import type { Store } from '../store/store.ts';

/** What a run needs; built at the edge (cli.ts). */
export type RunRequest = Readonly<{
  /** what to reuse, what to run and why */
  plan: Plan;
  kinds: readonly AnyKind[];
  /** stages to run although cached, by id or name, as they were given to the plan */
  force?: true | readonly string[];
  store: Store;
  executor: Executor;
  /** digests of files and folders outside the store, read again when a stage ends: a source must not change under it */
  sources(paths: readonly string[]): Promise<ReadonlyMap<string, Digest>>;
  /** stages at work at the same time */
  jobs: number;
  /** of them with an engine; default: all */
  engines?: number;
  /** bytes that stages at work may hold together, and what each holds; one stage may always run */
  memory?: Readonly<{ limit: number; needs: ReadonlyMap<string, number> }>;
  /** stop at the first failure instead of finishing what does not depend on it */
  failFast: boolean;
  /** aborted: let running stages checkpoint, start no more */
  stop: AbortSignal;
  /** aborted: end running stages at once */
  kill: AbortSignal;
  /** recorded with every entry */
  origin: Readonly<{ seagraph: string; commit?: string }>;
}>;
