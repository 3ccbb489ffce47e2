import type { FromSchema } from 'json-schema-to-ts';
import type { StageKind } from '../kind.ts';
import { expected, origin, size } from '../source.ts';

const params = {
  type: 'object',
  additionalProperties: false,
  required: ['file'],
  properties: {
    file: { type: 'string', format: 'path', description: 'Word list, one word a line, UTF-8.' },
    onBadItem: {
      type: 'string',
      enum: ['stop', 'skip'],
      default: 'stop',
      description: 'A line that is not UTF-8 or a word given twice.',
    },
    expected: { ...expected, required: ['words'], properties: { words: size('Words.') } },
    origin,
  },
} as const;

export type Params = FromSchema<typeof params>;

export const words: StageKind<Params, never, 'words'> = {
  kind: 'words',
  summary: 'Checks and takes in your own list of candidate words.',
  version: 1,
  params,
  inputs: {},
  outputs: { words: { type: 'words', description: 'one word a line' } },
  sources: ({ file }) => [file],
  origin: (params) => params.origin,
  identity: ({ onBadItem }) => ({ onBadItem }),
  metrics: () => ['words', 'skipped'],
  needs: () => ({ engine: false }),
  loadCost: async () => {
    const { wordsCost } = await import('../source-cost.ts');
    return ({ expected }, _, { metrics }) => wordsCost(metrics?.['words'] ?? expected?.words);
  },
  load: () => import('./run.ts'),
};
