import { jobPaths } from '../job/folder.ts';
import { type Identity, identify, keyOf } from '../plan/key.ts';
import { changesSince, reasonFor } from '../plan/why.ts';
import type { Needs } from '../stages/kind.ts';
import type { Entry, Key } from '../store/store.ts';
import type { Failure, Why } from './event.ts';
import type { Ending } from './finish.ts';
import { inputPaths, prepare } from './launch.ts';
import { block, enqueue, inputDigests, type Node, settle } from './nodes.ts';
import { countHelpers, hasSlot, type Running, type State } from './state.ts';

/** Takes over what the plan reuses and queues what is ready. */
export function takeOver(state: State): void {
  const ready: Node[] = [];
  for (const node of state.nodes.values()) {
    const { step } = node;
    if (step.action === 'reuse' && step.key !== undefined && step.entry !== undefined) {
      reuse(state, node, step.key, step.entry);
    } else if (step.action === 'blocked' && node.state === 'pending') {
      node.state = 'blocked';
      tellBlocked(state, node, step.missing?.[0] ?? 'a missing file');
    } else if (node.missing === 0 && node.state === 'pending') ready.push(node);
  }
  follow(state, ready);
}

/** Starts queued stages while there are slots. A stage that another process makes is left to it. */
export async function startReady(state: State): Promise<void> {
  const { store } = state.request;
  for (let node = state.queue[0]; node !== undefined; node = state.queue[0]) {
    // a stage that was left to another run is asked for again: whoever helps with it sits in its slot
    if (state.stopping > 0 || !(hasSlot(state, node) || countHelpers(state, node) > 0)) return;
    state.queue.shift();
    const { key, identity } = identified(node);
    const others = state.inFlight.get(key);
    if (others !== undefined) {
      node.state = 'follows';
      others.push(node);
      continue;
    }
    const lease = store.begin(key);
    if (lease === undefined) {
      hold(state, node, key);
      continue;
    }
    // Made by somebody between the last look and the lease.
    const entry = node.forced ? undefined : wholeEntry(state, key);
    if (entry !== undefined) {
      lease.release();
      follow(state, reuse(state, node, key, entry));
      continue;
    }
    await launch(state, node, { key, identity }, lease);
  }
}

/** Books what came of a stage and moves on to what waited for it. */
export function book(state: State, work: Running, ending: Ending): void {
  const { node } = work;
  const { key } = identified(node);
  state.running.delete(work);
  const followers = state.inFlight.get(key) ?? [];
  state.inFlight.delete(key);
  if (ending.state === 'stopped') {
    for (const stopped of [node, ...followers]) stopped.state = 'stopped';
    tell(state, { type: 'stopped', at: Date.now(), stage: node.step.id, key });
  } else if (ending.state === 'failed') {
    for (const failed of [node, ...followers]) fail(state, failed, key, ending.failure);
  } else {
    const { entry, seconds, engine } = ending;
    state.counts.ran += 1;
    tell(state, {
      type: 'finished',
      at: Date.now(),
      stage: node.step.id,
      key,
      metrics: entry.metrics,
      seconds,
      engine,
    });
    follow(state, settle(node, entry));
    for (const follower of followers) follow(state, reuse(state, follower, key, entry));
  }
}

/** Looks again for stages that other processes were making. */
export function retryHeld(state: State): void {
  const held = [...state.held];
  state.held.clear();
  for (const node of held) resolve(state, node);
}

export function tell(state: State, event: State['events'][number]): void {
  state.events.push(event);
}

function follow(state: State, ready: readonly Node[]): void {
  for (const node of ready) resolve(state, node);
}

/** A stage whose inputs are there: its key is known now. What the store has is reused, the rest queues. */
function resolve(state: State, node: Node): void {
  if (node.key === undefined) {
    const found = identify(node.kind, node.step.spec.params, inputDigests(state.nodes, node), (path) =>
      state.sources.get(path),
    );
    if ('missing' in found) {
      node.state = 'blocked';
      tellBlocked(state, node, found.missing[0] ?? 'a missing file');
      return;
    }
    node.identity = found;
    node.key = keyOf(found);
  }
  const entry = node.forced ? undefined : wholeEntry(state, node.key);
  if (entry !== undefined) follow(state, reuse(state, node, node.key, entry));
  else {
    node.state = 'ready';
    enqueue(state.queue, node);
  }
}

