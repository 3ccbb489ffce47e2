import { describe, expect, test } from 'vitest';
import { makeTable, type TableCell } from '../../src/report/table.ts';
import { example, type Numbers, oneSeed, paperTable3, threeSeeds } from './example.ts';

function read(numbers: Numbers, options: Parameters<typeof example>[1] = {}) {
  const { experiment, spec, readings } = example(numbers, options);
  const table = makeTable(experiment, spec, readings);
  const cell = (row: string, column: string): TableCell => {
    const at = table.columns.findIndex((item) => item.label === column);
    const found = table.rows.find((item) => item.name === row)?.cells[at];
    if (found === undefined) throw new Error(`no cell ${row}/${column}`);
    return found;
  };
  return { table, cell };
}

describe('a cell', () => {
  test('stands in the order in which the table names its rows, beside numbers printed for its columns only', () => {
    const { experiment, spec, readings } = example(oneSeed, { reference: paperTable3 });
    const names = [...new Set(experiment.cells.map(({ row }) => row))];
    const other = { source: 'another table', rows: { [names[0] as string]: { Elsewhere: 1 } } };
    const turned = { ...spec, rows: names.toReversed() };
    const table = makeTable({ ...experiment, references: [...(experiment.references ?? []), other] }, turned, readings);
    expect(table.rows.map(({ name }) => name)).toEqual(names.toReversed());
    expect(table.paper).toBe(paperTable3.source);
  });

  test('holds mean and sample spread over the seeds', () => {
    const { cell } = read(threeSeeds);
    expect(cell('Baseline', 'VQAv2')).toMatchObject({ state: 'measured', n: 3, of: 3 });
    expect(cell('Baseline', 'VQAv2').mean).toBeCloseTo(55);
    expect(cell('Baseline', 'VQAv2').sd).toBeCloseTo(0.6);
  });

  test('has no spread for one number', () => {
    expect(read(oneSeed).cell('Baseline', 'VQAv2')).not.toHaveProperty('sd');
  });

  test('takes its difference to the baseline seed by seed', () => {
    const { cell } = read(threeSeeds);
    expect(cell('+SEA', 'VQAv2').delta?.mean).toBeCloseTo(1.9);
    // 1.9, 2.1, 1.7: far less spread than either row has
    expect(cell('+SEA', 'VQAv2').delta?.sd).toBeCloseTo(0.2);
    expect(cell('Baseline', 'VQAv2')).not.toHaveProperty('delta');
  });

  test('pairs only the seeds that both rows have', () => {
    const { cell } = read(threeSeeds);
    expect(cell('+Finetune VE', 'GQA').delta).toMatchObject({ n: 2 });
    expect(cell('+Finetune VE', 'GQA').delta?.mean).toBeCloseTo(0.15);
  });

  test('says the worst that happened to one of its seeds and keeps the numbers that there are', () => {
    const { cell } = read(threeSeeds);
    expect(cell('+Finetune VE', 'GQA')).toMatchObject({ state: 'failed', n: 2, of: 3 });
    expect(cell('+SEA', 'GQA')).toMatchObject({ state: 'running', n: 2, of: 3 });
  });

  test('that no seed changes is one measurement, however many seeds there are', () => {
    const { experiment, spec, readings } = example(threeSeeds);
    const cells = experiment.cells.map((cell) => ({
      ...cell,
      stages: { ...cell.stages, GQA: `GQA[${cell.row},seed=1]` },
    }));
    const table = makeTable({ ...experiment, cells }, spec, readings);
    const gqa = table.rows[2]?.cells[2];
    expect(gqa).toMatchObject({ mean: 52.7, n: 1, of: 1, stages: ['GQA[+SEA,seed=1]'] });
    expect(gqa).not.toHaveProperty('sd');
    expect(gqa?.delta).toMatchObject({ n: 1 });
    expect(gqa?.delta).not.toHaveProperty('sd');
  });

  test('that is stale is compared with nothing', () => {
    const { cell } = read({ Baseline: { GQA: [50] }, '+SEA': { GQA: ['60'] } });
    expect(cell('+SEA', 'GQA')).toMatchObject({ state: 'stale', mean: 60 });
    expect(cell('+SEA', 'GQA')).not.toHaveProperty('delta');
    expect(cell('+SEA', 'GQA')).not.toHaveProperty('mark');
  });

  test('is missing when its stage left another metric than the column asks for', () => {
    const { experiment, spec, readings } = example(oneSeed);
    const asked = { ...spec, columns: [{ label: 'F1', stage: 'GQA', metric: 'f1' }] };
    expect(makeTable(experiment, asked, readings).rows[0]?.cells[0]).toMatchObject({ state: 'missing', n: 0 });
  });

  test("carries the paper's number and its distance to the paper's baseline", () => {
    const { cell } = read(oneSeed, { reference: paperTable3 });
    expect(cell('+SEA', 'TextVQA').paper).toBe(59.5);
    expect(cell('+SEA', 'TextVQA').paperDelta).toBeCloseTo(1.2);
    expect(cell('Baseline', 'TextVQA')).not.toHaveProperty('paperDelta');
  });
});

