import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { FromSchema } from 'json-schema-to-ts';
import { readJson, readJsonLines, shape } from '../json-file.ts';
import { llavaQuestion } from '../llava-question.ts';
import { stopAt } from '../text-file.ts';
import { questionOfPrompt } from './score.ts';

const annotation = {
  type: 'object',
  required: ['question', 'image_id', 'answers'],
  properties: {
    question: { type: 'string' },
    image_id: { type: 'string' },
    answers: { type: 'array', minItems: 10, maxItems: 10, items: { type: 'string' } },
  },
} as const;

const annotationFile = shape({
  type: 'object',
  required: ['data'],
  properties: { data: { type: 'array', items: annotation } },
} as const);

export type TextAnnotation = FromSchema<typeof annotation>;

/** TextVQA_0.5.1_val.json: exactly ten answers a question. */
export async function readAnnotations(folder: string): Promise<readonly TextAnnotation[]> {
  return (await readJson(join(folder, 'TextVQA_0.5.1_val.json'), annotationFile)).data;
}

/** LLaVA's question file with Rosetta's OCR tokens in the prompts, where the folder has one; a prompt of another form stops. */
export async function readPrompts(
  folder: string,
): Promise<readonly Readonly<{ question_id: string; image: string; text: string }>[] | undefined> {
  const file = ['llava_questions.jsonl', 'llava_textvqa_val_v051_ocr.jsonl']
    .map((name) => join(folder, name))
    .find((path) => existsSync(path));
  if (file === undefined) return undefined;
  return (await readJsonLines(file, llavaQuestion)).map(({ line, value }) => {
    if (questionOfPrompt(value.text) === undefined)
      stopAt(file, line, 'wrong-shape', "the text has not the lines of LLaVA's prompt: its answer could not be joined");
    return { ...value, question_id: String(value.question_id) };
  });
}
