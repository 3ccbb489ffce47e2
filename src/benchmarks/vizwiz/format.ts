import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { FromSchema } from 'json-schema-to-ts';
import { type Fault, readJson, readJsonLines, shape } from '../json-file.ts';
import { llavaQuestion } from '../llava-question.ts';

const annotation = {
  type: 'object',
  required: ['image', 'question', 'answers', 'answer_type', 'answerable'],
  properties: {
    image: { type: 'string' },
    question: { type: 'string' },
    answers: {
      type: 'array',
      minItems: 1,
      items: {
        type: 'object',
        required: ['answer'],
        properties: { answer: { type: 'string' }, answer_confidence: { type: 'string' } },
      },
    },
    answer_type: { type: 'string' },
    answerable: { type: 'integer', enum: [0, 1] },
  },
} as const;

const annotationFile = shape({ type: 'array', items: annotation } as const);

export type VizwizAnnotation = FromSchema<typeof annotation>;

const question = {
  type: 'object',
  required: ['image', 'question'],
  properties: { image: { type: 'string' }, question: { type: 'string' } },
} as const;
const questionFile = shape({ type: 'array', items: question } as const);

export type VizwizQuestion = Readonly<{ image: string; question: string }>;

/** val.json: one question an image, ten answers without ids; an image that stands twice stops. */
export async function readAnnotations(folder: string): Promise<readonly VizwizAnnotation[]> {
  return readJson(join(folder, 'val.json'), annotationFile, imageTwice);
}

function imageTwice(annotations: readonly VizwizAnnotation[]): Fault | undefined {
  const seen = new Set<string>();
  for (const [index, { image }] of annotations.entries()) {
    const before = seen.size;
    if (seen.add(image).size === before)
      return { pointer: `/${index}`, code: 'duplicate-id', message: `a second annotation of ${image}` };
  }
  return undefined;
}

/** The questions of val.json, or of test.json, which has no answers. */
export async function readQuestions(folder: string): Promise<readonly VizwizQuestion[]> {
  const test = join(folder, 'test.json');
  if (existsSync(join(folder, 'val.json')) || !existsSync(test)) return readAnnotations(folder);
  return (await readJson(test, questionFile)) as readonly VizwizQuestion[];
}

/** Ids and images in the order of the upload: LLaVA's question file where there is one, else the annotations. */
export async function readOrder(folder: string): Promise<readonly Readonly<{ id: string; image: string }>[]> {
  const file = ['llava_questions.jsonl', 'llava_test.jsonl']
    .map((name) => join(folder, name))
    .find((path) => existsSync(path));
  if (file === undefined) return (await readQuestions(folder)).map(({ image }) => ({ id: image, image }));
  const lines = await readJsonLines(file, llavaQuestion);
  return lines.map(({ value: { question_id, image } }) => ({ id: String(question_id), image }));
}
