import type { FromSchema } from 'json-schema-to-ts';
import type { PortType, StageKind } from '../kind.ts';

const params = {
  type: 'object',
  additionalProperties: false,
  required: ['path', 'type'],
  properties: {
    path: { type: 'string', format: 'path', description: 'Hugging Face checkpoint folder.' },
    type: {
      type: 'string',
      enum: ['encoder', 'language-model', 'model', 'adapter'],
      description:
        'encoder: CLIPModel or SiglipModel. language-model: Llama, Gemma or Phi-3. model: LLaVA. adapter: mm_projector.',
    },
  },
} as const;

export type Params = FromSchema<typeof params>;

export const checkpoint: StageKind<Params, never, 'checkpoint'> = {
  kind: 'checkpoint',
  summary: 'Checks and takes in a Hugging Face checkpoint folder of yours.',
  version: 1,
  params,
  inputs: {},
  outputs: ({ type }) => ({ checkpoint: { type: type satisfies PortType, description: 'the checkpoint folder' } }),
  sources: ({ path }) => [path],
  metrics: () => ['parameters', 'files'],
  needs: () => ({ engine: false, heavy: true }),
  load: () => import('./run.ts'),
};
