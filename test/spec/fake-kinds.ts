import type { AnyKind, Port } from '../../src/stages/kind.ts';

const load = (): never => {
  throw new Error('declared data only: nothing runs');
};
const port = (type: Port['type'], description: string, optional?: true): Port =>
  optional ? { type, description, optional } : { type, description };

const data: AnyKind = {
  kind: 'data',
  summary: 'Makes a dataset.',
  version: 1,
  params: {
    type: 'object',
    additionalProperties: false,
    required: ['images'],
    properties: {
      images: { type: 'integer', minimum: 1, description: 'How many images.' },
      seed: { type: 'integer', minimum: 0, default: 0 },
      list: { type: 'string', format: 'path' },
    },
  },
  inputs: {},
  outputs: { data: port('dataset', 'images'), words: port('words', 'their words') },
  sources: ({ list }) => (list === undefined ? [] : [list]),
  needs: () => ({ engine: false }),
  load,
};

const train: AnyKind = {
  kind: 'train',
  summary: 'Trains a model.',
  version: 3,
  params: {
    type: 'object',
    additionalProperties: false,
    properties: {
      epochs: { type: 'number', exclusiveMinimum: 0, default: 1, description: 'Passes over the data.' },
      optimiser: { type: 'string', enum: ['adamw', 'muon'], default: 'adamw' },
      align: {
        type: 'object',
        additionalProperties: false,
        default: {},
        properties: { weight: { type: 'number', minimum: 0, default: 0 }, window: { type: 'integer', default: 2 } },
      },
      trainable: { type: 'array', items: { type: 'string' }, default: ['projector.*'] },
      size: { oneOf: [{ type: 'integer' }, { const: 'auto' }], default: 'auto' },
      seed: { type: 'integer', minimum: 0, default: 0 },
      note: { type: 'string' },
    },
  },
  inputs: { data: port('dataset', 'examples'), words: port('words', 'needed when aligned', true) },
  outputs: { model: port('model', 'the model') },
  unused: ({ align }) => (align.weight === 0 ? ['words'] : []),
  identity: ({ note: _, ...identity }) => identity,
  needs: ({ epochs }) => ({ engine: true, flops: epochs * 1e9 }),
  load,
};

const score: AnyKind = {
  kind: 'score',
  summary: 'Scores a model.',
  version: 1,
  params: {
    type: 'object',
    additionalProperties: false,
    required: ['benchmark'],
    properties: { benchmark: { type: 'string', enum: ['gqa', 'pope'] } },
  },
  inputs: { model: port('model', 'what is scored') },
  outputs: { scores: port('scores', 'the scores') },
  headline: 'accuracy',
  metrics: ({ benchmark }) => (benchmark === 'pope' ? ['accuracy', 'f1'] : ['accuracy']),
  needs: () => ({ engine: false }),
  load,
};

const shell: AnyKind = {
  kind: 'shell',
  summary: 'Runs a program.',
  version: 1,
  params: {
    type: 'object',
    additionalProperties: false,
    required: ['run', 'outputs'],
    properties: {
      run: { type: 'string' },
      outputs: { type: 'array', items: { type: 'string' }, minItems: 1 },
      files: { type: 'array', items: { type: 'string', format: 'path' }, default: [] },
      folder: { type: 'string', format: 'path', default: '.' },
    },
  },
  inputs: {},
  anyInputs: true,
  outputs: ({ outputs }: { outputs: readonly string[] }) =>
    Object.fromEntries(outputs.map((name) => [name, port('file', name)])),
  sources: ({ files }: { files: readonly string[] }) => files,
  needs: () => ({ engine: false }),
  load,
};

/** Four kinds that show every form a declaration may take. */
export const fakeKinds: readonly AnyKind[] = [data, train, score, shell];
