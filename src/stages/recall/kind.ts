import type { FromSchema } from 'json-schema-to-ts';
import type { StageKind } from '../kind.ts';

const params = {
  type: 'object',
  additionalProperties: false,
  properties: {
    top: {
      type: 'integer',
      minimum: 1,
      default: 10,
      description: 'Words kept for each visual token; the first one is the recalled word.',
    },
    batchSize: { type: 'integer', minimum: 1, default: 64, description: 'Images per forward pass at most.' },
    imagesPerShard: {
      type: 'integer',
      minimum: 1,
      description: 'Images of one file; a killed stage repeats at most one file. Default: as many as fill 8 MB.',
    },
  },
} as const;

export type Params = FromSchema<typeof params>;
export type Inputs = 'model' | 'adapter' | 'languageModel' | 'encoder' | 'data' | 'words';

export const recall: StageKind<Params, Inputs, 'labels'> = {
  kind: 'recall',
  summary:
    "Names for every visual token the words nearest to it among the language model's word embeddings (Figure 1), after either stage.",
  version: 1,
  params,
  inputs: {
    model: { type: 'model', description: 'LLaVA checkpoint: the model after stage 2', optional: true },
    adapter: { type: 'adapter', description: 'instead of model: the adapter after stage 1, with', optional: true },
    languageModel: {
      type: 'language-model',
      description: 'the language model that it was trained for',
      optional: true,
    },
    encoder: { type: 'encoder', description: 'and the encoder whose features it reads', optional: true },
    data: { type: 'dataset', description: 'images to look at' },
    words: { type: 'words', description: 'words that may be recalled' },
  },
  outputs: {
    labels: {
      type: 'labels',
      description: 'recalled words and their cosines [image, patch, top], as patch labels are written',
    },
  },
  identity: ({ batchSize: _, ...identity }) => identity,
  metrics: () => ['images', 'utilisation', 'belowZero', 'meanScore'],
  shared: true,
  needs: () => ({ engine: true, memory: 1.5e9 }),
  loadCost: async () => (await import('./cost.ts')).recallCost,
  load: () => import('./run.ts'),
};
