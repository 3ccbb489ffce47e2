import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv } from 'ajv';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { benchmarks } from '../../src/benchmarks/list.ts';
import { loadExperiment } from '../../src/spec/load.ts';
import { yamlReference } from '../../src/spec/reference.ts';
import { experimentSchema, experimentSchemaText } from '../../src/spec/schema.ts';
import { kinds } from '../../src/stages/kinds.ts';
import { fakeKinds } from './fake-kinds.ts';

const compile = (schema: object) =>
  new Ajv({ strict: false, allErrors: true, formats: { path: true } }).compile(schema);
const validate = compile(experimentSchema(fakeKinds));
const errors = (text: string) =>
  validate(parse(text)) ? [] : (validate.errors ?? []).map((error) => `${error.instancePath} ${error.keyword}`);

describe('the schema for editors', () => {
  it('accepts a whole experiment', () => {
    const text = `name: x
seeds: [1]
stages:
  data: { kind: data, images: 10, seed: 1 }
  model: { kind: train, data: data.data, align: { weight: 1 }, size: auto }
  gqa: { kind: score, inputs: { model: model }, benchmark: gqa }
  sh: { kind: shell, run: x, outputs: [out], inputs: { any: model } }
rows: { A: {}, B: { extends: A, model.align.weight: 1 } }
vary: { model.epochs: [1, 2] }
table: { columns: [gqa, { stage: gqa, label: GQA }], baseline: A, average: Avg }
paper: { file: p.json, table: t, rows: { A: { method: x } } }
`;
    expect(errors(text)).toEqual([]);
  });

  it('accepts a part of a stage, whose kind is in the file that is extended', () => {
    expect(errors('extends: base.yaml\nstages: { model: { epochs: 2 } }')).toEqual([]);
    expect(errors('extends: base.yaml\nstages: { data: { kind: data } }')).toEqual([]);
  });

  it.each([
    ['an unknown key', 'nam: x', ' additionalProperties'],
    ['an unknown kind', 'stages: { a: { kind: trian } }', '/stages/a/kind oneOf'],
    ['an unknown parameter', 'stages: { a: { kind: train, epocs: 1 } }', '/stages/a additionalProperties'],
    ['a parameter of another kind', 'stages: { a: { kind: data, epochs: 1 } }', '/stages/a additionalProperties'],
    ['a value of the wrong type', 'stages: { a: { kind: train, epochs: x } }', '/stages/a/epochs type'],
    [
      'a port that is none',
      'stages: { a: { kind: train, inputs: { dat: b } } }',
      '/stages/a/inputs additionalProperties',
    ],
    ['a column without a stage', 'table: { columns: [{ label: x }] }', '/table/columns/0/anyOf'],
  ])('refuses %s', (_, text, expected) => {
    expect(errors(text).join('\n')).toContain(expected.replace('/anyOf', ''));
  });
});

describe('the stage kinds', () => {
  it('have parameter schemas that are valid and closed', () => {
    const ajv = new Ajv2020({ strict: false, formats: { path: true } });
    for (const kind of kinds) {
      expect([kind.kind, ajv.validateSchema(kind.params), ajv.errorsText()]).toEqual([kind.kind, true, 'No errors']);
      expect([kind.kind, kind.params['additionalProperties']]).toEqual([kind.kind, false]);
    }
  });

  it('have names of their own, and no parameter that is called like an input', () => {
    expect(new Set(kinds.map((kind) => kind.kind)).size).toBe(kinds.length);
    for (const { kind, params, inputs } of kinds) {
      const names = Object.keys((params['properties'] as object | undefined) ?? {});
      const ports = typeof inputs === 'function' ? [] : Object.keys(inputs);
      expect([kind, [...names, 'kind', 'inputs'].filter((name) => ports.includes(name))]).toEqual([kind, []]);
      expect([kind, names.filter((name) => ['kind', 'inputs'].includes(name))]).toEqual([kind, []]);
    }
  });

  it('are what schemas/experiment.schema.json says (else: npx sea schema --write)', () => {
    expect(readFileSync('schemas/experiment.schema.json', 'utf8')).toBe(experimentSchemaText(kinds));
  });

  it('are what experiments/README.md says (else: npx vitest run test/spec/schema -u)', async () => {
    await expect(yamlReference(kinds, benchmarks)).toMatchFileSnapshot('../../experiments/README.md');
  });

  it('compile to a schema that editors can load', () => {
    expect(compile(experimentSchema(kinds))({ name: 'x', stages: {} })).toBe(true);
  });
});

describe('the YAML reference', () => {
  it('lists every kind with parameters, defaults, limits and ports', () => {
    const text = yamlReference(fakeKinds, benchmarks);
    expect(text).toContain('### `train`\n\nTrains a model.\n');
    expect(text).toContain('| `epochs` | number above 0 | `1` | Passes over the data. |');
    expect(text).toContain('| `align.weight` | number from 0 | `0` |  |');
    expect(text).toContain('| `images` | integer from 1 | required | How many images. |');
    expect(text).toContain('| `size` | integer or `"auto"` | `"auto"` |  |');
    expect(text).toContain('Inputs: `data` (dataset): examples; `words` (words, optional): needed when aligned.');
    expect(text).toContain('Inputs: any, under `inputs:`.\n\nOutputs: depend on the parameters.');
  });

  it('describes every benchmark: what it asks, source and licence of the format, what tables report, variants', () => {
    const text = yamlReference(fakeKinds, benchmarks);
    for (const { name, summary, headline, variants } of benchmarks) {
      expect(text).toContain(`### \`${name}\`\n\n${summary}\n\n\`score\`: ${headline}. Variants: \`${variants[0]}\``);
      if (name === 'questions') continue;
      expect(summary).toMatch(/\([^)]*; [^)]*(CC BY|MIT|Apache)[^)]*\)/);
      expect(summary).toMatch(/Tables report /);
    }
  });
});

describe('the experiments of this project', () => {
  const files = ['.', 'paper'].flatMap((folder) =>
    readdirSync(join('experiments', folder)).flatMap((name) => (name.endsWith('.yaml') ? [join(folder, name)] : [])),
  );

  it.each(files)('%s is right, for the runner and for editors', (name) => {
    const text = (path: string) => readFileSync(path, 'utf8');
    const result = loadExperiment(`experiments/${name}`, kinds, text);
    expect(result.ok ? [] : result.problems).toEqual([]);
    const check = compile(experimentSchema(kinds));
    const json = parse(text(`experiments/${name}`), { merge: true });
    expect(check(json) ? [] : check.errors).toEqual([]);
  });
});

describe("the paper's numbers in experiments/paper", () => {
  it('can be shown beside rows and columns of the same names', () => {
    const stages = `stages:
  data: { kind: data, images: 1 }
  model: { kind: train, data: data.data }
  gqa: { kind: score, model: model, benchmark: gqa }
`;
    const text = `name: x\n${stages}rows: { Baseline: {}, +SEA: { model.epochs: 2 } }
table: { columns: [{ stage: gqa, label: GQA }] }
paper: { file: experiments/paper/tables.json, table: table3 }
`;
    const result = loadExperiment('x.yaml', fakeKinds, (path) =>
      path === 'x.yaml' ? text : readFileSync(path, 'utf8'),
    );
    expect(result.ok ? result.value.references?.[0] : result.problems).toEqual({
      source: 'arXiv 2408.11813v1, table3',
      rows: { Baseline: { GQA: 62 }, '+SEA': { GQA: 63.6 } },
    });
  });
});
