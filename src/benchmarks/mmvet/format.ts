import { join } from 'node:path';
import type { FromSchema } from 'json-schema-to-ts';
import { readJson, shape } from '../json-file.ts';

const question = {
  type: 'object',
  required: ['imagename', 'question', 'answer', 'capability'],
  properties: {
    imagename: { type: 'string' },
    question: { type: 'string' },
    answer: { type: 'string' },
    capability: { type: 'array', minItems: 1, items: { type: 'string' } },
  },
} as const;

const questionFile = shape({
  type: 'object',
  propertyNames: { pattern: '^v1_[0-9]+$' },
  additionalProperties: question,
} as const);

export type VetQuestion = FromSchema<typeof question>;

/** mm-vet.json: `v1_{n}` -> question; `answer` may hold <AND> and <OR>. */
export async function readQuestions(folder: string): Promise<ReadonlyMap<string, VetQuestion>> {
  return new Map(Object.entries(await readJson(join(folder, 'mm-vet.json'), questionFile)));
}

/** The key of LLaVA's question number (convert_mmvet_for_eval.py). */
export function keyOf(questionId: string | number): string {
  return `v1_${questionId}`;
}
