import type { FromSchema } from 'json-schema-to-ts';
import type { Json } from '../../hash.ts';
import type { Needs, Port, Ports, StageKind } from '../kind.ts';
import { settingsOf, TAKES } from './settings.ts';

const probability = { type: 'number', minimum: 0, maximum: 1 } as const;

const schema = {
  type: 'object',
  additionalProperties: false,
  required: ['make'],
  properties: {
    make: {
      type: 'string',
      enum: ['pairs', 'captions', 'instructions', 'corpus', 'benchmarks'],
      description:
        'pairs: images with several captions, to train an encoder. captions: images with one (stage 1). ' +
        'instructions: images with conversations (stage 2). corpus: text for a language model. ' +
        'benchmarks: nine benchmarks in their official formats.',
    },
    seed: { type: 'integer', minimum: 0, description: 'Another seed, another world of the same kind.' },
    size: {
      type: 'integer',
      minimum: 64,
      maximum: 256,
      multipleOf: 32,
      description: 'Side of an image in pixels; a cell for a thing is 16. Default 64.',
    },
    patch: { type: 'integer', enum: [4, 8, 16], description: 'Side of a patch in the truth. Default 8.' },
    images: {
      type: 'integer',
      minimum: 1,
      description: 'How many images: default 12000 (pairs), 4000 (captions), 8000 (instructions).',
    },
    captionsPerImage: { type: 'integer', minimum: 1, description: 'Of pairs. Default 4.' },
    noise: {
      ...probability,
      description: 'How many captions of pairs hold 1 to 3 words that have nothing to do with the image. Default 0.3.',
    },
    signProbability: {
      ...probability,
      description:
        'How many scenes have a sign with a word: default 0.35 (pairs), else 0.5. Benchmarks have their own.',
    },
    degradeProbability: {
      ...probability,
      description:
        'How many images are blurry, dim or noisy (instructions: or black): default 0.08 (pairs), 0 (captions), ' +
        '0.15 (instructions).',
    },
    documents: {
      type: 'integer',
      minimum: 1,
      description: 'Of the corpus, 520 characters each on average. Default 16000.',
    },
    heldOut: { type: 'integer', minimum: 1, description: 'Held-out texts for every family of questions. Default 60.' },
    sceneShare: {
      ...probability,
      description: 'Documents of the corpus that describe a scene; others are facts. Default 0.6.',
    },
    split: {
      type: 'string',
      enum: ['test', 'dev'],
      description: 'Benchmarks: test for final numbers, dev for choosing anything. They share no image. Default test.',
    },
    scale: {
      type: 'number',
      exclusiveMinimum: 0,
      maximum: 20,
      description: 'Benchmarks: multiplies their sizes (100 to 300 images each). Default 1.',
    },
  },
} as const;

export type Params = FromSchema<typeof schema>;
type Make = Params['make'];

/** Parameters that `make` does not take are refused, not ignored. */
const onlyWhatItTakes = (Object.keys(TAKES) as Make[]).map((make) => {
  const takes = ['make', 'seed', ...TAKES[make]];
  return {
    if: { type: 'object', required: ['make'], properties: { make: { const: make } } },
    // biome-ignore lint/suspicious/noThenProperty: JSON Schema's keyword
    then: {
      type: 'object',
      additionalProperties: false,
      properties: Object.fromEntries(takes.map((name) => [name, true])),
    },
  };
});

const data: Port = { type: 'dataset', description: 'chat.json and images/' };
const words: Port = { type: 'words', description: 'the word list: 328 words that carry meaning' };
const truth: Port = {
  type: 'truth',
  description: 'truth.jsonl: the right words for every patch; for diagnostics only',
};
const benchmark = (what: string): Port => ({ type: 'benchmark', description: what });

const OUTPUTS: Readonly<Record<Make, Ports>> = {
  pairs: { data, words },
  captions: { data, truth },
  instructions: { data, truth },
  corpus: {
    corpus: { type: 'corpus', description: 'train.jsonl, heldout.jsonl (one question each, by family)' },
    words,
  },
  benchmarks: {
    vqav2: benchmark('colours, sizes, patterns, numbers, places'),
    textvqa: benchmark('the word on a sign'),
    gqa: benchmark('where two things stand to each other'),
    scienceqa: benchmark('what one knows of a thing in the image, multiple choice'),
    mmbench: benchmark('multiple choice, four rotations'),
    pope: benchmark('is something there'),
    vizwiz: benchmark('bad photos, some questions unanswerable'),
    mmvet: benchmark('answers of several words'),
    mmlu: benchmark('facts, without images'),
    truth,
  },
};

const METRICS: Readonly<Record<Make, readonly string[]>> = {
  pairs: ['images', 'questions'],
  captions: ['images', 'questions'],
  instructions: ['images', 'questions'],
  corpus: ['documents', 'characters'],
  benchmarks: ['images'],
};

export const world: StageKind<Params, never, string> = {
  kind: 'world',
  summary: 'Makes images, captions, conversations, text and benchmarks of a small drawn world.',
  version: 2,
  params: { ...schema, allOf: onlyWhatItTakes },
  inputs: {},
  outputs: ({ make }) => OUTPUTS[make],
  identity: (params) => settingsOf(params) as Json,
  metrics: ({ make }) => METRICS[make],
  needs: (): Needs => ({ engine: false, heavy: true, memory: 400e6 }),
  loadCost: async () => (await import('./cost.ts')).worldCost,
  load: () => import('./run.ts'),
};
