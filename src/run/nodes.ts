import type { Digest } from '../hash.ts';
import type { Identity } from '../plan/key.ts';
import type { Plan, Step } from '../plan/step.ts';
import type { AnyKind } from '../stages/kind.ts';
import type { Entry, Key } from '../store/store.ts';

export type NodeState =
  | 'pending' // an input is not there yet
  | 'ready' // in the queue
  | 'held' // another process makes it
  | 'follows' // another stage of this run makes the same key
  | 'running'
  | 'done'
  | 'failed'
  | 'blocked'
  | 'stopped';

/** A stage of the plan during a run. */
export type Node = {
  readonly step: Step;
  readonly kind: AnyKind;
  readonly dependants: Node[];
  readonly forced: boolean;
  /** stages on the longest way from here to a result: the higher, the sooner it should start */
  height: number;
  state: NodeState;
  /** inputs that are not there yet */
  missing: number;
  key?: Key;
  identity?: Identity;
  entry?: Entry;
  /** the wait for another process was told */
  told?: boolean;
};

export type Nodes = ReadonlyMap<string, Node>;

export function buildNodes(plan: Plan, kinds: readonly AnyKind[], force: true | readonly string[] = []): Nodes {
  const byName = new Map(kinds.map((kind) => [kind.kind, kind]));
  const forced = new Set(force === true ? [] : force);
  const nodes = new Map<string, Node>();
  for (const step of plan.steps) {
    const kind = byName.get(step.spec.kind);
    if (kind === undefined)
      throw new Error(`stage ${step.id} is of kind ${step.spec.kind}, which is not in the list of kinds`);
    const isForced = force === true || forced.has(step.id) || forced.has(step.spec.name);
    nodes.set(step.id, { step, kind, dependants: [], forced: isForced, height: 0, state: 'pending', missing: 0 });
  }
  for (const node of nodes.values()) {
    for (const id of inputStages(node)) {
      nodeOf(nodes, id).dependants.push(node);
      node.missing += 1;
    }
  }
  // the plan is in topological order: from the back, dependants come first
  for (const node of [...nodes.values()].reverse()) {
    for (const dependant of node.dependants) node.height = Math.max(node.height, dependant.height + 1);
  }
  return nodes;
}

/** Puts a stage into a queue, the highest first; of equal ones the first to come stays first. */
export function enqueue(queue: Node[], node: Node): void {
  let [low, high] = [0, queue.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((queue[middle] as Node).height >= node.height) low = middle + 1;
    else high = middle;
  }
  queue.splice(low, 0, node);
}

export function nodeOf(nodes: Nodes, id: string): Node {
  const node = nodes.get(id);
  if (node === undefined) throw new Error(`stage ${id} is not in the plan of ${nodes.size} stages`);
  return node;
}

/** Content of the inputs of a stage whose inputs are all there, by port. */
export function inputDigests(nodes: Nodes, node: Node): Readonly<Record<string, Digest>> {
  const digests: Record<string, Digest> = {};
  for (const [port, ref] of Object.entries(node.step.spec.inputs)) {
    const outputs = nodeOf(nodes, ref.stage).entry?.outputs;
    const digest = outputs?.[ref.port];
    if (digest === undefined)
      throw new Error(
        `input ${port} of ${node.step.id}: ${ref.stage} left ${Object.keys(outputs ?? {}).join(', ')}, not ${ref.port}`,
      );
    digests[port] = digest;
  }
  return digests;
}

/** Marks a stage as made; returns the stages that waited for nothing else. */
export function settle(node: Node, entry: Entry): readonly Node[] {
  node.state = 'done';
  node.entry = entry;
  return node.dependants.filter((dependant) => {
    dependant.missing -= 1;
    return dependant.missing === 0 && dependant.state === 'pending';
  });
}

/** Marks everything that needs a failed stage; returns what was not marked before. */
export function block(node: Node): readonly Node[] {
  const blocked: Node[] = [];
  const walk = (from: Node): void => {
    for (const dependant of from.dependants) {
      if (dependant.state !== 'pending') continue;
      dependant.state = 'blocked';
      blocked.push(dependant);
      walk(dependant);
    }
  };
  walk(node);
  return blocked;
}

function inputStages(node: Node): ReadonlySet<string> {
  return new Set(Object.values(node.step.spec.inputs).map((ref) => ref.stage));
}
