import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ProgressLine, readProgress, writeJob } from '../job/folder.ts';
import type { Key } from '../store/store.ts';
import { removeTree } from '../store/tree.ts';
import { identified, needsOf, tell } from './advance.ts';
import { inputPaths, request } from './launch.ts';
import type { Node } from './nodes.ts';
import { countHelpers, hasSlot, type State } from './state.ts';

/** A process that helps with a stage, in a job folder of its own. */
export type Helper = { readonly node: Node; readonly folder: string; leaving: boolean; readonly ended: false };

/** How fast a stage is made, by whomever: the steps of the last minute. */
export type Pace = { offset: number; lines: readonly ProgressLine[] };

const MINUTE = 60_000;

/** Milliseconds that a stage must still take for one more process to be worth it: that one has an engine and weights to load. */
const WORTH = 10_000;

/**
 * Gives slots that no stage wants to stages whose work can be shared, whether this run makes them or another one does;
 * takes them back when a stage wants them. Whatever becomes of a helper, the stage is its maker's.
 */
export async function assist(state: State): Promise<void> {
  await collectHelpers(state);
  const { helpers, running, request, queue, stopping } = state;
  const [next] = queue;
  const atWork = [...running].filter(({ ended }) => !ended).length + helpers.size;
  const isWanted = atWork > request.jobs || (next !== undefined && !hasSlot(state, next));
  if (stopping > 0) await dismissAll(state);
  else if (isWanted) await dismissOne(state);
  else if (next === undefined) await sendHelpers(state);
}

/** One at a time: a slot that is being freed may be enough. */
async function dismissOne(state: State): Promise<void> {
  const [helper] = state.helpers;
  if (helper !== undefined && ![...state.helpers].some(({ leaving }) => leaving)) await dismiss(state, helper);
}

async function dismissAll(state: State): Promise<void> {
  for (const helper of state.helpers) await dismiss(state, helper);
}

/** When the run ends. */
export async function endHelpers(state: State): Promise<void> {
  await dismissAll(state);
  for (await collectHelpers(state); state.helpers.size > 0; await collectHelpers(state))
    await state.request.executor.changed();
}

async function sendHelpers(state: State): Promise<void> {
  const made = [...state.running].filter(({ ended }) => !ended).map(({ node }) => node);
  for (const node of [...made, ...state.held]) {
    if (node.kind.shared !== true || state.helped.has(identified(node).key)) continue;
    while (hasSlot(state, node) && isWorthIt(state, node)) await send(state, node);
  }
}

async function send(state: State, node: Node): Promise<void> {
  const { store, executor } = state.request;
  const { key, identity } = identified(node);
  const folder = mkdtempSync(join(tmpdir(), 'seagraph-helper-'));
  const shared = { scratch: store.scratchFolder(key), replies: store.repliesFolder() };
  writeJob(folder, { ...request(node, folder, shared, inputPaths(store, identity)), assist: store.jobFolder(key) });
  await executor.submit(folder, needsOf(state, node));
  state.helpers.add({ node, folder, leaving: false, ended: false });
  tell(state, { type: 'helped', at: Date.now(), stage: node.step.id, key, helpers: countHelpers(state, node) });
}

/** At once: of what it was making others have no use. */
async function dismiss({ request: { executor } }: State, helper: Helper): Promise<void> {
  if (helper.leaving) return;
  helper.leaving = true;
  for (let times = 0; times < 2; times++) await executor.cancel(helper.folder);
}

/** A helper that ended of its own accord found nothing left to do, or cannot help: no other one is sent. */
async function collectHelpers(state: State): Promise<void> {
  if (state.helpers.size === 0) return;
  const statuses = await state.request.executor.poll([...state.helpers].map(({ folder }) => folder));
  for (const helper of state.helpers) {
    const status = statuses.get(helper.folder)?.state;
    if (status !== 'ended' && status !== 'lost') continue;
    state.helpers.delete(helper);
    if (!helper.leaving) state.helped.add(identified(helper.node).key);
    removeTree(helper.folder);
  }
}

function isWorthIt(state: State, node: Node): boolean {
  const { key } = identified(node);
  const pace = state.paces.get(key) ?? { offset: 0, lines: [] };
  state.paces.set(key, pace);
  look(pace, state, key);
  const [first, last] = [pace.lines[0], pace.lines.at(-1)];
  if (first === undefined || last === undefined || last.step <= first.step) return false;
  const left = ((last.at - first.at) / (last.step - first.step)) * (last.of - last.step);
  return left / (1 + countHelpers(state, node)) > WORTH;
}

function look(pace: Pace, { request: { store } }: State, key: Key): void {
  const { lines, offset } = readProgress(store.jobFolder(key), pace.offset);
  const all = [...pace.lines, ...lines];
  const since = (all.at(-1)?.at ?? 0) - MINUTE;
  pace.offset = offset;
  pace.lines = all.filter(({ at }) => at >= since);
}
