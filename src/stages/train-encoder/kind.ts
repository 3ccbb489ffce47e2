import type { FromSchema } from 'json-schema-to-ts';
import type { StageKind } from '../kind.ts';

const size = (description: string, fallback: number) =>
  ({ type: 'integer', minimum: 1, default: fallback, description }) as const;

const params = {
  type: 'object',
  additionalProperties: false,
  properties: {
    family: {
      type: 'string',
      enum: ['clip', 'siglip'],
      default: 'clip',
      description: 'CLIPModel with a softmax loss over the batch, or SiglipModel with a sigmoid loss for every pair.',
    },
    seed: {
      type: 'integer',
      minimum: 0,
      default: 0,
      description: 'Names the random streams: initialisation, data order, caption choice.',
    },
    steps: { type: 'integer', minimum: 1, default: 1600, description: 'Optimiser steps.' },
    batchSize: {
      type: 'integer',
      minimum: 2,
      default: 64,
      description: 'Image-caption pairs per step; the others in the batch are the negatives.',
    },
    imageSize: size('Side of the square input in pixels.', 64),
    patchSize: size('Side of a patch in pixels.', 8),
    vision: {
      type: 'object',
      additionalProperties: false,
      default: {},
      properties: {
        hidden: size('Width.', 128),
        layers: size('Blocks.', 2),
        heads: size('Attention heads.', 4),
        intermediate: size('Width of the feed-forward part.', 256),
      },
    },
    text: {
      type: 'object',
      additionalProperties: false,
      default: {},
      properties: {
        hidden: size('Width.', 96),
        layers: size('Blocks.', 1),
        heads: size('Attention heads.', 4),
        intermediate: size('Width of the feed-forward part.', 384),
        positions: size('Longest text in tokens.', 32),
      },
    },
    projection: size('Width of the joint space (SigLIP: the vision width).', 64),
    learningRate: {
      type: 'number',
      exclusiveMinimum: 0,
      default: 2e-3,
      description: 'Peak rate of AdamW: embeddings, projections, norms, biases.',
    },
    muonLearningRate: {
      type: 'number',
      exclusiveMinimum: 0,
      default: 0.02,
      description: "Peak rate of Muon: the blocks' matrices.",
    },
    weightDecay: {
      type: 'number',
      minimum: 0,
      default: 0.02,
      description: 'Decoupled weight decay of AdamW, on matrices only.',
    },
    warmupSteps: {
      type: 'integer',
      minimum: 0,
      default: 40,
      description: 'Steps with rising learning rate; cosine after it.',
    },
    losses: {
      type: 'object',
      additionalProperties: false,
      default: {},
      description: 'Weights of three image-caption losses; the images and captions are all the supervision.',
      properties: {
        global: {
          type: 'number',
          minimum: 0,
          default: 1,
          description: 'On the CLS token or the pooling head: the published loss.',
        },
        mean: { type: 'number', minimum: 0, default: 1, description: 'On the mean of the projected patches.' },
        pooled: {
          type: 'number',
          minimum: 0,
          default: 1,
          description: 'On patches pooled by their similarity to the caption.',
        },
      },
    },
    checkpointSeconds: {
      type: 'number',
      exclusiveMinimum: 0,
      default: 20,
      description: 'Time between checkpoints; does not change results.',
    },
  },
} as const;

export type Params = FromSchema<typeof params>;

export const trainEncoder: StageKind<Params, 'data' | 'words', 'encoder'> = {
  kind: 'train-encoder',
  summary: 'Trains a small CLIP or SigLIP from image-caption pairs and writes it as a Hugging Face checkpoint.',
  version: 2,
  params,
  inputs: {
    data: { type: 'dataset', description: 'image-caption pairs; an image may have several captions' },
    words: { type: 'words', description: 'vocabulary of the text tower' },
  },
  outputs: { encoder: { type: 'encoder', description: 'CLIPModel or SiglipModel folder' } },
  identity: ({ checkpointSeconds: _, ...identity }) => identity,
  metrics: () => ['loss', 'accuracy', 'retrieval', 'steps', 'secondsPerStep', 'parameters'],
  needs: (p) => ({ engine: true, memory: 2e9, flops: p.steps * p.batchSize * flopsPerPair(p) }),
  loadCost: async () => (await import('./cost.ts')).encoderCost,
  load: () => import('./run.ts'),
};

/** Forward and backward: 6 operations per parameter and token. */
function flopsPerPair({ vision, text, imageSize, patchSize }: Params): number {
  const block = ({ hidden, intermediate }: { hidden: number; intermediate: number }) =>
    4 * hidden ** 2 + 2 * hidden * intermediate;
  const patches = (imageSize / patchSize) ** 2 + 1;
  return (
    6 *
    (patches * (vision.layers * block(vision) + 3 * patchSize ** 2 * vision.hidden) +
      text.positions * text.layers * block(text))
  );
}
