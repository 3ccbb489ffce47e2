import type { Event } from '../run/event.ts';

/** How far a stage of a run is. `waits`: another process is making it. */
export type StageState = 'queued' | 'running' | 'waits' | 'cached' | 'made' | 'failed' | 'blocked';
export type Stages = ReadonlyMap<string, StageState>;

/** What a cell of a table waits for: `over` of its `of` stages that were not cached are done. */
export type Work = Readonly<{ state: StageState; over: number; of: number }>;

const after: Readonly<Partial<Record<Event['type'], StageState>>> = {
  started: 'running',
  waiting: 'waits',
  reused: 'cached',
  finished: 'made',
  failed: 'failed',
  blocked: 'blocked',
  stopped: 'queued',
};

/** The states after some events, taken together: a copy for each would make a long run's start slow. */
export function stagesAfter(before: Stages, events: readonly Event[]): Stages {
  const changes = events.flatMap((event): readonly (readonly [string, StageState])[] => {
    const state = after[event.type];
    return state === undefined || !('stage' in event) ? [] : [[event.stage, state]];
  });
  return changes.length === 0 ? before : new Map([...before, ...changes]);
}

/** The state of a number that these stages lead to: a failure decides, then what is at work, then what is queued. */
export function workOf(ids: readonly string[], stages: Stages): Work {
  const counts = { queued: 0, running: 0, waits: 0, cached: 0, made: 0, failed: 0, blocked: 0 };
  for (const id of ids) counts[stages.get(id) ?? 'queued'] += 1;
  const order = ['failed', 'blocked', 'running', 'waits', 'queued', 'made'] as const;
  const state = order.find((name) => counts[name] > 0) ?? (ids.length === 0 ? 'queued' : 'cached');
  return { state, over: counts.made, of: ids.length - counts.cached };
}
