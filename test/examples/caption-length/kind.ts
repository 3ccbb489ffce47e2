import type { FromSchema } from 'json-schema-to-ts';
import type { StageKind } from '../../../src/stages/kind.ts';

const params = {
  type: 'object',
  additionalProperties: false,
  properties: {
    unit: { type: 'string', enum: ['words', 'characters'], default: 'words', description: 'What is counted.' },
  },
} as const;

export type Params = FromSchema<typeof params>;

export const captionLength: StageKind<Params, 'data', 'lengths'> = {
  kind: 'caption-length',
  summary: 'Measures how long the answers of a dataset are.',
  version: 1,
  params,
  inputs: { data: { type: 'dataset', description: 'image-caption conversations' } },
  outputs: { lengths: { type: 'file', description: 'a JSON list: the length of every answer' } },
  headline: 'mean',
  metrics: () => ['mean', 'answers'],
  needs: () => ({ engine: false }),
  load: () => import('./run.ts'),
};
