import type { Digest } from '../hash.ts';
import type { Experiment, StageSpec } from '../spec/experiment.ts';
import type { AnyKind } from '../stages/kind.ts';
import type { Entry, Key, Store } from '../store/store.ts';
import { estimate } from './cost.ts';
import { type Identity, identify, keyOf } from './key.ts';
import type { Plan, Step } from './step.ts';
import { type Change, changesSince, reasonFor } from './why.ts';

/** The part of a store that planning reads. */
export type Lookup = Pick<Store, 'findMany' | 'last' | 'named' | 'has'>;
/** The content digest of a file or folder outside the store; undefined when nothing is there. */
export type Sources = (path: string) => Digest | undefined;
/** `force`: stages to run although cached, by id or name; `true` for all. */
export type PlanOptions = Readonly<{ force?: true | readonly string[] }>;

type Ready = Readonly<{ spec: StageSpec; kind: AnyKind; identity: Identity; key: Key }>;
type Context = Readonly<{
  experiment: Experiment;
  kinds: ReadonlyMap<string, AnyKind>;
  lookup: Lookup;
  sources: Sources;
  options: PlanOptions;
  /** what stages of a name stood for, looked up once */
  named: (name: string) => readonly Entry[];
}>;

/** What a run would do and why. Reads the store and digests through its arguments, changes nothing. */
export function plan(
  experiment: Experiment,
  kinds: readonly AnyKind[],
  lookup: Lookup,
  sources: Sources,
  options: PlanOptions = {},
): Plan {
  const context: Context = {
    experiment,
    kinds: new Map(kinds.map((kind) => [kind.kind, kind])),
    lookup,
    sources,
    options,
    named: remembering((name) => lookup.named(experiment.name, name)),
  };
  const steps = new Map<string, Step>();
  // Level by level: the keys of a level need the entries of the level above, and are looked up together.
  for (const level of levels(experiment.stages)) {
    const ready: Ready[] = [];
    for (const spec of level) {
      const step = prepare(spec, context, steps);
      if ('identity' in step) ready.push(step);
      else steps.set(spec.id, step);
    }
    const found = ready.length === 0 ? new Map<Key, Entry>() : lookup.findMany(ready.map((stage) => stage.key));
    for (const stage of ready) steps.set(stage.spec.id, decide(stage, found.get(stage.key), context));
  }
  const ordered = estimate(
    experiment.stages.map((spec) => stepOf(steps, spec.id)),
    context.kinds,
  );
  const counts = { reuse: 0, run: 0, depends: 0, blocked: 0 };
  for (const { action } of ordered.steps) counts[action]++;
  return { experiment: experiment.name, steps: ordered.steps, counts, estimate: ordered.estimate };
}

/** Stages by distance from the roots. Relies on the order of an expanded experiment: inputs come first. */
function levels(stages: readonly StageSpec[]): readonly (readonly StageSpec[])[] {
  const depth = new Map<string, number>();
  const levels: StageSpec[][] = [];
  for (const spec of stages) {
    let level = 0;
    for (const port in spec.inputs) {
      const { stage } = spec.inputs[port] as { stage: string };
      const above = depth.get(stage);
      if (above === undefined) throw new Error(`stage ${spec.id} comes before its input ${stage}`);
      if (above >= level) level = above + 1;
    }
    depth.set(spec.id, level);
    const peers = levels[level];
    if (peers === undefined) levels.push([spec]);
    else peers.push(spec);
  }
  return levels;
}

