import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { orderFrom } from '../../src/graph/order.ts';

/** A graph as lists of inputs; with `forward` only earlier nodes are read, so there is no circle. */
const graph = (forward: boolean) =>
  fc.integer({ min: 1, max: 12 }).chain((size) =>
    fc.tuple(
      ...Array.from({ length: size }, (_, node) =>
        fc.uniqueArray(fc.nat(forward ? Math.max(0, node - 1) : size - 1), {
          maxLength: forward && node === 0 ? 0 : 3,
        }),
      ),
    ),
  );

const names = (lists: readonly (readonly number[])[]) => lists.map((_, index) => String(index));
const order = (lists: readonly (readonly number[])[]) =>
  orderFrom(names(lists), (name) => (lists[Number(name)] ?? []).map(String));

/** By repeated removal of nodes that read nothing: what is left lies on or behind a circle. */
function hasCircle(lists: readonly (readonly number[])[]): boolean {
  const left = new Set(lists.keys());
  for (let before = -1; before !== left.size; ) {
    before = left.size;
    for (const node of left) if ((lists[node] ?? []).every((input) => !left.has(input))) left.delete(node);
  }
  return left.size > 0;
}

describe('the order of a graph', () => {
  it('has every node once and inputs before what reads them', () => {
    fc.assert(
      fc.property(graph(true), (lists) => {
        const found = order(lists).order ?? [];
        expect([...found].sort()).toEqual(names(lists).sort());
        for (const [node, inputs] of lists.entries()) {
          for (const input of inputs) expect(found.indexOf(String(input))).toBeLessThan(found.indexOf(String(node)));
        }
      }),
    );
  });

  it('is refused exactly when there is a circle, and the circle is a real one', () => {
    fc.assert(
      fc.property(graph(false), (lists) => {
        const { cycle } = order(lists);
        expect(cycle !== undefined).toBe(hasCircle(lists));
        if (cycle === undefined) return;
        expect(cycle[0]).toBe(cycle.at(-1));
        for (const [index, node] of cycle.slice(0, -1).entries())
          expect(lists[Number(node)]).toContain(Number(cycle[index + 1]));
      }),
      { numRuns: 500 },
    );
  });

  it('holds only what the roots need', () => {
    const inputs: Record<string, string[]> = { a: [], b: ['a'], c: ['a'], d: ['b'] };
    expect(orderFrom(['d'], (name) => inputs[name] ?? []).order).toEqual(['a', 'b', 'd']);
  });

  it('copes with a chain of 100,000', () => {
    const found = orderFrom(['99999'], (name) => (name === '0' ? [] : [String(Number(name) - 1)]));
    expect(found.order).toHaveLength(100_000);
  });
});
