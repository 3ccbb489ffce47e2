import type { FromSchema } from 'json-schema-to-ts';
import type { StageKind } from '../kind.ts';

const params = {
  type: 'object',
  additionalProperties: false,
  required: ['family', 'hidden', 'layers', 'heads', 'intermediate'],
  properties: {
    family: {
      type: 'string',
      enum: ['llama', 'gemma', 'phi3'],
      description: 'Architecture, exactly as transformers has it.',
    },
    hidden: { type: 'integer', minimum: 1, description: 'Width.' },
    layers: { type: 'integer', minimum: 1, description: 'Blocks.' },
    heads: { type: 'integer', minimum: 1, description: 'Attention heads.' },
    kvHeads: { type: 'integer', minimum: 1, description: 'Key and value heads; default: heads.' },
    headDim: { type: 'integer', minimum: 2, description: 'Width of a head; default: hidden / heads.' },
    intermediate: { type: 'integer', minimum: 1, description: 'Width of the feed-forward part.' },
    ropeTheta: { type: 'number', exclusiveMinimum: 0, default: 10000, description: 'Base of the rotary positions.' },
    maxPositions: {
      type: 'integer',
      minimum: 1,
      default: 512,
      description: 'Longest sequence the checkpoint declares.',
    },
    symbols: {
      type: 'integer',
      minimum: 64,
      default: 700,
      description: 'Size of the byte-pair vocabulary trained on the corpus.',
    },
    seed: {
      type: 'integer',
      minimum: 0,
      default: 0,
      description: 'Names the random streams: initialisation and data order.',
    },
    steps: { type: 'integer', minimum: 1, default: 1000, description: 'Optimiser steps.' },
    batchSize: { type: 'integer', minimum: 1, default: 16, description: 'Sequences per step.' },
    length: { type: 'integer', minimum: 8, default: 128, description: 'Tokens per sequence.' },
    learningRate: { type: 'number', exclusiveMinimum: 0, description: 'Peak rate of AdamW; default: 0.5 / hidden.' },
    muonLearningRate: {
      type: 'number',
      exclusiveMinimum: 0,
      description: "Peak rate of Muon for the blocks' matrices; default: AdamW trains them too.",
    },
    betas: {
      type: 'array',
      items: { type: 'number', minimum: 0, exclusiveMaximum: 1 },
      minItems: 2,
      maxItems: 2,
      default: [0.9, 0.95],
      description: "AdamW's two decay rates.",
    },
    weightDecay: {
      type: 'number',
      minimum: 0,
      default: 0.05,
      description: 'Decoupled weight decay of AdamW, on matrices only.',
    },
    warmupSteps: {
      type: 'integer',
      minimum: 0,
      default: 40,
      description: 'Steps with rising learning rate; cosine to 5 % after it.',
    },
    answerWeight: {
      type: 'number',
      exclusiveMinimum: 0,
      default: 4,
      description: 'Weight of answer tokens in the loss; other tokens weigh 1.',
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

export const trainLanguageModel: StageKind<Params, 'corpus', 'model'> = {
  kind: 'train-language-model',
  summary:
    'Trains a tokenizer and a small Llama, Gemma or Phi-3 on a text corpus and writes a Hugging Face checkpoint.',
  version: 2,
  params,
  inputs: { corpus: { type: 'corpus', description: 'documents with question-answer dialogues' } },
  outputs: { model: { type: 'language-model', description: 'causal language model folder with tokenizer' } },
  identity: ({ checkpointSeconds: _, ...identity }) => identity,
  headline: 'heldout',
  needs: (p) => ({ engine: true, memory: 2e9, flops: p.steps * p.batchSize * p.length * 6 * parameters(p) }),
  loadCost: async () => (await import('./cost.ts')).languageModelCost,
  load: () => import('./run.ts'),
};

function parameters({
  hidden,
  layers,
  heads,
  kvHeads = heads,
  headDim = hidden / heads,
  intermediate,
  symbols,
}: Params): number {
  const attention = 2 * hidden * heads * headDim + 2 * hidden * kvHeads * headDim;
  return layers * (attention + 3 * hidden * intermediate) + symbols * hidden;
}
