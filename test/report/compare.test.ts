import { expect, test } from 'vitest';
import type { Json } from '../../src/hash.ts';
import { compareExperiments, compareRows, type Standing } from '../../src/report/compare.ts';
import { formatComparison, formatFileComparison } from '../../src/report/compare-text.ts';
import type { QuestionResult } from '../../src/report/questions.ts';
import { makeTable } from '../../src/report/table.ts';
import { widthOf } from '../../src/report/width.ts';
import type { StageSpec } from '../../src/spec/experiment.ts';
import { example, threeSeeds } from './example.ts';

/** The `train` stages of rows with these parameters, and Baseline reading other labels than the others. */
function withParams(params: Readonly<Record<string, Json>>): Standing {
  const { experiment, spec, readings } = example(threeSeeds);
  const stages = experiment.stages.map((stage): StageSpec => {
    const row = Object.keys(params).find((name) => stage.id.startsWith(`train[${name},`));
    return row === undefined ? stage : { ...stage, params: params[row] ?? null };
  });
  const changed = { ...experiment, stages };
  return { experiment: changed, tables: [makeTable(changed, spec, readings)], questions: new Map() };
}

const standing = withParams({
  Baseline: { align: { weight: 0 }, steps: 125, trainable: ['projector.*'] },
  '+SEA': { align: { weight: 1, tau: 0.07 }, steps: 125, trainable: ['projector.*', 'vision.*'] },
});
const rows = (left: string, right: string, of: Standing = standing) =>
  compareRows({ ...of, row: left }, { ...of, row: right });

test('two rows differ first in parameters, then in metrics', () => {
  expect(formatComparison(rows('Baseline', '+SEA'), { width: 100, style: 'plain' })).toMatchInlineSnapshot(`
    "                     Baseline          +SEA
    train.align.weight   0                 1
    train.trainable      ["projector.*"]   ["projector.*","vision.*"]
    train.align.tau      –                 0.07

    ───────────────────────────────────────────
             Baseline  +SEA      Δ         95 %
    ───────────────────────────────────────────
    VQAv2        55.0  56.9  +1.9§   [1.4, 2.4]
    TextVQA      25.3  26.2  +0.9§   [0.7, 1.1]
    GQA          51.4  52.8  +1.5   [-1.0, 4.0]
    Avg          43.9  45.3  +1.5   [-0.2, 3.2]
    ───────────────────────────────────────────
    Δ: right minus left, paired by seed
    § the 95 % interval (paired t test over seeds) excludes 0"
  `);
});

test('a value that finds no room beside the other stands beneath its name, and no line is too wide', () => {
  const text = formatComparison(rows('Baseline', '+SEA'), { width: 60, style: 'plain' });
  expect(text).toContain('train.trainable\n  ["projector.*"]\n  ["projector.*","vision.*"]');
  expect(Math.max(...text.split('\n').map(widthOf))).toBeLessThanOrEqual(60);
});

test('a row compared with itself differs in nothing', () => {
  const same = rows('+SEA', '+SEA');
  expect(same.parameters).toEqual([]);
  expect(same.metrics.map((metric) => metric.difference?.mean)).toEqual([0, 0, 0, 0]);
});

test('differences of metrics are paired by seed', () => {
  const gqa = rows('Baseline', '+SEA').metrics[2];
  expect(gqa?.difference).toMatchObject({ n: 2 });
  expect(gqa?.difference?.mean).toBeCloseTo(1.5);
});

test('questions are won and lost over the seeds that both rows have', () => {
  const results = (scores: readonly number[]): readonly QuestionResult[] =>
    scores.map((score, id) => ({ id: String(id), question: `question ${id}`, answer: '', truth: '', score }));
  const questions = new Map(
    [1, 2, 3].flatMap((seed) => [
      [`GQA[Baseline,seed=${seed}]`, results([0, 1, 0])] as const,
      [`GQA[+SEA,seed=${seed}]`, results(seed === 2 ? [1, 1, 1] : [1, 0, 0])] as const,
    ]),
  );
  // seed 3 of +SEA is still running: of seeds 1 and 2, question 1 is lost once, question 2 won once
  expect(rows('Baseline', '+SEA', { ...standing, questions }).metrics[2]?.questions).toMatchObject({
    wins: 2,
    losses: 1,
    same: 0,
  });
});

test('of two experiments, what all rows differ in is told once', () => {
  const rest = { '+Finetune VE': { steps: 125 }, '+SEA': { steps: 125, weight: 1 } };
  const [first, second] = [
    withParams({ Baseline: { steps: 125 }, ...rest }),
    withParams({ Baseline: { steps: 250 }, '+Finetune VE': { steps: 250 }, '+SEA': { steps: 250, weight: 2 } }),
  ];
  const found = compareExperiments(first, second);
  expect(found.parameters).toEqual([{ path: 'train.steps', left: 125, right: 250 }]);
  expect(found.rows.map(({ left, parameters }) => [left, parameters])).toEqual([
    ['Baseline', []],
    ['+Finetune VE', []],
    ['+SEA', [{ path: 'train.weight', left: 1, right: 2 }]],
  ]);
  expect(formatFileComparison(found, { width: 80, style: 'plain' })).toContain('train.steps   125');
});