/** The entry of a key, if all its outputs are still there. */
function wholeEntry({ request: { store } }: State, key: Key): Entry | undefined {
  const entry = store.find(key);
  return entry !== undefined && Object.values(entry.outputs).every((digest) => store.has(digest)) ? entry : undefined;
}

function reuse(state: State, node: Node, key: Key, entry: Entry): readonly Node[] {
  const { id, spec } = node.step;
  node.key = key;
  state.counts.reused += 1;
  state.uses.push({ stage: id, name: spec.name, key });
  tell(state, { type: 'reused', at: Date.now(), stage: id, key, metrics: entry.metrics });
  return settle(node, entry);
}

function hold(state: State, node: Node, key: Key): void {
  node.state = 'held';
  state.held.add(node);
  if (node.told === true) return;
  node.told = true;
  tell(state, { type: 'waiting', at: Date.now(), stage: node.step.id, key });
}

async function launch(
  state: State,
  node: Node,
  { key, identity }: { key: Key; identity: Identity },
  lease: Running['lease'],
): Promise<void> {
  const { store, executor, plan } = state.request;
  const { folder, job, finished, resumed } = prepare(store, node, key, inputPaths(store, identity));
  const ticket = finished ? folder : await executor.submit(folder, needsOf(state, node));
  node.state = 'running';
  state.inFlight.set(key, []);
  state.running.add({
    node,
    identity,
    lease,
    folder,
    job,
    ticket,
    experiment: plan.experiment,
    startedAt: Date.now(),
    offset: 0,
    finished,
    ended: false,
    cancels: 0,
  });
  const { id, spec } = node.step;
  tell(state, {
    type: 'started',
    at: Date.now(),
    stage: id,
    kind: spec.kind,
    key,
    why: whyOf(state, node, key),
    resumed,
    log: jobPaths.log(folder),
  });
}

/** As its kind states them; memory as it was measured or reckoned, where that counts. */
export function needsOf({ request: { memory } }: State, { kind, step }: Node): Needs {
  const need = memory?.needs.get(step.id);
  return { ...kind.needs(step.spec.params), ...(need === undefined ? {} : { memory: need }) };
}

/** Known from the plan, unless the plan had to wait for the content of an input. */
function whyOf({ request: { store } }: State, node: Node, key: Key): Why {
  const { action, why, last, spec } = node.step;
  if (action === 'run') return why;
  if (node.forced) return 'forced';
  if (store.find(key) !== undefined) return 'evicted';
  if (last === undefined || node.identity === undefined) return 'never-run';
  const inputs = Object.fromEntries(
    Object.entries(node.identity.inputs).map(([port, digest]) => [
      port,
      { stage: spec.inputs[port]?.stage ?? spec.id, digest },
    ]),
  );
  return reasonFor(changesSince(last, { ...node.identity, inputs }));
}

function fail(state: State, node: Node, key: Key, failure: Failure): void {
  node.state = 'failed';
  state.counts.failed += 1;
  tell(state, { type: 'failed', at: Date.now(), stage: node.step.id, key, failure });
  for (const blocked of block(node)) tellBlocked(state, blocked, node.step.id);
}

function tellBlocked(state: State, node: Node, by: string): void {
  state.counts.blocked += 1;
  tell(state, { type: 'blocked', at: Date.now(), stage: node.step.id, by });
}

/** Key and identity of a stage whose inputs are there. */
export function identified(node: Node): { key: Key; identity: Identity } {
  if (node.key === undefined || node.identity === undefined)
    throw new Error(`stage ${node.step.id} was queued without a key`);
  return { key: node.key, identity: node.identity };
}
