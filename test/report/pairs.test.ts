import { expect, test } from 'vitest';
import { notesOf } from '../../src/report/cells.ts';
import { makeTable } from '../../src/report/table.ts';
import { example, type Numbers } from './example.ts';

const numbers: Numbers = {
  'LLaVA, A': { VQAv2: [50, 52], GQA: [40, 40] },
  'SEA, A': { VQAv2: [51, 53], GQA: [40, 41] },
  'LLaVA, B': { VQAv2: [60, 60], GQA: [41, 42] },
  'SEA, B': { VQAv2: [62, 62], GQA: [40, 42] },
  'LLaVA, C': { VQAv2: [55, 57], GQA: [40, 43] },
  'SEA, C': { VQAv2: [58, 60], GQA: [43, 41] },
};
const baselines = { 'SEA, A': 'LLaVA, A', 'SEA, B': 'LLaVA, B', 'SEA, C': 'LLaVA, C' };
const reference = {
  source: 'a paper',
  rows: Object.fromEntries(Object.keys(numbers).map((row, at) => [row, { VQAv2: at % 2 === 0 ? 70 : 70 + at }])),
};

/** The table of some pairs; `own`: each row has its own baseline, else all have the first row. */
function tableOf(rows: readonly string[], own: boolean) {
  const { experiment, spec, readings } = example(numbers, { reference });
  const { baseline: _, ...without } = spec;
  return makeTable(
    experiment,
    { ...without, rows, ...(own ? { baselines } : { baseline: rows[0] as string }) },
    readings,
  );
}

test('over pairs of a row and its own baseline every pair counts once', () => {
  const [vqav2, gqa, average] = tableOf(Object.keys(numbers), true).columns;
  // +1, +2 and +3; t(0.975, 2) = 4.3027, sd 1
  expect(vqav2?.pairs).toMatchObject({ mean: 2, sd: 1, n: 3, paper: 3 });
  expect(vqav2?.pairs?.interval?.low).toBeCloseTo(2 - 4.30265 / Math.sqrt(3), 4);
  expect(vqav2?.pairs?.interval?.excludesZero).toBe(false);
  // +0.5, -0.5 and +0.5
  expect(gqa?.pairs?.mean).toBeCloseTo(1 / 6);
  expect(gqa?.pairs).not.toHaveProperty('paper');
  expect(average?.pairs?.mean).toBeCloseTo((0.75 + 0.75 + 1.75) / 3);
});

test('a note tells the differences over pairs with their intervals and the paper beside', () => {
  expect(notesOf(tableOf(Object.keys(numbers), true), 'signs')).toContain(
    'over 3 pairs, with the 95 % interval of a t test over pairs: VQAv2 +2.0 [-0.5, 4.5] (paper +3.0), GQA +0.2 [-1.3, 1.6], Avg +1.1 [-0.4, 2.5]',
  );
});

test('two pairs are too few, and rows that share a baseline are no pairs of their own', () => {
  const two = tableOf(Object.keys(numbers).slice(0, 4), true);
  const shared = tableOf(Object.keys(numbers), false);
  for (const { columns } of [two, shared]) for (const column of columns) expect(column).not.toHaveProperty('pairs');
});
