import type { Digest } from '../../src/hash.ts';
import type { Reading } from '../../src/report/table.ts';
import type { Cell, Experiment, Reference, StageSpec, TableSpec } from '../../src/spec/experiment.ts';
import type { Entry, Key } from '../../src/store/store.ts';

/** row -> column -> one number a seed; a word stands for a stage in that state, a number in a string is stale */
export type Numbers = Readonly<Record<string, Readonly<Record<string, readonly (number | string)[]>>>>;

export const paperTable3 = {
  source: 'arXiv 2408.11813v1, Table 3',
  rows: {
    Baseline: { VQAv2: 78.8, TextVQA: 58.3, GQA: 62.0 },
    '+Finetune VE': { VQAv2: 80.3, TextVQA: 59.1, GQA: 63.4 },
    '+SEA': { VQAv2: 80.5, TextVQA: 59.5, GQA: 63.6 },
  },
};

export const oneSeed: Numbers = {
  Baseline: { VQAv2: [55.02], TextVQA: [24.5], GQA: [51.4] },
  '+Finetune VE': { VQAv2: [54.6], TextVQA: [25.1], GQA: [51.44] },
  '+SEA': { VQAv2: [56.9], TextVQA: [24.94], GQA: [52.7] },
};

export const threeSeeds: Numbers = {
  Baseline: { VQAv2: [55, 54.4, 55.6], TextVQA: [24.5, 26.5, 25], GQA: [51.4, 51.2, 51.6] },
  '+Finetune VE': { VQAv2: [54.6, 54.2, 55.3], TextVQA: [25.1, 26.1, 24.9], GQA: [51.4, 'failed', 51.9] },
  '+SEA': { VQAv2: [56.9, 56.5, 57.3], TextVQA: [25.3, 27.5, 25.9], GQA: [52.7, 52.9, 'running'] },
};

export function entry(
  id: string,
  metrics: Record<string, number>,
  provenance: Partial<Entry['provenance']> = {},
): Entry {
  return {
    key: `key of ${id}` as Key,
    kind: 'score',
    version: 1,
    experiment: 'table3',
    stage: id,
    name: id,
    identity: {},
    inputs: {},
    outputs: { scores: 'digest' as Digest },
    metrics,
    provenance: {
      host: 'host',
      platform: 'linux',
      node: 'v20.20.2',
      seagraph: '0.1.0',
      engine: 'tensorflow 2.21.0 cpu',
      threads: 1,
      startedAt: '2026-01-01T00:00:00.000Z',
      seconds: 2.5,
      ...provenance,
    },
  };
}

/** An experiment whose cells hold these numbers; each number is a `score` stage behind a `train` stage of its row. */
export function example(
  numbers: Numbers,
  options: Readonly<{ reference?: Reference; engines?: Readonly<Record<string, string>> }> = {},
) {
  const rows = Object.keys(numbers);
  const columns = [...new Set(rows.flatMap((row) => Object.keys(numbers[row] ?? {})))];
  const count = Math.max(...rows.flatMap((row) => Object.values(numbers[row] ?? {}).map((values) => values.length)));
  const seeds = count > 1 ? Array.from({ length: count }, (_, index) => index + 1) : [];
  const stages: StageSpec[] = [];
  const cells: Cell[] = [];
  const readings = new Map<string, Reading>();
  const at = { file: 'table3.yaml', line: 1, column: 1 };
  for (const row of rows) {
    for (let index = 0; index < count; index++) {
      const train = `train[${row},seed=${index + 1}]`;
      stages.push({ id: train, name: 'train', kind: 'finetune', params: { row }, inputs: {}, at });
      const engine = options.engines?.[row];
      readings.set(train, { state: 'measured', entry: entry(train, {}, engine === undefined ? {} : { engine }) });
      const made: Record<string, string> = { train };
      for (const column of columns) {
        const id = `${column}[${row},seed=${index + 1}]`;
        made[column] = id;
        stages.push({
          id,
          name: column,
          kind: 'score',
          params: {},
          inputs: { model: { stage: train, port: 'model' } },
          at,
        });
        readings.set(id, reading(id, numbers[row]?.[column]?.[index]));
      }
      cells.push({ row, ...(seeds.length > 0 ? { seed: index + 1 } : {}), stages: made });
    }
  }
  const spec: TableSpec = {
    title: 'Table 3 in mini',
    columns: columns.map((column) => ({ label: column, stage: column, metric: 'accuracy' })),
    baseline: 'Baseline',
    average: 'Avg',
  };
  const experiment: Experiment = {
    name: 'table3',
    file: 'table3.yaml',
    rows: rows.map((name) => ({ name, differences: {}, at })),
    seeds,
    cells,
    stages,
    tables: [spec],
    ...(options.reference === undefined ? {} : { references: [options.reference] }),
  };
  return { experiment, spec, readings };
}

function reading(id: string, value: number | string | undefined): Reading {
  if (typeof value === 'number')
    return { state: 'measured', entry: entry(id, { accuracy: value }, { engine: 'none' }) };
  if (value === 'failed' || value === 'running') return { state: value };
  if (value === undefined || value === 'missing') return { state: 'missing' };
  return { state: 'stale', entry: entry(id, { accuracy: Number(value) }, { engine: 'none' }) };
}
