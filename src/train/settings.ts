/** Parameters that every training stage has, in JSON Schema: the same names mean the same everywhere. */
export const optimisation = {
  seed: {
    type: 'integer',
    minimum: 0,
    default: 0,
    description: "Names this stage's random streams: data order, initialisation, sampling.",
  },
  steps: { type: 'integer', minimum: 1, description: 'Optimiser steps; instead of epochs.' },
  epochs: {
    type: 'number',
    exclusiveMinimum: 0,
    default: 1,
    description: 'Passes over the data, when steps is not given.',
  },
  batchSize: { type: 'integer', minimum: 1, default: 32, description: 'Examples per optimiser step.' },
  accumulate: {
    type: 'integer',
    minimum: 1,
    default: 1,
    description: 'Micro-batches that a batch is split into, to save memory.',
  },
  learningRate: { type: 'number', exclusiveMinimum: 0, default: 1e-3, description: 'Peak learning rate of AdamW.' },
  warmup: {
    type: 'number',
    minimum: 0,
    maximum: 1,
    default: 0.03,
    description: 'Share of the steps with rising learning rate; cosine after it.',
  },
  betas: {
    type: 'array',
    items: { type: 'number', minimum: 0, exclusiveMaximum: 1 },
    minItems: 2,
    maxItems: 2,
    default: [0.9, 0.999],
    description: "AdamW's two decay rates.",
  },
  weightDecay: { type: 'number', minimum: 0, default: 0, description: 'Decoupled weight decay, on matrices only.' },
  clip: { type: 'number', exclusiveMinimum: 0, default: 1, description: 'Largest joint norm of the gradients.' },
  checkpointSeconds: {
    type: 'number',
    exclusiveMinimum: 0,
    default: 20,
    description: 'Time between checkpoints; does not change results.',
  },
} as const;

/** How the adapter is made before stage 1 (or stage 2, without pre-training). */
export const projector = {
  type: 'object',
  additionalProperties: false,
  default: {},
  description: 'The adapter: two linear layers with GELU (mlp2x_gelu).',
  properties: {
    standardise: {
      type: 'boolean',
      default: false,
      description:
        'Start from features standardised per dimension; folded into the first layer, so the file stays a plain adapter.',
    },
    gain: {
      type: 'number',
      exclusiveMinimum: 0,
      description: 'Scale the second layer so that outputs start at this multiple of the mean word embedding norm.',
    },
  },
} as const;

/** At which sizes the encoder looks at an image (S2-Wrapper). */
export const scales = {
  type: 'array',
  items: { type: 'integer', minimum: 1 },
  minItems: 1,
  uniqueItems: true,
  default: [1],
  description:
    "Sizes at which the encoder sees an image, as multiples of its own: [1, 2] is S2-Wrapper with twice the resolution. The adapter reads them side by side on the first one's grid.",
} as const;

/** Part of a key: nothing for the encoder's own size alone. */
export function scalesIdentity(given: readonly number[]): { readonly scales?: readonly number[] } {
  return given.length === 1 && given[0] === 1 ? {} : { scales: given };
}

export const conversation = {
  type: 'string',
  enum: ['plain', 'vicuna_v1', 'gemma', 'phi3', 'llama3', 'short'],
  description: 'Conversation template.',
} as const;
