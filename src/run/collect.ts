import { readProgress } from '../job/folder.ts';
import { book, retryHeld, tell } from './advance.ts';
import { finish } from './finish.ts';
import type { Running, State } from './state.ts';

/** Shortest time between two looks at progress and at what other processes make, milliseconds. */
const PAUSE = 90;

/** Takes in what happened since the last call: jobs that ended, results that were kept, progress, others' work. */
export async function collect(state: State): Promise<void> {
  await pollJobs(state);
  if (state.broken.length > 0) throw state.broken[0];
  for (const [work, ending] of state.endings.splice(0)) {
    if (work.offset > 0) tellProgress(state, work);
    book(state, work, ending);
    if (ending.state === 'failed' && state.request.failFast && state.stopping === 0) state.stopping = 1;
  }
  if (Date.now() - state.lookedAt < PAUSE) return;
  state.lookedAt = Date.now();
  for (const work of state.running) tellProgress(state, work);
  retryHeld(state);
}

/** Asks the executor to ring when a job may have ended; one question is open at a time. */
export function listen(state: State): void {
  if (state.listening) return;
  state.listening = true;
  void state.request.executor.changed().then(() => {
    state.listening = false;
    state.bell.ring();
  });
}

async function pollJobs(state: State): Promise<void> {
  const open = [...state.running].filter((work) => !work.ended);
  const asked = open.filter((work) => !work.finished).map((work) => work.ticket);
  const statuses = await state.request.executor.poll(asked);
  for (const work of open) {
    const status = statuses.get(work.ticket);
    if (work.finished || status?.state === 'ended') keep(state, work, undefined);
    else if (status?.state === 'lost') keep(state, work, status.reason);
  }
}

/** Hashing outputs takes a while: first the free slot goes to the next stage, then this one is kept while that works. */
function keep(state: State, work: Running, lost: string | undefined): void {
  work.ended = true;
  nextTurn()
    .then(() => finish(work, state.request, lost, state.stopping > 0))
    .then((ending) => void state.endings.push([work, ending]))
    .catch((error: unknown) => void state.broken.push(error))
    .finally(state.bell.ring);
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

function tellProgress(state: State, work: Running): void {
  const { lines, offset } = readProgress(work.folder, work.offset);
  work.offset = offset;
  const last = lines.at(-1);
  if (last === undefined) return;
  tell(state, {
    type: 'progress',
    at: last.at,
    stage: work.node.step.id,
    step: last.step,
    of: last.of,
    values: last.values,
  });
}
