import type { FromSchema } from 'json-schema-to-ts';
import type { StageKind } from '../kind.ts';
import { expected, origin, size } from '../source.ts';

const params = {
  type: 'object',
  additionalProperties: false,
  required: ['chat'],
  properties: {
    chat: { type: 'string', format: 'path', description: 'LLaVA conversation file (JSON array).' },
    images: {
      type: 'string',
      format: 'path',
      description: 'Folder that the `image` names are relative to; text-only data needs none.',
    },
    onBadItem: {
      type: 'string',
      enum: ['stop', 'skip'],
      default: 'stop',
      description:
        'A broken or missing image, a duplicate id, text that is not UTF-8: stop and name them, or leave them out and name them in the log.',
    },
    expected: {
      ...expected,
      required: ['records', 'images', 'tokens', 'targets'],
      properties: {
        records: size('Conversations.'),
        images: size('Images.'),
        tokens: size('Mean tokens of a conversation, its image not counted.'),
        targets: size('Of those, the mean that are learnt: the answers.'),
      },
    },
    origin,
  },
} as const;

export type Params = FromSchema<typeof params>;

export const dataset: StageKind<Params, never, 'data'> = {
  kind: 'dataset',
  summary: 'Checks and takes in your own LLaVA-format conversations and images.',
  version: 1,
  params,
  inputs: {},
  outputs: { data: { type: 'dataset', description: 'checked conversations and images' } },
  sources: ({ chat, images }) => (images === undefined ? [chat] : [chat, images]),
  origin: (params) => params.origin,
  identity: ({ onBadItem }) => ({ onBadItem }),
  metrics: () => ['records', 'images', 'skipped'],
  needs: () => ({ engine: false, heavy: true }),
  loadCost: async () => {
    const { datasetCost } = await import('../source-cost.ts');
    return ({ expected }, _, { metrics }) => datasetCost(expected, metrics);
  },
  load: () => import('./run.ts'),
};
