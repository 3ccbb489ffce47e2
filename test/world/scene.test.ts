import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { stream } from '../../src/data/random.ts';
import { relation, type Scene, type SceneOptions, sampleScene } from '../../src/world/scene.ts';
import { DRAWN_KINDS } from '../../src/world/vocabulary.ts';

const options: SceneOptions = {
  grid: 4,
  signProbability: 0.5,
  degradeProbability: 0.3,
  degradations: ['black', 'dim'],
};
const scenes = fc.nat(1_000_000).map((item) => sampleScene(stream(1, 'scene', item), options));
const at = ({ row, column }: { row: number; column: number }) => `${row},${column}`;

function signCells({ sign }: Scene): string[] {
  return sign ? [sign.cell, { ...sign.cell, column: sign.cell.column + 1 }].map(at) : [];
}

describe('a scene', () => {
  test('gives every thing and the sign a place of its own on the grid', () => {
    fc.assert(
      fc.property(scenes, (scene) => {
        const cells = [...scene.entries.flatMap((entry) => entry.cells).map(at), ...signCells(scene)];
        expect(new Set(cells).size).toBe(cells.length);
        for (const cell of cells) expect(cell).toMatch(/^[0-3],[0-3]$/);
      }),
    );
  });

  test('holds one to three different kinds that can be drawn, six things at most', () => {
    fc.assert(
      fc.property(scenes, ({ entries, background }) => {
        expect(entries.length).toBeGreaterThanOrEqual(1);
        expect(entries.length).toBeLessThanOrEqual(3);
        expect(new Set(entries.map((entry) => entry.kind)).size).toBe(entries.length);
        const counts = entries.map((entry) => entry.cells.length);
        for (const count of counts) expect([1, 2, 3]).toContain(count);
        expect(counts.reduce((a, b) => a + b)).toBeLessThanOrEqual(6);
        for (const { kind, color } of entries) {
          expect(DRAWN_KINDS).toContain(kind);
          expect(`${color} on ${background}`).not.toBe('white on snow');
        }
      }),
    );
  });

  test('sees opposite sides from opposite ends', () => {
    const opposite = { left: 'right', right: 'left', above: 'below', below: 'above' } as const;
    fc.assert(
      fc.property(scenes, ({ entries }) => {
        for (const a of entries) {
          for (const b of entries) {
            const side = a === b ? undefined : relation(a, b);
            if (side) expect(relation(b, a)).toBe(opposite[side]);
          }
        }
      }),
    );
  });

  test('has at least as many kinds as asked for', () => {
    for (let i = 0; i < 200; i++) {
      const scene = sampleScene(stream(2, i), { ...options, fewestKinds: 3 });
      expect(scene.entries).toHaveLength(3);
    }
  });
});
