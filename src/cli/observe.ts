import { readFileSync } from 'node:fs';
import { readProgress } from '../job/folder.ts';
import type { Plan, Step } from '../plan/step.ts';
import { makeTable } from '../report/table.ts';
import type { Experiment } from '../spec/experiment.ts';
import type { SqliteStore } from '../store/sqlite.ts';
import type { Key } from '../store/store.ts';
import type { ItemState, Open, StageItem } from '../ui/browse/world.ts';
import type { StageState, Stages } from '../ui/stages.ts';
import { failedAttempt } from './attempt.ts';
import { needsOf, stagesAbove } from './boards.ts';
import { reasonText } from './changes.ts';
import { keysAtWork, readingsOf } from './readings.ts';

const itemStates = { reuse: 'cached', run: 'to run', depends: 'waits', blocked: 'blocked' } as const;

const cellStates: Readonly<Record<ItemState, StageState>> = {
  cached: 'cached',
  running: 'running',
  failed: 'failed',
  'to run': 'queued',
  waits: 'queued',
  blocked: 'blocked',
};

/** How an experiment stands, read off its plan, the store and the folders of jobs at work, whoever runs them. */
export function observe(experiment: Experiment, plan: Plan, store: SqliteStore): Open {
  const leased = keysAtWork(store);
  const stages = plan.steps.map((step) => itemOf(step, store, leased));
  const failed = new Set(stages.filter(({ state }) => state === 'failed').map(({ id }) => id));
  const readings = readingsOf(plan, { leased, failed });
  const above = stagesAbove(experiment.stages);
  const states: Stages = new Map(stages.map(({ id, state }) => [id, cellStates[state]]));
  return {
    experiment,
    plan,
    boards: experiment.tables.map((spec) => {
      const table = makeTable(experiment, spec, readings);
      return { table, needs: needsOf(table, above) };
    }),
    stages,
    items: new Map(stages.map((item) => [item.id, item])),
    states,
    history: [...store.entries()].filter((entry) => entry.experiment === experiment.name).reverse(),
  };
}

function itemOf(step: Step, store: SqliteStore, leased: ReadonlySet<Key>): StageItem {
  const { id, spec, key } = step;
  const seconds = (step.entry ?? step.last)?.provenance.seconds;
  const base = { id, kind: spec.kind, step, ...(seconds === undefined ? {} : { seconds }) };
  if (key !== undefined && leased.has(key)) {
    const last = readProgress(store.jobFolder(key), 0).lines.at(-1);
    const progress = last === undefined ? {} : { progress: { step: last.step, of: last.of } };
    return { ...base, state: 'running', reason: reasonText(step), ...progress };
  }
  const attempt = step.action === 'run' && key !== undefined ? failedAttempt(store, key) : undefined;
  if (attempt !== undefined) return { ...base, state: 'failed', reason: attempt.failure.message.split('\n')[0] ?? '' };
  return { ...base, state: itemStates[step.action], reason: reasonText(step) };
}

const longestLog = 400_000;

/** A log as lines; of a long one its end. */
export function logLines(path: string): readonly string[] {
  let bytes: Buffer;
  try {
    bytes = readFileSync(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
  const text = bytes
    .subarray(Math.max(0, bytes.length - longestLog))
    .toString('utf8')
    .trimEnd();
  // what a program prints to move the cursor would move ours
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is removed
  const safe = text.replace(/\u001B\[[0-9;?]*[A-Za-z]|[\u0000-\u0008\u000B-\u001F\u007F]/g, '');
  return safe === '' ? [] : safe.split('\n');
}