describe('marks', () => {
  test('go to the best and the second best of a column', () => {
    const { cell } = read(oneSeed);
    expect(['Baseline', '+Finetune VE', '+SEA'].map((row) => cell(row, 'VQAv2').mark)).toEqual([
      'second',
      undefined,
      'best',
    ]);
  });

  test('are shared by numbers that print alike', () => {
    const { cell } = read({ A: { x: [50.04] }, B: { x: [49.96] }, C: { x: [40] }, D: { x: [30] } });
    expect(['A', 'B', 'C', 'D'].map((row) => cell(row, 'x').mark)).toEqual(['best', 'best', 'second', undefined]);
  });

  test('follow the direction of the column', () => {
    const { experiment, spec, readings } = example({ A: { x: [3] }, B: { x: [9] }, C: { x: [5] } });
    const columns = spec.columns.map((column) => ({ ...column, lowerIsBetter: true }));
    const table = makeTable(experiment, { ...spec, columns }, readings);
    expect(table.rows.map((row) => row.cells[0]?.mark)).toEqual(['best', undefined, 'second']);
  });

  test('are not given where all numbers are equal', () => {
    const { cell } = read({ A: { x: [50] }, B: { x: [50] } });
    expect(cell('A', 'x')).not.toHaveProperty('mark');
  });
});

describe('the average', () => {
  test('is taken per seed over the columns', () => {
    const { cell } = read(threeSeeds);
    expect(cell('Baseline', 'Avg').values.map(({ seed, value }) => [seed, Number(value.toFixed(4))])).toEqual([
      [1, 43.6333],
      [2, 44.0333],
      [3, 44.0667],
    ]);
  });

  test('leaves out seeds that miss a column and says so', () => {
    expect(read(threeSeeds).cell('+SEA', 'Avg')).toMatchObject({ n: 2, of: 3, state: 'running' });
  });

  test("has a paper number only where the paper has all of the table's columns", () => {
    expect(read(oneSeed, { reference: paperTable3 }).cell('Baseline', 'Avg').paper).toBeCloseTo(66.367, 2);
    const without = { ...paperTable3, rows: { Baseline: { VQAv2: 78.8 } } };
    expect(read(oneSeed, { reference: without }).cell('Baseline', 'Avg')).not.toHaveProperty('paper');
  });
});

describe('a table', () => {
  test('counts every stage behind it once, with seconds and engines', () => {
    const { table } = read(threeSeeds);
    // 9 models and 27 scores, two of which are not there
    expect(table.made).toMatchObject({ stages: 36, measured: 34, seconds: 85, engines: ['tensorflow 2.21.0 cpu'] });
  });

  test('names the engines of a row whose stages ran on several', () => {
    const { experiment, spec, readings } = example(oneSeed, { engines: { '+SEA': 'wasm' } });
    const table = makeTable(experiment, spec, readings);
    expect(table.rows.map((row) => row.engines)).toEqual([
      ['tensorflow 2.21.0 cpu'],
      ['tensorflow 2.21.0 cpu'],
      ['wasm'],
    ]);
    expect(table.made.engines).toEqual(['tensorflow 2.21.0 cpu', 'wasm']);
  });

  test('shows only the rows that it names', () => {
    const { experiment, spec, readings } = example(oneSeed);
    const table = makeTable(experiment, { ...spec, rows: ['Baseline', '+SEA'] }, readings);
    expect(table.rows.map((row) => row.name)).toEqual(['Baseline', '+SEA']);
    expect(table.made.stages).toBe(8);
  });

  test('prints small numbers with three decimals', () => {
    const { table } = read({ A: { loss: [0.0123], x: [50] } });
    expect(table.columns.map((column) => column.decimals)).toEqual([3, 1, 1]);
  });
});
