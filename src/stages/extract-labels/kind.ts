import type { FromSchema } from 'json-schema-to-ts';
import { scales, scalesIdentity } from '../../train/settings.ts';
import type { StageKind } from '../kind.ts';

const params = {
  type: 'object',
  additionalProperties: false,
  properties: {
    top: { type: 'integer', minimum: 1, default: 10, description: 'Words kept for each patch (n of Eq. 6).' },
    sign: {
      type: 'string',
      enum: ['auto', 'positive', 'negative'],
      default: 'auto',
      description:
        'Sign of the cosine between patch and word. The paper negates it in CLIP (Eq. 6); auto compares both on a sample of images and records its choice.',
    },
    readout: {
      type: 'string',
      enum: ['projection', 'value', 'surgery'],
      default: 'surgery',
      description:
        'How a patch gets into the text space: projection of every patch token; value, the last block with its value path only (MaskCLIP); surgery, v-v attention without the feed-forward part (CLIP-Surgery).',
    },
    minScore: {
      type: 'number',
      default: 0,
      description: 'Words with a lower score are dropped; the paper drops scores below 0.',
    },
    prompts: {
      type: 'array',
      items: { type: 'string', pattern: '\\{word\\}' },
      minItems: 1,
      default: ['{word}'],
      description: 'Templates for a word; with several, the mean of the normalised embeddings stands for it.',
    },
    scales: {
      ...scales,
      description:
        "Sizes at which the encoder sees an image, as multiples of its own, like those of the features: a patch is the mean of its normalised embeddings at every size, on the first one's grid.",
    },
    batchSize: { type: 'integer', minimum: 1, default: 64, description: 'Images per forward pass at most.' },
    imagesPerShard: {
      type: 'integer',
      minimum: 1,
      description: 'Images of one file; a killed extraction repeats at most one file. Default: as many as fill 8 MB.',
    },
  },
} as const;

export type Params = FromSchema<typeof params>;

export const extractLabels: StageKind<Params, 'encoder' | 'data' | 'words', 'labels'> = {
  kind: 'extract-labels',
  summary: "Labels every visual patch with the words nearest to it in the encoder's own paired text space (Eq. 4-6).",
  version: 4,
  params,
  inputs: {
    encoder: { type: 'encoder', description: 'paired encoder: its vision and its text tower' },
    data: { type: 'dataset', description: 'images to label' },
    words: { type: 'words', description: 'candidate words' },
  },
  outputs: {
    labels: {
      type: 'labels',
      description: 'word indices and scores [image, patch, top] in shards; the README says how to read them',
    },
  },
  identity: ({ batchSize: _, scales, ...identity }) => ({ ...identity, ...scalesIdentity(scales) }),
  metrics: () => [
    'images',
    'labelsPerPatch',
    'utilisation',
    'belowZero',
    'meanScore',
    'sign',
    'sample.belowZero',
    'criterion.positive',
    'criterion.negative',
  ],
  shared: true,
  needs: () => ({ engine: true, memory: 1.5e9 }),
  loadCost: async () => (await import('./cost.ts')).labelsCost,
  load: () => import('./run.ts'),
};
