import { hasRoom } from '../cost/memory.ts';
import { type Bell, createBell } from '../executors/bell.ts';
import type { Digest } from '../hash.ts';
import type { Key, Use } from '../store/store.ts';
import type { Helper, Pace } from './assist.ts';
import type { Event } from './event.ts';
import type { Ending, Work } from './finish.ts';
import { buildNodes, type Node, type Nodes } from './nodes.ts';
import type { RunRequest } from './request.ts';

export type Running = Work & {
  readonly ticket: string;
  readonly startedAt: number;
  /** the result lay there already, from a run that was killed before it kept it */
  readonly finished: boolean;
  /** bytes of progress.jsonl that were read */
  offset: number;
  /** the executor said its last word; the outcome is being kept */
  ended: boolean;
  /** how often it was asked to stop */
  cancels: number;
};

export type Counts = { ran: number; reused: number; failed: number; blocked: number };

/** All that changes during a run; `advance.ts` changes it, `run.ts` decides when. */
export type State = {
  readonly request: RunRequest;
  readonly nodes: Nodes;
  /** content of the files and folders outside the store, when the run began */
  readonly sources: ReadonlyMap<string, Digest>;
  /** ready stages that have to run, those that most others wait behind first */
  queue: Node[];
  readonly running: Set<Running>;
  readonly held: Set<Node>;
  readonly helpers: Set<Helper>;
  /** keys that need no more help */
  readonly helped: Set<Key>;
  readonly paces: Map<Key, Pace>;
  /** keys being made here, and the other stages that wait for them */
  readonly inFlight: Map<Key, Node[]>;
  readonly endings: (readonly [Running, Ending])[];
  /** what makes the whole run impossible: the database cannot be written */
  readonly broken: unknown[];
  /** to be told by the generator */
  events: Event[];
  readonly uses: Use[];
  readonly counts: Counts;
  /** 0: goes on; 1: start no more, let running stages stop cleanly; 2: end them at once */
  stopping: 0 | 1 | 2;
  readonly bell: Bell;
  /** a question to the executor is open */
  listening: boolean;
  /** when progress was read last */
  lookedAt: number;
};

export async function createState(request: RunRequest): Promise<State> {
  const nodes = buildNodes(request.plan, request.kinds, request.force);
  const paths = [...nodes.values()]
    .filter(({ step }) => step.action !== 'reuse')
    .flatMap(({ kind, step }) => kind.sources?.(step.spec.params) ?? []);
  return {
    request,
    nodes,
    sources: await request.sources(paths),
    queue: [],
    running: new Set(),
    held: new Set(),
    helpers: new Set(),
    helped: new Set(),
    paces: new Map(),
    inFlight: new Map(),
    endings: [],
    broken: [],
    events: [],
    uses: [],
    counts: { ran: 0, reused: 0, failed: 0, blocked: 0 },
    stopping: 0,
    bell: createBell(),
    listening: false,
    lookedAt: Date.now(),
  };
}

/** Processes that help with a stage. */
export function countHelpers({ helpers }: State, node: Node): number {
  return [...helpers].filter((helper) => helper.node === node).length;
}

function hasEngine({ node: { kind, step } }: Readonly<{ node: Node }>): boolean {
  return kind.needs(step.spec.params).engine;
}

/**
 * Whether a ready stage may start now. A slot whose stage has ended and is being kept is free at once, unless what waits for
 * that stage would come before this one; under `failFast` its ending has to be known first.
 */
export function hasSlot({ running, helpers, request }: State, next: Node): boolean {
  const taken = [...running, ...helpers].filter(
    ({ ended, node }) => !ended || request.failFast || node.height - 1 > next.height,
  );
  if (taken.length >= request.jobs) return false;
  const engines = taken.filter(hasEngine).length;
  if (hasEngine({ node: next }) && engines >= (request.engines ?? request.jobs)) return false;
  const { memory } = request;
  if (memory === undefined) return true;
  const need = ({ step }: Node): number => memory.needs.get(step.id) ?? 0;
  const atWork = taken.filter(({ ended }) => !ended);
  return hasRoom(
    atWork.map(({ node }) => need(node)),
    need(next),
    memory.limit,
  );
}
