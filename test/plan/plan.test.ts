import { describe, expect, it } from 'vitest';
import { type Digest, sha256 } from '../../src/hash.ts';
import { identify, keyOf } from '../../src/plan/key.ts';
import { type Lookup, type PlanOptions, plan } from '../../src/plan/plan.ts';
import type { Plan } from '../../src/plan/step.ts';
import type { Experiment } from '../../src/spec/experiment.ts';
import type { AnyKind } from '../../src/stages/kind.ts';
import type { Entry, Key } from '../../src/store/store.ts';
import { fakeKinds } from '../spec/fake-kinds.ts';
import { loaded } from '../spec/files.ts';

const base = `name: base
stages:
  data: { kind: data, images: 10 }
  model: { kind: train, data: data.data, epochs: 1 }
  gqa: { kind: score, model: model, benchmark: gqa }
`;
const rows = 'rows: { A: {}, B: { model.epochs: 2 } }\n';
const sourceDigest = (path: string): Digest => sha256(path);

/** What a store holds, as far as planning sees it. */
type Shelf = { readonly entries: Entry[]; readonly lost: Set<string> };
const shelf = (): Shelf => ({ entries: [], lost: new Set() });

function lookup({ entries, lost }: Shelf): Lookup {
  return {
    findMany: (keys) => new Map(entries.filter((entry) => keys.includes(entry.key)).map((entry) => [entry.key, entry])),
    last: (experiment, stage) => entries.findLast((entry) => entry.experiment === experiment && entry.stage === stage),
    named: (_, name) => entries.filter((entry) => entry.name === name).reverse(),
    has: (digest) => !lost.has(digest),
  };
}

/** Runs everything: each output's content depends on the kind of the stage and what `content` says. */
function run(
  experiment: Experiment,
  into: Shelf,
  content: (id: string) => string = (id) => id,
  kinds: readonly AnyKind[] = fakeKinds,
): void {
  const made = new Map<string, Entry>();
  for (const spec of experiment.stages) {
    const kind = kinds.find((candidate) => candidate.kind === spec.kind) as AnyKind;
    const inputs = Object.fromEntries(
      Object.entries(spec.inputs).map(([port, ref]) => [port, made.get(ref.stage)?.outputs[ref.port] as Digest]),
    );
    const identity = identify(kind, spec.params, inputs, sourceDigest);
    if ('missing' in identity) throw new Error('no source is missing here');
    const ports = Object.keys(typeof kind.outputs === 'function' ? kind.outputs(spec.params) : kind.outputs);
    const outputs = Object.fromEntries(ports.map((port) => [port, sha256(`${content(spec.id)} ${port}`)]));
    const provenance = {
      host: '',
      platform: '',
      node: '',
      seagraph: '',
      engine: 'none',
      threads: 1,
      startedAt: '',
      seconds: 10,
    };
    const entry: Entry = {
      ...identity,
      key: keyOf(identity),
      experiment: experiment.name,
      stage: spec.id,
      name: spec.name,
      outputs,
      metrics: {},
      provenance,
    };
    made.set(spec.id, entry);
    into.entries.push(entry);
  }
}

function planned(
  text: string,
  store: Shelf,
  options: PlanOptions = {},
  sources: (path: string) => Digest | undefined = sourceDigest,
  kinds = fakeKinds,
): Plan {
  return plan(loaded(text), kinds, lookup(store), sources, options);
}
const actions = ({ steps }: Plan) => Object.fromEntries(steps.map((step) => [step.id, `${step.action} ${step.why}`]));
const step = (found: Plan, id: string) => found.steps.find((candidate) => candidate.id === id);

function ran(text: string): Shelf {
  const store = shelf();
  run(loaded(text), store);
  return store;
}

