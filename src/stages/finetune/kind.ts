import type { FromSchema } from 'json-schema-to-ts';
import { conversation, optimisation, projector, scales, scalesIdentity } from '../../train/settings.ts';
import type { StageKind } from '../kind.ts';

const params = {
  type: 'object',
  additionalProperties: false,
  properties: {
    ...optimisation,
    conversation: { ...conversation, default: 'vicuna_v1' },
    maxTokens: {
      type: 'integer',
      minimum: 8,
      default: 2048,
      description: 'Longest sequence with image tokens; longer examples are cut.',
    },
    turns: {
      type: 'string',
      enum: ['dialogue', 'independent'],
      default: 'dialogue',
      description:
        'dialogue: later turns see earlier ones, as LLaVA. independent: each turn sees the image and itself only; several share one sequence.',
    },
    trainable: {
      type: 'array',
      items: { type: 'string' },
      minItems: 1,
      default: ['projector.*', 'language.*'],
      description: 'Patterns of parameter names that train: projector.*, language.*, vision.*, or parts of them.',
    },
    learningRates: {
      type: 'object',
      additionalProperties: { type: 'number', exclusiveMinimum: 0 },
      default: {},
      description: 'Peak learning rates by pattern, where they differ from learningRate: { vision.*: 2.0e-6 }.',
    },
    grouping: {
      type: 'string',
      enum: ['none', 'modality'],
      default: 'none',
      description:
        'Which examples share a batch. none: drawn at random. modality: those with an image apart from those without, as LLaVA (group_by_modality_length).',
    },
    layer: { type: 'integer', default: -2, description: 'Hidden state of the vision tower that the adapter reads.' },
    scales,
    projector,
  },
} as const;

export type Params = FromSchema<typeof params>;

/** Whether any pattern may reach the vision tower: then features cannot be computed beforehand. */
export function trainsVision(trainable: readonly string[]): boolean {
  return trainable.some((pattern) => pattern === '*' || pattern.startsWith('vision.'));
}

export const finetune: StageKind<Params, 'languageModel' | 'encoder' | 'data' | 'features' | 'adapter', 'model'> = {
  kind: 'finetune',
  summary:
    'Stage 2: trains adapter and language model on instructions, and the vision encoder where `trainable` says so.',
  version: 2,
  params,
  inputs: {
    languageModel: { type: 'language-model', description: 'where training starts' },
    encoder: { type: 'encoder', description: 'its vision tower becomes part of the model' },
    data: { type: 'dataset', description: 'instruction conversations' },
    features: {
      type: 'features',
      description: 'encoder features of the same images; not used when the encoder trains',
      optional: true,
    },
    adapter: { type: 'adapter', description: 'from pretrain; without it the adapter starts untrained', optional: true },
  },
  outputs: { model: { type: 'model', description: 'LLaVA checkpoint (LlavaForConditionalGeneration)' } },
  unused: ({ trainable }) => (trainsVision(trainable) ? ['features'] : []),
  identity: ({ checkpointSeconds: _, scales, grouping, ...identity }) => ({
    ...identity,
    ...scalesIdentity(scales),
    ...(grouping === 'none' ? {} : { grouping }),
  }),
  metrics: () => ['loss', 'steps', 'secondsPerStep'],
  needs: () => ({ engine: true, memory: 1.5e9 }),
  loadCost: async () => (await import('./cost.ts')).finetuneCost,
  load: () => import('./run.ts'),
};
