import { describe, expect, it } from 'vitest';
import { loaded } from './files.ts';

const base = `name: base
stages:
  data: { kind: data, images: 10 }
  model: { kind: train, data: data.data, words: data.words }
  gqa: { kind: score, model: model, benchmark: gqa }
  pope: { kind: score, model: model.model, benchmark: pope }
`;
const ids = (experiment: ReturnType<typeof loaded>) => experiment.stages.map((stage) => stage.id);

describe('an experiment', () => {
  it('without rows is one cell with every stage, inputs first and defaults filled in', () => {
    const experiment = loaded(base);
    expect(ids(experiment)).toEqual(['data', 'model', 'gqa', 'pope']);
    expect(experiment.cells).toEqual([
      { row: 'base', stages: { data: 'data', model: 'model', gqa: 'gqa', pope: 'pope' } },
    ]);
    expect(experiment.stages[1]).toMatchObject({
      params: { epochs: 1, optimiser: 'adamw', align: { weight: 0, window: 2 }, seed: 0 },
      at: { file: 'x.yaml', line: 4, column: 3 },
    });
  });

  it('takes a stage with one output by its name alone', () => {
    expect(loaded(base).stages[2]?.inputs).toEqual({ model: { stage: 'model', port: 'model' } });
  });

  it('drops inputs that do not matter under the parameters', () => {
    const rows = 'rows: { plain: {}, aligned: { model.align.weight: 1 } }\n';
    const models = loaded(base + rows).stages.filter((stage) => stage.name === 'model');
    expect(models.map((stage) => Object.keys(stage.inputs))).toEqual([['data'], ['data', 'words']]);
  });

  it('makes only what differs per row, named after the first row that needs it', () => {
    const rows = `rows:
  Baseline: {}
  +SEA: { extends: Baseline, model.align.weight: 1 }
  Same: { model.align: { weight: 1 } }
`;
    const experiment = loaded(base + rows);
    expect(ids(experiment)).toEqual([
      ...['data', 'model[Baseline]', 'gqa[Baseline]', 'pope[Baseline]'],
      ...['model[+SEA]', 'gqa[+SEA]', 'pope[+SEA]'],
    ]);
    expect(experiment.cells[2]).toEqual({ row: 'Same', stages: experiment.cells[1]?.stages });
    expect(experiment.rows[1]?.differences).toEqual({ 'model.align.weight': 1 });
  });

  it('gives its seeds to stages that have a seed and do not write one', () => {
    const experiment = loaded(`${base.replace('images: 10', 'images: 10, seed: 7')}seeds: [1, 2]\n`);
    expect(ids(experiment)).toEqual([
      ...['data', 'model[seed=1]', 'gqa[seed=1]', 'pope[seed=1]'],
      ...['model[seed=2]', 'gqa[seed=2]', 'pope[seed=2]'],
    ]);
    expect(experiment.stages.map((stage) => (stage.params as { seed?: number }).seed)).toEqual([
      7,
      1,
      undefined,
      undefined,
      2,
      undefined,
      undefined,
    ]);
    expect(experiment.cells.map((cell) => cell.seed)).toEqual([1, 2]);
  });

  it('names rows and seeds where both matter', () => {
    const experiment = loaded(
      `${base}seeds: [1, 2]\nrows: { A: {}, B: { model.epochs: 2 } }\ntable: { columns: [gqa] }\n`,
    );
    expect(ids(experiment).filter((id) => id.startsWith('model'))).toEqual(
      ['A,seed=1', 'A,seed=2', 'B,seed=1', 'B,seed=2'].map((label) => `model[${label}]`),
    );
  });

  it('multiplies rows by the grid of vary, in the order of the file', () => {
    const text = `${base}rows: { A: {}, B: { model.optimiser: muon } }\nvary: { model.align.weight: [0, 0.5], model.epochs: [1, 2] }\n`;
    const experiment = loaded(text);
    expect(experiment.rows.map((row) => row.name)).toEqual(
      ['A', 'B'].flatMap((row) =>
        ['0', '0.5'].flatMap((weight) =>
          ['1', '2'].map((epochs) => `${row}, model.align.weight=${weight}, model.epochs=${epochs}`),
        ),
      ),
    );
    expect(experiment.stages.filter((stage) => stage.name === 'model')).toHaveLength(8);
    expect(experiment.stages.filter((stage) => stage.name === 'data')).toHaveLength(1);
  });

  it('makes rows from vary alone', () => {
    const experiment = loaded(`${base}vary: { model.epochs: [1, 2] }\n`);
    expect(experiment.cells.map((cell) => cell.row)).toEqual(['model.epochs=1', 'model.epochs=2']);
  });

  it('runs only what the columns of its tables need', () => {
    const experiment = loaded(`${base}table: { columns: [pope.f1], baseline: base }\n`);
    expect(ids(experiment)).toEqual(['data', 'model', 'pope']);
    expect(experiment.unused).toEqual(['gqa']);
    expect(experiment.tables).toEqual([
      { columns: [{ label: 'pope.f1', stage: 'pope', metric: 'f1' }], baseline: 'base' },
    ]);
  });

  it('takes a baseline for each row', () => {
    const rows = 'rows: { A: {}, B: { model.epochs: 2 }, C: { model.epochs: 3 } }\n';
    const { tables } = loaded(`${base}${rows}table: { columns: [pope.f1], baseline: { B: A } }\n`);
    expect(tables[0]).toMatchObject({ baselines: { B: 'A' } });
    expect(tables[0]).not.toHaveProperty('baseline');
  });

  it('runs for a row only what the tables that show it read', () => {
    const rows = 'rows: { A: {}, B: { model.epochs: 2 } }\n';
    const experiment = loaded(
      `${base}${rows}tables:\n  - { columns: [gqa], rows: [A] }\n  - { columns: [pope], rows: [B] }\n`,
    );
    expect(experiment.cells.map((cell) => Object.keys(cell.stages))).toEqual([
      ['data', 'model', 'gqa'],
      ['data', 'model', 'pope'],
    ]);
  });

  it('shows the headline metric of a column that names none, under the label it gives', () => {
    const columns = '[gqa, { stage: pope, metric: f1, label: POPE, lowerIsBetter: true }]';
    expect(loaded(`${base}table: { columns: ${columns}, average: Avg }\n`).tables[0]).toEqual({
      columns: [
        { label: 'gqa', stage: 'gqa', metric: 'accuracy' },
        { label: 'POPE', stage: 'pope', metric: 'f1', lowerIsBetter: true },
      ],
      average: 'Avg',
    });
  });

  it('lets a row change an input and remove a parameter', () => {
    const stages = `${base}  data2: { kind: data, images: 20 }\nrows: { A: {}, B: { model.data: data2.data, model.note: null } }\n`;
    const experiment = loaded(stages.replace('words: data.words', 'note: hello'));
    const [first, second] = experiment.stages.filter((stage) => stage.name === 'model');
    expect([first?.inputs['data']?.stage, second?.inputs['data']?.stage]).toEqual(['data', 'data2']);
    expect(second?.params).not.toHaveProperty('note');
  });

  it('extends a file: maps merge, scalars and lists replace, null removes, places stay', () => {
    const text = 'name: child\nextends: folder/base.yaml\nstages:\n  data: { images: 99 }\n  gqa: null\n';
    const experiment = loaded(text, { 'folder/base.yaml': base });
    expect(experiment.name).toBe('child');
    expect(ids(experiment)).toEqual(['data', 'model', 'pope']);
    expect(experiment.stages[0]).toMatchObject({ params: { images: 99 }, at: { file: 'folder/base.yaml', line: 3 } });
  });

  it('reads paths relative to the file that wrote them', () => {
    const stages = 'name: base\nstages:\n  sh: { kind: shell, run: x, outputs: [out], files: [a.sh] }\n';
    const experiment = loaded('extends: folder/base.yaml\nrows: { A: {}, B: { sh.files: [b.sh] } }\n', {
      'folder/base.yaml': stages,
    });
    const files = experiment.stages.map((stage) => (stage.params as { files: string[] }).files[0]);
    expect(files).toEqual([`${process.cwd()}/folder/a.sh`, `${process.cwd()}/b.sh`]);
    expect(experiment.stages[0]?.params).toMatchObject({ folder: `${process.cwd()}/folder` });
  });

  it('understands anchors, aliases and merge keys', () => {
    const text = `name: x
stages:
  data: &d { kind: data, images: 10 }
  more: { <<: *d, images: 20 }
  model: { kind: train, data: more.data }
`;
    expect(loaded(text).stages.map((stage) => stage.params)).toMatchObject([{ images: 10 }, { images: 20 }, {}]);
  });

  it("reads the paper's numbers under its own names", () => {
    const paper = JSON.stringify({
      source: 'arXiv 1',
      table3: [
        { method: 'Baseline', scores: { GQA: 62, POPE: null } },
        { method: '+SEA', scores: { GQA: 63.6, POPE: 87 } },
      ],
      figure3: { benchmark: 'MMLU', points: { 'Vicuna-7B': 47.1 } },
    });
    const text = `${base}rows: { Baseline: {}, ours: { model.epochs: 2 } }
table: { columns: [{ stage: gqa, label: GQA }, pope] }
paper:
  - { file: paper.json, table: table3, rows: { ours: +SEA }, columns: { pope: POPE } }
  - { file: paper.json, table: figure3, rows: { ours: Vicuna-7B }, columns: { pope: MMLU } }
`;
    expect(loaded(text, { 'paper.json': paper }).references).toEqual([
      { source: 'arXiv 1, table3', rows: { Baseline: { GQA: 62 }, ours: { GQA: 63.6, pope: 87 } } },
      { source: 'arXiv 1, figure3', rows: { ours: { pope: 47.1 } } },
    ]);
  });

  it('singles out one of several rows of a paper by their other fields', () => {
    const table = ['Vicuna-7B', 'Gemma-2B'].map((llm, index) => ({
      method: 'LLaVA',
      llm,
      scores: { gqa: 60 + index },
    }));
    const paper = 'paper: { file: paper.json, table: t, rows: { base: { method: LLaVA, llm: Gemma-2B } } }\n';
    const text = `${base}table: { columns: [gqa] }\n${paper}`;
    const files = { 'paper.json': JSON.stringify({ t: table }) };
    expect(loaded(text, files).references?.[0]?.rows).toEqual({ base: { gqa: 61 } });
    const others = 'paper: { file: paper.json, table: t, others: { LLaVA 2B: { method: LLaVA, llm: Gemma-2B } } }\n';
    expect(loaded(`${base}table: { columns: [gqa] }\n${others}`, files).references?.[0]).toMatchObject({
      rows: {},
      others: { 'LLaVA 2B': { gqa: 61 } },
    });
  });
});
