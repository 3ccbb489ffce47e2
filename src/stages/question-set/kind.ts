import type { FromSchema } from 'json-schema-to-ts';
import type { StageKind } from '../kind.ts';
import { expectedQuestions, origin } from '../source.ts';

const params = {
  type: 'object',
  additionalProperties: false,
  required: ['questions'],
  properties: {
    questions: {
      type: 'string',
      format: 'path',
      description:
        "JSON lines { question_id, image?, text, answer? }: LLaVA's question file, with the right answer (or a list of them) where known.",
    },
    images: { type: 'string', format: 'path', description: 'Folder that the `image` names are relative to.' },
    onBadItem: {
      type: 'string',
      enum: ['stop', 'skip'],
      default: 'stop',
      description: 'A broken or missing image, a duplicate id, a line that is no JSON.',
    },
    expected: expectedQuestions,
    origin,
  },
} as const;

export type Params = FromSchema<typeof params>;

export const questionSet: StageKind<Params, never, 'data'> = {
  kind: 'question-set',
  summary: 'Checks and takes in your own questions with answers, as a benchmark of its own (`questions`).',
  version: 1,
  params,
  inputs: {},
  outputs: { data: { type: 'benchmark', description: 'questions.jsonl and images' } },
  sources: ({ questions, images }) => (images === undefined ? [questions] : [questions, images]),
  origin: (params) => params.origin,
  identity: ({ onBadItem }) => ({ onBadItem }),
  metrics: () => ['questions', 'skipped'],
  needs: () => ({ engine: false, heavy: true }),
  loadCost: async () => {
    const { questionsCost } = await import('../source-cost.ts');
    return ({ expected }, _, { metrics }) => questionsCost(expected, metrics);
  },
  load: () => import('./run.ts'),
};