describe('a plan', () => {
  it('of what never ran: roots run, the rest depends on them', () => {
    const found = planned(base, shelf());
    expect(actions(found)).toEqual({ data: 'run never-run', model: 'depends input-runs', gqa: 'depends input-runs' });
    expect(found.counts).toEqual({ reuse: 0, run: 1, depends: 2, blocked: 0 });
    expect(found.steps.map((each) => each.key !== undefined)).toEqual([true, false, false]);
  });

  it('of what ran reuses everything', () => {
    const found = planned(base + rows, ran(base + rows));
    expect(found.counts).toEqual({ reuse: 5, run: 0, depends: 0, blocked: 0 });
    expect(found.estimate).toEqual({ seconds: 0, unknown: 0 });
  });

  it('after a change of one row runs only what the change reaches, and says which parameter it was', () => {
    const found = planned((base + rows).replace('epochs: 2', 'epochs: 3'), ran(base + rows));
    expect(actions(found)).toEqual({
      data: 'reuse cached',
      'model[A]': 'reuse cached',
      'gqa[A]': 'reuse cached',
      'model[B]': 'run params-changed',
      'gqa[B]': 'depends input-runs',
    });
    expect(step(found, 'model[B]')?.changes).toEqual([{ what: 'parameter', path: 'epochs', old: 2, new: 3 }]);
    const old = sha256('model[B] model');
    expect(step(found, 'gqa[B]')).toMatchObject({
      mayStop: true,
      changes: [{ what: 'input', port: 'model', stage: 'model[B]', old }],
    });
  });

  it('compares a stage that was one with another row’s with that one, not with the newest of its name', () => {
    const text = `${base}rows: { A: { model.epochs: 2 }, B: { model.epochs: 2 }, C: { data.images: 20, model.epochs: 7 } }\n`;
    const store = ran(text);
    const found = planned(text.replace('B: { model.epochs: 2 }', 'B: { model.epochs: 3 }'), store);
    expect(step(found, 'model[B]')).toMatchObject({
      last: { stage: 'model[A]' },
      changes: [{ what: 'parameter', path: 'epochs', old: 2, new: 3 }],
    });
  });

  it('does not say that work may stop where a stage itself changed as well', () => {
    const text = base.replace('images: 10', 'images: 20').replace('epochs: 1', 'epochs: 2');
    expect(planned(text, ran(base)).steps.map((each) => each.mayStop)).toEqual([undefined, false, true]);
  });

  it('ignores the order of keys, names of rows and parameters that do not matter', () => {
    const text = base.replace('data: data.data, epochs: 1', 'epochs: 1.0, note: hello, data: data.data');
    expect(planned(`${text}rows: { Other: {}, More: { model.epochs: 2 } }\n`, ran(base + rows)).counts.reuse).toBe(5);
  });

  it('finds what another experiment made', () => {
    expect(planned(base.replace('name: base', 'name: other'), ran(base)).counts.reuse).toBe(3);
  });

  it('stops early: an input that came out the same leaves what follows as it was', () => {
    const store = ran(base);
    const changed = base.replace('images: 10', 'images: 20');
    const remade = loaded(changed);
    run({ ...remade, stages: remade.stages.slice(0, 1) }, store);
    expect(actions(planned(changed, store))).toEqual({
      data: 'reuse cached',
      model: 'reuse cached',
      gqa: 'reuse cached',
    });
  });

  it('names the input that changed and the stage behind it', () => {
    const store = ran(base);
    const changed = loaded(base.replace('images: 10', 'images: 20'));
    run({ ...changed, stages: changed.stages.slice(0, 1) }, store, () => 'other');
    const found = planned(base.replace('images: 10', 'images: 20'), store);
    const [old, now] = [sha256('data data'), sha256('other data')];
    expect(step(found, 'model')).toMatchObject({
      action: 'run',
      why: 'input-changed',
      changes: [{ what: 'input', port: 'data', stage: 'data', old, new: now }],
    });
  });

  it('runs a kind again when its version is raised', () => {
    const raised = fakeKinds.map((kind) => (kind.kind === 'train' ? { ...kind, version: 4 } : kind));
    const found = planned(base, ran(base), {}, sourceDigest, raised);
    expect(step(found, 'model')).toMatchObject({
      action: 'run',
      why: 'version-changed',
      changes: [{ what: 'version', old: 3, new: 4 }],
    });
  });

  it('makes an output again that the store has lost', () => {
    const store = ran(base);
    store.lost.add(sha256('model model'));
    expect(actions(planned(base, store))).toEqual({
      data: 'reuse cached',
      model: 'run evicted',
      gqa: 'depends input-runs',
    });
  });

  it.each([[['model']], [true as const]])('runs what is forced although it is cached: %s', (force) => {
    const found = planned(base, ran(base), { force });
    const forced = force === true ? 'data' : 'model';
    expect(step(found, forced)).toMatchObject({ action: 'run', why: 'forced' });
    expect(step(found, 'gqa')?.action).toBe('depends');
  });

  it('sees when a file outside the store changed, and blocks what reads a missing one', () => {
    const text =
      'name: x\nstages:\n  a: { kind: shell, run: x, outputs: [out], files: [a.sh] }\n  b: { kind: shell, run: y, outputs: [out], inputs: { in: a } }\n';
    const store = ran(text);
    expect(planned(text, store).counts.reuse).toBe(2);
    const edited = planned(text, store, {}, () => sha256('edited'));
    expect(step(edited, 'a')).toMatchObject({ why: 'source-changed', changes: [{ what: 'source', name: 'files.0' }] });
    const missing = planned(text, store, {}, () => undefined);
    expect(actions(missing)).toEqual({ a: 'blocked source-missing', b: 'blocked input-blocked' });
    expect(step(missing, 'a')?.missing).toEqual([`${process.cwd()}/a.sh`]);
  });

  it('estimates from the last run of a stage, else from the work and speed of its kind', () => {
    const text = `${base}${rows.replace('B: {', 'C: { model.epochs: 4 }, B: {')}`;
    const found = planned(text, ran(base));
    expect(found.steps.filter((each) => each.seconds !== undefined).map((each) => [each.id, each.seconds])).toEqual([
      ['model[C]', 10],
      ['gqa[C]', 10],
      ['model[B]', 10],
      ['gqa[B]', 10],
    ]);
    const store = ran(base);
    const anonymous = {
      entries: store.entries.map((entry) => ({ ...entry, experiment: 'y', name: 'y' })),
      lost: store.lost,
    };
    const priced = planned(text, anonymous);
    expect(priced.steps.map((each) => each.seconds)).toEqual([undefined, undefined, undefined, 40, 10, 20, 10]);
    expect(planned(base, shelf()).estimate).toEqual({ seconds: 0, unknown: 3 });
  });

  it('of 10,000 stages is made in moments', () => {
    const experiment = loaded(
      `${base}vary: { model.epochs: [${Array.from({ length: 5000 }, (_, index) => index + 1).join(', ')}] }\n`,
    );
    const store = shelf();
    run(experiment, store);
    const byKey = new Map(store.entries.map((entry) => [entry.key, entry]));
    const fast: Lookup = {
      findMany: (keys: readonly Key[]) =>
        new Map(keys.flatMap((key) => (byKey.has(key) ? [[key, byKey.get(key) as Entry]] : []))),
      last: () => undefined,
      named: () => [],
      has: () => true,
    };
    const start = performance.now();
    expect(plan(experiment, fakeKinds, fast, sourceDigest).counts.reuse).toBe(10_001);
    // About 0.1 s on an idle core; the margin is for a busy machine.
    expect(performance.now() - start).toBeLessThan(3000);
  });
});
