import type { Plan, Step } from '../plan/step.ts';
import type { Reading, Readings } from '../report/table.ts';
import type { SqliteStore } from '../store/sqlite.ts';
import type { Key } from '../store/store.ts';

/** What else is known of stages beside what the store says. */
export type Known = Readonly<{ failed?: ReadonlySet<string>; leased?: ReadonlySet<Key> }>;

/** Keys that a living process is making. */
export function keysAtWork(store: SqliteStore): ReadonlySet<Key> {
  const abandoned = new Set(store.sweep());
  return new Set([...store.leased()].filter((key) => !abandoned.has(key)));
}

/** What a table may show of each stage, read off a plan. */
export function readingsOf(plan: Plan, { failed, leased }: Known = {}): Readings {
  return new Map(
    plan.steps.map((step) => {
      const reading = readingOf(plan, step, failed, leased);
      if (step.action === 'reuse') return [step.id, reading];
      return [step.id, { ...reading, run: step.seconds === undefined ? {} : { seconds: step.seconds } }];
    }),
  );
}

function readingOf(
  plan: Plan,
  step: Step,
  failed: ReadonlySet<string> | undefined,
  leased: ReadonlySet<Key> | undefined,
): Reading {
  if (failed?.has(step.id) === true) return { state: 'failed' };
  // an evicted or forced stage has its numbers still
  if (step.entry !== undefined) return { state: 'measured', entry: step.entry };
  if (step.key !== undefined && leased?.has(step.key) === true) return { state: 'running' };
  // an entry of another row or experiment explains a stage, but its number is not this cell's
  const own = step.last !== undefined && step.last.stage === step.id && step.last.experiment === plan.experiment;
  return own && step.last !== undefined ? { state: 'stale', entry: step.last } : { state: 'missing' };
}
