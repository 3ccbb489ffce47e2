import type { FromSchema } from 'json-schema-to-ts';
import { benchmarkNames } from '../../benchmarks/names.ts';
import { conversation } from '../../train/settings.ts';
import type { StageKind } from '../kind.ts';

const params = {
  type: 'object',
  additionalProperties: false,
  required: ['benchmark'],
  properties: {
    benchmark: {
      type: 'string',
      enum: benchmarkNames,
      description: 'Whose files `data` holds, and whose prompts are asked.',
    },
    prompt: {
      type: 'string',
      enum: ['llava', 'bare'],
      default: 'llava',
      description:
        'llava: with the instruction line of LLaVA-1.5. bare: the question alone, for models too small to read instructions.',
    },
    choices: {
      type: 'string',
      enum: ['letter', 'text'],
      default: 'letter',
      description: "How a multiple-choice question is answered: by letter, as LLaVA, or by the option's text.",
    },
    choose: {
      type: 'string',
      enum: ['generate', 'likelihood'],
      default: 'generate',
      description:
        'How a multiple-choice question is decided. generate: what the model writes, as LLaVA. likelihood: the option (its letter or text, ' +
        'see `choices`) that is the most probable answer, its end included; tables say so.',
    },
    conversation: { ...conversation, description: 'Conversation template; default: the one the model was tuned with.' },
    batchSize: {
      type: 'integer',
      minimum: 1,
      default: 32,
      description: 'Questions answered side by side; does not change answers beyond float ties.',
    },
    maxNewTokens: { type: 'integer', minimum: 1, description: "Longest answer; default: the benchmark's." },
  },
} as const;

export type Params = FromSchema<typeof params>;

export const benchmark: StageKind<Params, 'model' | 'languageModel' | 'data', 'answers'> = {
  kind: 'benchmark',
  summary: 'Asks a model every question of a benchmark, greedily; `score` marks the answers.',
  version: 3,
  params,
  inputs: {
    model: { type: 'model', description: 'LLaVA checkpoint', optional: true },
    languageModel: {
      type: 'language-model',
      description: 'instead of model, for questions without images',
      optional: true,
    },
    data: { type: 'benchmark', description: "the benchmark's official files" },
  },
  // what was asked before there was a choice keeps its key
  identity: ({ choose, ...identity }) => (choose === 'likelihood' ? { ...identity, choose } : identity),
  outputs: { answers: { type: 'answers', description: "LLaVA's answers file, one JSON line a question" } },
  metrics: () => ['questions', 'secondsPerQuestion'],
  needs: () => ({ engine: true, memory: 1e9 }),
  loadCost: async () => (await import('./cost.ts')).benchmarkCost,
  load: () => import('./run.ts'),
};
