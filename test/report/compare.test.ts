import { expect, test } from 'vitest';
import type { Json } from '../../src/hash.ts';
import { compareRows, formatComparison } from '../../src/report/compare.ts';
import { makeTable } from '../../src/report/table.ts';
import type { StageSpec } from '../../src/spec/experiment.ts';
import { example, threeSeeds } from './example.ts';

/** The `train` stages of rows with these parameters, and Baseline reading other labels than the others. */
function withParams(params: Readonly<Record<string, Json>>) {
  const { experiment, spec, readings } = example(threeSeeds);
  const stages = experiment.stages.map((stage): StageSpec => {
    const row = Object.keys(params).find((name) => stage.id.startsWith(`train[${name},`));
    return row === undefined ? stage : { ...stage, params: params[row] ?? null };
  });
  return { experiment: { ...experiment, stages }, table: makeTable(experiment, spec, readings) };
}

const { experiment, table } = withParams({
  Baseline: { align: { weight: 0 }, steps: 125, trainable: ['projector.*'] },
  '+SEA': { align: { weight: 1, tau: 0.07 }, steps: 125, trainable: ['projector.*', 'vision.*'] },
});

test('two rows differ first in parameters, then in metrics', () => {
  expect(formatComparison(compareRows(experiment, table, 'Baseline', '+SEA'), 'plain')).toMatchInlineSnapshot(`
    "                            Baseline                         +SEA           Δ
    ─────────────────────────────────────────────────────────────────────────────
    train.align.weight                 0                            1
    train.trainable      ["projector.*"]   ["projector.*","vision.*"]
    train.align.tau                    –                         0.07
    ─────────────────────────────────────────────────────────────────────────────
    VQAv2                           55.0                         56.9   +1.9 ±0.2
    TextVQA                         25.3                         26.2   +0.9 ±0.1
    GQA                             51.4                         52.8   +1.5 ±0.3
    Avg                             43.9                         45.3   +1.5 ±0.2
    ─────────────────────────────────────────────────────────────────────────────"
  `);
});

test('a row compared with itself differs in nothing', () => {
  const same = compareRows(experiment, table, '+SEA', '+SEA');
  expect(same.parameters).toEqual([]);
  expect(same.metrics.map((metric) => metric.difference?.mean)).toEqual([0, 0, 0, 0]);
});

test('differences of metrics are paired by seed', () => {
  const gqa = compareRows(experiment, table, 'Baseline', '+SEA').metrics[2];
  expect(gqa?.difference).toMatchObject({ n: 2 });
  expect(gqa?.difference?.mean).toBeCloseTo(1.5);
});
