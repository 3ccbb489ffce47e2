import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canonicalJson, type Digest, type Json, sha256 } from '../../src/hash.ts';
import { identify, keyOf } from '../../src/plan/key.ts';
import type { Experiment, StageSpec } from '../../src/spec/experiment.ts';
import { fakeKinds } from './fake-kinds.ts';
import { loaded } from './files.ts';

const stages: Record<string, Json> = {
  data: { kind: 'data', images: 10, seed: 3 },
  more: { kind: 'data', images: 20 },
  model: { kind: 'train', data: 'data.data', words: 'data.words' },
  tuned: { kind: 'train', data: 'more.data', epochs: 2 },
  gqa: { kind: 'score', model: 'model', benchmark: 'gqa' },
  pope: { kind: 'score', model: 'tuned', benchmark: 'pope' },
};

const difference = fc.oneof(
  fc.tuple(fc.constantFrom('model.epochs', 'tuned.epochs', 'more.images'), fc.integer({ min: 1, max: 3 })),
  fc.tuple(fc.constantFrom('model.align.weight', 'tuned.align.weight'), fc.constantFrom(0, 0.5)),
  fc.tuple(fc.constantFrom('model.data', 'tuned.data'), fc.constantFrom('data.data', 'more.data')),
  fc.tuple(fc.constant('model.note'), fc.constantFrom('a', 'b')),
);
const row = fc.array(difference, { maxLength: 3 }).map((pairs) => Object.fromEntries(pairs));
const rows = fc.uniqueArray(fc.tuple(fc.constantFrom('A', 'B', 'C', 'D'), row), {
  selector: ([name]) => name,
  minLength: 1,
});
const experiment = fc.record({
  rows: rows.map((pairs) => Object.fromEntries(pairs)),
  seeds: fc.uniqueArray(fc.nat(3), { minLength: 1, maxLength: 3 }),
  vary: fc.constantFrom(
    {},
    { 'tuned.optimiser': ['adamw', 'muon'] },
    { 'data.images': [10, 11], 'gqa.benchmark': ['gqa', 'pope'] },
  ),
});

const read = (draft: object) => loaded(JSON.stringify({ name: 'x', stages, ...draft }));

/** The key of every stage, as if each stage's outputs were named by its key. */
function keys(stages: readonly StageSpec[]): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  const kinds = new Map(fakeKinds.map((kind) => [kind.kind, kind]));
  for (const { id, kind, params, inputs } of stages) {
    const digests = Object.entries(inputs).map(
      ([port, ref]) => [port, sha256(`${found.get(ref.stage)}.${ref.port}`)] as const,
    );
    const identity = identify(
      kinds.get(kind) as (typeof fakeKinds)[number],
      params,
      Object.fromEntries(digests),
      () => sha256('') as Digest,
    );
    if ('missing' in identity) throw new Error('no sources here');
    found.set(id, keyOf(identity));
  }
  return found;
}

/** What each cell computes, without ids: row, seed and stage name to key. */
function contents(experiment: Experiment): ReadonlyMap<string, string> {
  const byId = keys(experiment.stages);
  return new Map(
    experiment.cells.flatMap(({ row, seed, stages }) =>
      Object.entries(stages).map(([name, id]) => [`${row} ${seed} ${name}`, byId.get(id) as string] as const),
    ),
  );
}

const reversed = <T>(record: Record<string, T>) => Object.fromEntries(Object.entries(record).reverse());
const sorted = (map: ReadonlyMap<string, string>) => [...map].sort(([a], [b]) => (a < b ? -1 : 1));

fc.configureGlobal({ numRuns: 40 });

describe('expansion', () => {
  it('does not depend on the order of stages, rows, keys and seeds', () => {
    fc.assert(
      fc.property(experiment, (draft) => {
        const turned = {
          ...draft,
          stages: reversed(
            Object.fromEntries(
              Object.entries(stages).map(([name, stage]) => [name, reversed(stage as Record<string, Json>)]),
            ),
          ),
          rows: reversed(
            Object.fromEntries(Object.entries(draft.rows).map(([name, differences]) => [name, reversed(differences)])),
          ),
          seeds: draft.seeds.toReversed(),
        };
        expect(sorted(contents(read(turned)))).toEqual(sorted(contents(read(draft))));
      }),
    );
  });

  it('makes every stage once: no two of a name are equal in kind, parameters and inputs', () => {
    fc.assert(
      fc.property(experiment, (draft) => {
        const { stages: made } = read(draft);
        const texts = made.map(({ name, kind, params, inputs }) => canonicalJson({ name, kind, params, inputs }));
        expect(new Set(texts).size).toBe(texts.length);
        expect(new Set(made.map(({ id }) => id)).size).toBe(made.length);
      }),
    );
  });

  it('gives each cell what it would have alone', () => {
    fc.assert(
      fc.property(experiment, ({ rows, seeds }) => {
        const together = contents(read({ rows, seeds }));
        for (const [name, differences] of Object.entries(rows)) {
          for (const seed of seeds) {
            const alone = contents(read({ rows: { [name]: differences }, seeds: [seed] }));
            for (const [cell, key] of alone) expect(together.get(cell)).toBe(key);
          }
        }
      }),
      { numRuns: 50 },
    );
  });

  it('puts inputs before what reads them', () => {
    fc.assert(
      fc.property(experiment, (draft) => {
        const seen = new Set<string>();
        for (const { id, inputs } of read(draft).stages) {
          for (const { stage } of Object.values(inputs)) expect(seen).toContain(stage);
          seen.add(id);
        }
      }),
    );
  });

  it('keeps every key when rows are renamed', () => {
    fc.assert(
      fc.property(experiment, (draft) => {
        const renamed = Object.fromEntries(
          Object.entries(draft.rows).map(([name, differences]) => [`${name} again`, differences]),
        );
        const before = [...contents(read(draft)).values()];
        expect([...contents(read({ ...draft, rows: renamed })).values()]).toEqual(before);
      }),
    );
  });

  it('keeps every key when the file is written otherwise', () => {
    const flow = `{"name": "x", "stages": ${JSON.stringify(stages)}}`;
    const block = `# a comment
name: 'x'
stages:
  data:
    seed: 0x3
    images: 1e1
    kind: data
${Object.entries(stages)
  .slice(1)
  .map(([name, stage]) => `  ${name}: ${JSON.stringify(stage)}   # as it was\n`)
  .join('\n')}`;
    expect(contents(loaded(block))).toEqual(contents(loaded(flow)));
  });

  it('multiplies only what a varied parameter reaches', () => {
    const values = Array.from({ length: 1000 }, (_, index) => index + 1);
    const { stages: made, cells } = read({ vary: { 'tuned.epochs': values } });
    const counts = Object.fromEntries(
      Object.keys(stages).map((name) => [name, made.filter((stage) => stage.name === name).length]),
    );
    expect(counts).toEqual({ data: 1, more: 1, model: 1, gqa: 1, tuned: 1000, pope: 1000 });
    expect(cells).toHaveLength(1000);
  });

  it('makes 10,000 cells in moments', () => {
    const values = Array.from({ length: 10_000 }, (_, index) => index + 1);
    const start = process.cpuUsage();
    expect(read({ vary: { 'tuned.epochs': values } }).cells).toHaveLength(10_000);
    // About 0.3 s on an idle core; the margin is for a busy machine.
    const { user, system } = process.cpuUsage(start);
    expect((user + system) / 1000).toBeLessThan(5000);
  });
});
