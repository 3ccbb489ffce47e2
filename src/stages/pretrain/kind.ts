import type { FromSchema } from 'json-schema-to-ts';
import { conversation, optimisation, projector } from '../../train/settings.ts';
import type { StageKind } from '../kind.ts';

const params = {
  type: 'object',
  additionalProperties: false,
  properties: {
    ...optimisation,
    conversation: { ...conversation, default: 'plain' },
    maxTokens: {
      type: 'integer',
      minimum: 8,
      default: 2048,
      description: 'Longest sequence with image tokens; longer examples are cut.',
    },
    projector,
    align: {
      type: 'object',
      additionalProperties: false,
      default: {},
      description: 'Supervised Embedding Alignment: the token-level contrastive loss L_a (Eq. 7-9).',
      properties: {
        weight: {
          type: 'number',
          minimum: 0,
          default: 0,
          description: 'lambda of Eq. 11; 0 is plain LLaVA pre-training.',
        },
        window: { type: 'integer', minimum: 1, default: 2, description: 'One patch is drawn from every k x k window.' },
        edge: {
          type: 'string',
          enum: ['keep', 'drop'],
          default: 'keep',
          description: 'Partial windows at the edge of the grid.',
        },
        sample: {
          type: 'string',
          enum: ['weighted', 'top1', 'uniform'],
          default: 'weighted',
          description: 'How a label is drawn for a patch: in proportion to its score (Eq. 7), the best, or any.',
        },
        dedupe: {
          type: 'boolean',
          default: true,
          description: 'Keep one patch per label in a batch, so that negatives are negatives.',
        },
        temperature: {
          type: 'object',
          additionalProperties: false,
          default: {},
          description: 'tau of Eq. 9.',
          properties: {
            initial: {
              type: 'number',
              exclusiveMinimum: 0,
              default: 1,
              description: 'tau at the start (the paper: log-temperature 0).',
            },
            learnable: {
              type: 'boolean',
              default: true,
              description: 'tau is trained beside the adapter, as in the paper.',
            },
            learningRate: {
              type: 'number',
              exclusiveMinimum: 0,
              description: "Peak learning rate of log tau; default: the adapter's.",
            },
          },
        },
        target: {
          type: 'string',
          enum: ['mean', 'first', 'last'],
          default: 'mean',
          description: "Which of the word's token embeddings a patch is pulled to (Eq. 8: mean).",
        },
      },
    },
  },
} as const;

export type Params = FromSchema<typeof params>;

export const pretrain: StageKind<Params, 'languageModel' | 'data' | 'features' | 'labels', 'adapter'> = {
  kind: 'pretrain',
  summary: 'Stage 1: trains only the adapter on captions, plus lambda times the alignment loss (Eq. 9-11).',
  version: 2,
  params,
  inputs: {
    languageModel: { type: 'language-model', description: 'frozen' },
    data: { type: 'dataset', description: 'image-caption conversations' },
    features: { type: 'features', description: 'encoder features of the same images' },
    labels: {
      type: 'labels',
      description:
        'patch labels of the same images, of any encoder: another grid of patches is resampled by position; needed when align.weight > 0',
      optional: true,
    },
  },
  outputs: { adapter: { type: 'adapter', description: "LLaVA's mm_projector" } },
  unused: ({ align }) => (align.weight === 0 ? ['labels'] : []),
  identity: ({ checkpointSeconds: _, align, ...identity }) => ({
    ...identity,
    align: align.weight === 0 ? null : align,
  }),
  metrics: () => ['loss', 'lossCaption', 'lossAlign', 'temperature', 'pairs', 'steps', 'secondsPerStep'],
  needs: () => ({ engine: true, memory: 1.5e9 }),
  loadCost: async () => (await import('./cost.ts')).pretrainCost,
  load: () => import('./run.ts'),
};
