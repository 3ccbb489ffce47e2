import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { FromSchema } from 'json-schema-to-ts';
import { readJson, readJsonLines, shape } from '../json-file.ts';
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

/** val.json: one question an image, ten answers without ids. */
export async function readAnnotations(folder: string): Promise<readonly VizwizAnnotation[]> {
  return readJson(join(folder, 'val.json'), annotationFile);
}

/** Images in the order of LLaVA's question file, else of the annotations. */
export async function readOrder(folder: string): Promise<readonly string[]> {
  const file = join(folder, 'llava_questions.jsonl');
  if (existsSync(file)) return (await readJsonLines(file, llavaQuestion)).map(({ value }) => value.image);
  return (await readAnnotations(folder)).map(({ image }) => image);
}