/** A stage whose key can be computed, or the step of one that must wait or cannot run. */
function prepare(spec: StageSpec, context: Context, steps: ReadonlyMap<string, Step>): Ready | Step {
  const kind = context.kinds.get(spec.kind);
  if (kind === undefined)
    throw new Error(`stage ${spec.id} is of kind ${spec.kind}, which is not in the list of kinds`);
  const inputs: Record<string, Digest> = {};
  const blocked: string[] = [];
  let waits = false;
  for (const [port, ref] of Object.entries(spec.inputs)) {
    const step = stepOf(steps, ref.stage);
    if (step.action === 'blocked') blocked.push(ref.stage);
    else if (step.action !== 'reuse') waits = true;
    else inputs[port] = outputOf(step, ref.port);
  }
  if (blocked.length > 0)
    return { id: spec.id, spec, action: 'blocked', why: 'input-blocked', changes: [], missing: blocked };
  const identity = identify(kind, spec.params, inputs, context.sources);
  if ('missing' in identity)
    return { id: spec.id, spec, action: 'blocked', why: 'source-missing', changes: [], missing: identity.missing };
  return waits ? waiting(spec, identity, context) : { spec, kind, identity, key: keyOf(identity) };
}

function waiting(spec: StageSpec, identity: Identity, context: Context): Step {
  const base = { id: spec.id, spec, action: 'depends', why: 'input-runs' } as const;
  const since = changesOf(spec, identity, context);
  if (since === undefined) return { ...base, changes: [], mayStop: false };
  const { last, changes } = since;
  const forced = isForced(spec, context.options);
  return {
    ...base,
    last,
    changes,
    mayStop: !forced && changes.every((change) => change.what === 'input' && change.new === undefined),
  };
}

function decide({ spec, identity, key }: Ready, entry: Entry | undefined, context: Context): Step {
  const base = { id: spec.id, spec, key } as const;
  if (entry !== undefined) {
    if (isForced(spec, context.options)) return { ...base, action: 'run', why: 'forced', entry, changes: [] };
    const whole = Object.values(entry.outputs).every((digest) => context.lookup.has(digest));
    return { ...base, action: whole ? 'reuse' : 'run', why: whole ? 'cached' : 'evicted', entry, changes: [] };
  }
  const since = changesOf(spec, identity, context);
  if (since === undefined) return { ...base, action: 'run', why: 'never-run', changes: [] };
  return { ...base, action: 'run', why: reasonFor(since.changes), ...since };
}

/**
 * What the stage stood for last, and what differs. One that was never by itself, as where its row was equal to another, is
 * compared with the nearest of its name.
 */
function changesOf(
  spec: StageSpec,
  identity: Identity,
  { experiment, lookup, named }: Context,
): Readonly<{ last: Entry; changes: readonly Change[] }> | undefined {
  const now = standing(spec, identity);
  const own = lookup.last(experiment.name, spec.id);
  let best: Readonly<{ last: Entry; changes: readonly Change[] }> | undefined;
  for (const last of own === undefined ? named(spec.name) : [own]) {
    const changes = changesSince(last, now);
    if (best === undefined || changes.length < best.changes.length) best = { last, changes };
    if (best.changes.length <= 1) break;
  }
  return best;
}

function remembering<T>(make: (name: string) => T): (name: string) => T {
  const known = new Map<string, T>();
  return (name) => {
    const found = known.get(name) ?? make(name);
    known.set(name, found);
    return found;
  };
}

function standing(spec: StageSpec, identity: Identity) {
  const inputs = Object.fromEntries(
    Object.entries(spec.inputs).map(([port, { stage }]) => {
      const digest = identity.inputs[port];
      return [port, digest === undefined ? { stage } : { stage, digest }];
    }),
  );
  return { ...identity, inputs };
}

function isForced(spec: StageSpec, { force }: PlanOptions): boolean {
  return force === true || (force !== undefined && (force.includes(spec.id) || force.includes(spec.name)));
}

function stepOf(steps: ReadonlyMap<string, Step>, id: string): Step {
  const step = steps.get(id);
  if (step === undefined) throw new Error(`no step for stage ${id} among ${steps.size}`);
  return step;
}

function outputOf(step: Step, port: string): Digest {
  const digest = step.entry?.outputs[port];
  if (digest === undefined) {
    throw new Error(
      `the entry of ${step.id} has outputs ${Object.keys(step.entry?.outputs ?? {}).join(', ')}, not "${port}"`,
    );
  }
  return digest;
}
