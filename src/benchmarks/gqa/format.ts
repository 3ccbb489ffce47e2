import { join } from 'node:path';
import type { FromSchema } from 'json-schema-to-ts';
import { ProblemError } from '../../problem.ts';
import { readJson, shape } from '../json-file.ts';
import { readNames } from '../text-file.ts';

const pointers = { type: 'object', additionalProperties: { type: 'string' } } as const;
const question = {
  type: 'object',
  required: ['question', 'imageId', 'answer', 'isBalanced', 'groups', 'entailed', 'types', 'semantic'],
  properties: {
    question: { type: 'string' },
    imageId: { type: 'string' },
    answer: { type: 'string' },
    isBalanced: { type: 'boolean' },
    groups: {
      type: 'object',
      required: ['global'],
      properties: { global: { anyOf: [{ type: 'string' }, { type: 'null' }] } },
    },
    entailed: { type: 'array', items: { type: 'string' } },
    types: {
      type: 'object',
      required: ['structural', 'semantic', 'detailed'],
      properties: { structural: { type: 'string' }, semantic: { type: 'string' }, detailed: { type: 'string' } },
    },
    semantic: {
      type: 'array',
      items: {
        type: 'object',
        required: ['operation', 'argument'],
        properties: { operation: { type: 'string' }, argument: { type: 'string' } },
      },
    },
    annotations: {
      type: 'object',
      required: ['question', 'fullAnswer'],
      properties: { question: pointers, fullAnswer: pointers },
    },
  },
} as const;
const choice = {
  type: 'object',
  required: ['valid', 'plausible'],
  properties: {
    valid: { type: 'array', items: { type: 'string' } },
    plausible: { type: 'array', items: { type: 'string' } },
  },
} as const;
const number = { type: 'number' } as const;
const size = { type: 'number', exclusiveMinimum: 0 } as const;
const scene = {
  type: 'object',
  required: ['width', 'height', 'objects'],
  properties: {
    width: size,
    height: size,
    objects: {
      type: 'object',
      additionalProperties: {
        type: 'object',
        required: ['x', 'y', 'w', 'h'],
        properties: { x: number, y: number, w: number, h: number },
      },
    },
  },
} as const;
const attention = {
  type: 'object',
  required: ['questionId', 'attention'],
  properties: { questionId: { type: 'string' }, attention: { type: 'array', items: { type: 'array', items: number } } },
} as const;

export type GqaQuestion = FromSchema<typeof question>;
export type GqaScene = FromSchema<typeof scene>;
export type GqaQuestions = ReadonlyMap<string, GqaQuestion>;

/** What the full mode reads beside the questions. */
export type GqaExtras = Readonly<{
  choices: ReadonlyMap<string, FromSchema<typeof choice>>;
  scenes: ReadonlyMap<string, GqaScene>;
  /** 7 x 7, first index x, by question */
  attentions: ReadonlyMap<string, readonly (readonly number[])[]>;
}>;

const questionFile = shape({ type: 'object', additionalProperties: question } as const);
const choiceFile = shape({ type: 'object', additionalProperties: choice } as const);
const sceneFile = shape({ type: 'object', additionalProperties: scene } as const);
const attentionFile = shape({ type: 'array', items: attention } as const);

/** The one *_questions.json of the folder (testdev_balanced_questions.json). */
export async function readQuestions(folder: string): Promise<GqaQuestions> {
  return new Map(Object.entries(await readJson(await only(folder, '_questions.json'), questionFile)));
}

/** Choices, scene graphs and attention maps of the same tier. */
export async function readExtras(folder: string): Promise<GqaExtras> {
  const choices = await readJson(await only(folder, '_choices.json'), choiceFile);
  const scenes = await readJson(await only(folder, '_sceneGraphs.json'), sceneFile);
  const attentions = await readJson(await only(folder, '_attentions.json'), attentionFile);
  return {
    choices: new Map(Object.entries(choices)),
    scenes: new Map(Object.entries(scenes)),
    attentions: new Map(attentions.map((entry) => [entry.questionId, entry.attention])),
  };
}

async function only(folder: string, ending: string): Promise<string> {
  const found = (await readNames(folder)).filter((name) => name.endsWith(ending));
  const [name] = found;
  if (name !== undefined && found.length === 1) return join(folder, name);
  throw new ProblemError({
    code: 'missing-file',
    message: `${folder} should hold one file *${ending}, but holds ${found.length === 0 ? 'none' : found.join(', ')}`,
  });
}
