import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Executor } from '../../src/executors/executor.ts';
import { createInlineExecutor } from '../../src/executors/inline.ts';
import type { Json } from '../../src/hash.ts';
import { plan } from '../../src/plan/plan.ts';
import type { Plan } from '../../src/plan/step.ts';
import type { Event } from '../../src/run/event.ts';
import type { RunRequest } from '../../src/run/request.ts';
import { run } from '../../src/run/run.ts';
import type { Experiment, StageSpec } from '../../src/spec/experiment.ts';
import { createMemoryStore } from '../../src/store/memory.ts';
import { createSources } from '../../src/store/sources.ts';
import type { Store } from '../../src/store/store.ts';
import { removeTree } from '../../src/store/tree.ts';
import { kinds } from '../executors/fixtures/kinds.mjs';

/** `id: [kind, params, ids of the stages it reads]`, inputs first. */
export type Stages = Readonly<Record<string, readonly [kind: string, params: Json, inputs?: readonly string[]]>>;

export type Rig = Readonly<{
  root: string;
  store: Store;
  plan(stages: Stages, force?: readonly string[]): Promise<Plan>;
  /** runs to the end and returns what was told */
  run(stages: Stages, change?: Partial<RunRequest>): Promise<readonly Event[]>;
  start(stages: Stages, change?: Partial<RunRequest>): AsyncGenerator<Event, void>;
  close(): void;
}>;

/** A store below a new folder and an executor in this process, over the kinds of test/executors/fixtures. */
export function createRig(openStore: (root: string) => Store = createMemoryStore): Rig {
  const root = mkdtempSync(join(tmpdir(), 'seagraph-run-'));
  const store = openStore(join(root, 'cache'));
  const executor: Executor = createInlineExecutor(kinds);
  const never = new AbortController().signal;
  const sources = createSources({ load: () => new Map(), save: () => {} });
  const makePlan = async (stages: Stages, force?: true | readonly string[]): Promise<Plan> => {
    const experiment = experimentOf(stages);
    const paths = experiment.stages.flatMap(({ params }) => sourceOf(params));
    const digests = await sources(paths);
    return plan(experiment, kinds, store, (path) => digests.get(path), force === undefined ? {} : { force });
  };
  const start = async function* (stages: Stages, change: Partial<RunRequest> = {}): AsyncGenerator<Event, void> {
    yield* run({
      plan: await makePlan(stages, change.force),
      kinds,
      store,
      executor,
      sources,
      jobs: 2,
      failFast: false,
      stop: never,
      kill: never,
      origin: { seagraph: 'test' },
      ...change,
    });
  };
  return {
    root,
    store,
    plan: makePlan,
    start,
    async run(stages, change) {
      const events: Event[] = [];
      for await (const event of start(stages, change)) events.push(event);
      return events;
    },
    close() {
      store.close();
      removeTree(root);
    },
  };
}

export function experimentOf(stages: Stages): Experiment {
  const at = { file: 'trial.yaml', line: 1, column: 1 };
  const specs = Object.entries(stages).map(([id, [kind, params, inputs = []]]): StageSpec => {
    const refs = Object.fromEntries(inputs.map((stage, index) => [`in${index}`, { stage, port: 'out' }]));
    return { id, name: id, kind, params, inputs: refs, at };
  });
  return { name: 'trial', file: 'trial.yaml', rows: [], seeds: [], cells: [], stages: specs, tables: [] };
}

/** The ids of the stages that events of a type name, in order. */
export function told(events: readonly Event[], type: Event['type']): readonly string[] {
  return events.filter((event) => event.type === type).map((event) => ('stage' in event ? event.stage : ''));
}

export function done(events: readonly Event[]): Extract<Event, { type: 'done' }> {
  const last = events.at(-1);
  if (last?.type !== 'done') throw new Error(`the last event is ${last?.type}, not done`);
  return last;
}

function sourceOf(params: Json): readonly string[] {
  const source = params !== null && typeof params === 'object' && 'source' in params ? params.source : undefined;
  return typeof source === 'string' ? [source] : [];
}
