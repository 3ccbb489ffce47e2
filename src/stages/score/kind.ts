import type { FromSchema } from 'json-schema-to-ts';
import { benchmarkNames } from '../../benchmarks/names.ts';
import { judgeIdentity, judgeSchema } from '../../judge/settings.ts';
import type { StageKind } from '../kind.ts';

const params = {
  type: 'object',
  additionalProperties: false,
  required: ['benchmark'],
  properties: {
    benchmark: {
      type: 'string',
      enum: benchmarkNames,
      description: 'Whose official program marks the answers.',
    },
    variant: {
      type: 'string',
      description: "One of the benchmark's scoring rules; default: the one behind the paper's tables.",
    },
    choices: {
      type: 'string',
      enum: ['letter', 'text'],
      description: 'How multiple choice was answered; default: as the answers say.',
    },
    judge: {
      anyOf: [{ type: 'string', enum: ['none'] }, judgeSchema],
      description:
        'MM-Vet only. The language model that marks the answers; none: marked by the words of the reference, another figure.',
    },
  },
} as const;

export type Params = FromSchema<typeof params>;

export const score: StageKind<Params, 'answers' | 'data', 'scores'> = {
  kind: 'score',
  summary:
    "Marks the answers to a benchmark as its official program does; `score` is the figure of the paper's tables.",
  version: 1,
  params,
  inputs: {
    answers: { type: 'answers', description: "LLaVA's answers file" },
    data: { type: 'benchmark', description: "the benchmark's official files" },
  },
  outputs: { scores: { type: 'scores', description: 'scores.json (every figure) and questions.jsonl' } },
  headline: 'score',
  // equal marks have one key, however patiently and with whose key the judge was asked
  identity: ({ judge, ...identity }) => ({
    ...identity,
    ...(judge === undefined ? {} : { judge: typeof judge === 'string' ? judge : judgeIdentity(judge) }),
  }),
  needs: () => ({ engine: false, heavy: true }),
  loadCost: async () => {
    const { readingCost } = await import('../source-cost.ts');
    return (_, inputs) => readingCost(inputs['answers']);
  },
  load: () => import('./run.ts'),
};
