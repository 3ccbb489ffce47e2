import { expect, test } from 'vitest';
import { hasRoom, mayFallShort, memoryNeeds } from '../../src/cost/memory.ts';
import type { Work } from '../../src/cost/shape.ts';
import { NO_FOOTPRINT } from '../../src/cost/shape.ts';
import type { Step } from '../../src/plan/step.ts';
import { kinds } from '../../src/stages/kinds.ts';
import type { Entry } from '../../src/store/store.ts';

const byName = new Map(kinds.map((kind) => [kind.kind, kind]));

function step(id: string, kind: string, peakMemory?: number, action: Step['action'] = 'run'): Step {
  const spec = { id, name: id, kind, params: {}, inputs: {}, at: { file: '', line: 0, column: 0 } };
  const last = { kind, provenance: { peakMemory } } as Entry;
  return { id, spec, action, why: 'never-run', changes: [], ...(peakMemory === undefined ? {} : { last }) };
}

/** Of a model of so many numbers that all train, in batches whose items keep as many. */
const work = (weights: number, batch: number): Work => ({
  ...{ flops: 1, again: 0, read: 0, decoded: 0, written: 0, weights, trained: weights, batch, passes: 1 },
  item: { ...NO_FOOTPRINT, kept: weights },
});

test('a stage needs what its last run was measured to hold, else as much as the largest of its kind, else as its kind states', () => {
  const needs = memoryNeeds(
    [step('a', 'finetune', 3e9), step('b', 'finetune'), step('c', 'features'), step('d', 'benchmark', 0.4e9)],
    byName,
    new Map(),
  );
  expect(Object.fromEntries(needs)).toEqual({ a: 3e9, b: 3e9, c: 1e9, d: 0.4e9 });
});

test('a stage that is reckoned to hold more than was measured, its batch being larger now, needs that; no batch is cut', () => {
  const priced = new Map([['a', { work: work(1e9, 64), outputs: {} }]]);
  const need = memoryNeeds([step('a', 'finetune', 3e9)], byName, priced).get('a') ?? 0;
  expect(need).toBeGreaterThan(4 * 64e9);
});

test('stages without an engine need what their kind states, whatever a process measured that had worked before', () => {
  const needs = memoryNeeds(
    [step('a', 'score', 1.6e9), step('b', 'command'), step('c', 'world', 1.6e9)],
    byName,
    new Map(),
  );
  expect(Object.fromEntries(needs)).toEqual({ a: 0, b: 0, c: 400e6 });
});

test('cached stages need nothing', () => {
  expect(memoryNeeds([step('a', 'finetune', 3e9, 'reuse')], byName, new Map()).size).toBe(0);
});

test('memory may fall short where the largest stages that could meet hold more than there is', () => {
  const needs = new Map([...Object.entries({ a: 3, b: 1, c: 2 })]);
  expect([1, 2, 3].map((jobs) => mayFallShort(needs, jobs, 5))).toEqual([false, false, true]);
  expect(mayFallShort(needs, 1, 2)).toBe(true);
});

test('there is room for what fits, for one stage at least, and for what holds nothing', () => {
  expect(hasRoom([2, 1], 1, 4)).toBe(true);
  expect(hasRoom([2, 1], 2, 4)).toBe(false);
  expect(hasRoom([], 9, 4)).toBe(true);
  expect(hasRoom([0], 9, 4)).toBe(true);
  expect(hasRoom([9], 0, 4)).toBe(true);
});
