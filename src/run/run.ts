import { startReady, takeOver, tell } from './advance.ts';
import { assist, endHelpers } from './assist.ts';
import { collect, listen } from './collect.ts';
import type { Event } from './event.ts';
import { cleanUp } from './launch.ts';
import type { RunRequest } from './request.ts';
import { createState, type State } from './state.ts';

/** How often progress is read and stages that other processes make are looked for, milliseconds. */
const TICK = 100;

/**
 * Runs what the plan says, reuses the rest, and tells what happens. Ends with `done`, whatever becomes of single stages;
 * throws only where the store or the machine itself fails.
 */
export async function* run(request: RunRequest): AsyncGenerator<Event, void> {
  const began = Date.now();
  cleanUp(request.store);
  const state = await createState(request);
  yield planned(request, began);
  takeOver(state);
  const leave = attend(state);
  try {
    for (;;) {
      await obeySignals(state);
      await startReady(state);
      await assist(state);
      yield* drain(state);
      const { running, held, queue, helpers, stopping } = state;
      const later = held.size > 0 || (queue.length > 0 && helpers.size > 0);
      const waits = running.size > 0 || (later && stopping === 0);
      if (!waits) break;
      if (state.running.size > 0) listen(state);
      await state.bell.rung();
      await collect(state);
    }
    request.store.use(request.plan.experiment, state.uses);
  } finally {
    leave();
    for (const work of state.running) if (!work.ended) await request.executor.cancel(work.ticket);
    await endHelpers(state);
  }
  yield {
    type: 'done',
    at: Date.now(),
    outcome: outcomeOf(state),
    ...state.counts,
    seconds: (Date.now() - began) / 1000,
  };
}

function planned({ plan }: RunRequest, at: number): Event {
  const { reuse, run, depends } = plan.counts;
  const { seconds, unknown } = plan.estimate;
  return {
    type: 'planned',
    at,
    experiment: plan.experiment,
    stages: plan.steps.length,
    reuse,
    run,
    depends,
    ...(unknown === 0 ? { estimateSeconds: seconds } : {}),
  };
}

function* drain(state: State): Generator<Event> {
  const events = state.events;
  state.events = [];
  yield* events;
}

/** Rings the run's bell when something may have happened; returns how to stop that. */
function attend(state: State): () => void {
  const { stop, kill } = state.request;
  const { ring } = state.bell;
  const tick = setInterval(ring, TICK);
  stop.addEventListener('abort', ring);
  kill.addEventListener('abort', ring);
  return () => {
    clearInterval(tick);
    stop.removeEventListener('abort', ring);
    kill.removeEventListener('abort', ring);
  };
}

/** Stop lets running stages write a checkpoint, kill does not. */
async function obeySignals(state: State): Promise<void> {
  const { stop, kill, executor } = state.request;
  const asked = kill.aborted ? 2 : stop.aborted ? 1 : 0;
  if (asked > state.stopping) {
    state.stopping = asked;
    tell(state, { type: 'stopping', at: Date.now(), force: asked === 2 });
  }
  for (const work of state.running) {
    while (!work.ended && work.cancels < state.stopping) {
      work.cancels += 1;
      await executor.cancel(work.ticket);
    }
  }
}

function outcomeOf({ counts, request, nodes }: State): 'complete' | 'failed' | 'stopped' {
  const whole = [...nodes.values()].every((node) => node.state === 'done');
  if (whole) return 'complete';
  return request.stop.aborted || request.kill.aborted || counts.failed + counts.blocked === 0 ? 'stopped' : 'failed';
}
