import type { FromSchema } from 'json-schema-to-ts';
import type { PortType, StageKind } from '../kind.ts';
import { origin } from '../source.ts';

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
        'encoder: CLIPModel, SiglipModel, Dinov2Model, ViTModel or ViTMAEModel. language-model: Llama, Gemma or Phi-3. model: LLaVA. adapter: mm_projector.',
    },
    hub: {
      type: 'string',
      pattern: '^[\\w.-]+/[\\w.-]+$',
      description:
        "Repository (organisation/name) that Hugging Face's cache may hold (HF_HOME); taken from there where nothing lies at path.",
    },
    config: {
      type: 'string',
      format: 'path',
      description: 'A config.json to plan with while the checkpoint is not here.',
    },
    origin,
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
  origin: (params) => params.origin,
  hub: ({ hub }) => hub,
  identity: ({ type }) => ({ type }),
  metrics: () => ['parameters', 'files'],
  needs: () => ({ engine: false, heavy: true }),
  loadCost: async () => {
    const { checkpointCost } = await import('./cost.ts');
    return (params, _, known) => checkpointCost(params, known);
  },
  load: () => import('./run.ts'),
};
