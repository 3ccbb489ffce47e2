import type { FromSchema } from 'json-schema-to-ts';
import { scales, scalesIdentity } from '../../train/settings.ts';
import type { StageKind } from '../kind.ts';

const params = {
  type: 'object',
  additionalProperties: false,
  properties: {
    layer: {
      type: 'integer',
      default: -2,
      description:
        'Hidden state of the vision tower that the adapter reads, counted from the end (-2: second-last, as LLaVA).',
    },
    scales,
    batchSize: {
      type: 'integer',
      minimum: 1,
      default: 64,
      description: 'Images per forward pass; tiles of a larger scale count.',
    },
  },
} as const;

export type Params = FromSchema<typeof params>;

export const features: StageKind<Params, 'encoder' | 'data', 'features'> = {
  kind: 'features',
  summary: 'Runs the frozen vision encoder over a dataset once; every row that leaves it frozen reads the result.',
  version: 1,
  params,
  inputs: {
    encoder: { type: 'encoder', description: 'CLIP, SigLIP, DINOv2 or MAE checkpoint' },
    data: { type: 'dataset', description: 'images to encode' },
  },
  outputs: { features: { type: 'features', description: 'patch features [image, patches, dim] in shards' } },
  // No image sees another in a frozen pass: its features do not depend on the batch size.
  identity: ({ layer, scales }) => ({ layer, ...scalesIdentity(scales) }),
  metrics: () => ['images', 'tokens', 'dim', 'secondsPerImage'],
  shared: true,
  needs: () => ({ engine: true, memory: 1e9 }),
  loadCost: async () => (await import('./cost.ts')).featuresCost,
  load: () => import('./run.ts'),
};
