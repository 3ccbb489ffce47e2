import type { FromSchema } from 'json-schema-to-ts';
import { benchmarkNames } from '../../benchmarks/names.ts';
import type { StageKind } from '../kind.ts';
import { expectedQuestions, origin } from '../source.ts';

const params = {
  type: 'object',
  additionalProperties: false,
  required: ['benchmark', 'path'],
  properties: {
    benchmark: { type: 'string', enum: benchmarkNames, description: 'Whose official files they are.' },
    path: { type: 'string', format: 'path', description: 'Folder of the official files, with images/ in it.' },
    expected: expectedQuestions,
    origin,
  },
} as const;

export type Params = FromSchema<typeof params>;

export const benchmarkFiles: StageKind<Params, never, 'data'> = {
  kind: 'benchmark-files',
  summary: "Checks and takes in a benchmark's official files.",
  version: 1,
  params,
  inputs: {},
  outputs: { data: { type: 'benchmark', description: 'the official files and images/' } },
  sources: ({ path }) => [path],
  origin: (params) => params.origin,
  identity: ({ benchmark }) => ({ benchmark }),
  metrics: () => ['questions', 'images'],
  needs: () => ({ engine: false, heavy: true }),
  loadCost: async () => {
    const { questionsCost } = await import('../source-cost.ts');
    return ({ expected }, _, { metrics }) => questionsCost(expected, metrics);
  },
  load: () => import('./run.ts'),
};
