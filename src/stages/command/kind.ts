import type { FromSchema } from 'json-schema-to-ts';
import type { Port, StageKind } from '../kind.ts';
import { commandMistakes } from './mistakes.ts';

const params = {
  type: 'object',
  additionalProperties: false,
  required: ['run', 'outputs'],
  properties: {
    run: {
      type: 'string',
      minLength: 1,
      description:
        'Shell command. {input.NAME} and {output.NAME} become paths, also found in SEA_INPUT_NAME and SEA_OUTPUT_NAME; {scratch} is a folder that survives a killed run. Lines like {"step": 3, "of": 10, "loss": 2.1} that it appends to the file SEA_PROGRESS are shown as its progress and curve.',
    },
    outputs: {
      type: 'array',
      items: { type: 'string', pattern: '^[A-Za-z][A-Za-z0-9_-]*$' },
      minItems: 1,
      uniqueItems: true,
      description: 'Names of the files or folders that the command makes.',
    },
    files: {
      type: 'array',
      items: { type: 'string', format: 'path' },
      default: [],
      description:
        'Programs and data outside the cache that the command reads: their content decides whether it runs again.',
    },
    env: {
      type: 'object',
      additionalProperties: { type: 'string' },
      default: {},
      description: 'Environment variables of the command.',
    },
    cwd: { type: 'string', format: 'path', default: '.', description: 'Folder the command runs in.' },
    timeout: {
      type: 'number',
      exclusiveMinimum: 0,
      description: 'Seconds after which the command is ended and has failed.',
    },
    metrics: {
      type: 'string',
      description: 'Name of an output that is a flat JSON object of numbers: the metrics of the stage.',
    },
  },
} as const;

export type Params = FromSchema<typeof params>;

const made: Port = { type: 'file', description: 'what the command leaves there' };

export const command: StageKind<Params> = {
  kind: 'command',
  summary: 'Runs a program with declared inputs and outputs.',
  version: 1,
  params,
  inputs: {},
  anyInputs: true,
  outputs: ({ outputs }) => Object.fromEntries(outputs.map((name) => [name, made])),
  mistakes: commandMistakes,
  sources: ({ files }) => files,
  identity: ({ run, outputs, env, metrics }) => ({ run, outputs, env, ...(metrics === undefined ? {} : { metrics }) }),
  needs: () => ({ engine: false }),
  load: () => import('./run.ts'),
};
