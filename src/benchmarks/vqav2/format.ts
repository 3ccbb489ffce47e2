import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { ProblemError } from '../../problem.ts';
import { readJsonArray } from '../json-array.ts';
import { readJsonLines, type Shape, shape } from '../json-file.ts';
import { llavaQuestion } from '../llava-question.ts';
import { readNames } from '../text-file.ts';

const questionFile = shape({
  type: 'object',
  required: ['data_subtype'],
  properties: { data_subtype: { type: 'string' } },
});

const questionEntry = shape({
  type: 'object',
  required: ['image_id', 'question', 'question_id'],
  properties: { image_id: { type: 'integer' }, question: { type: 'string' }, question_id: { type: 'integer' } },
});

const annotationEntry = shape({
  type: 'object',
  required: ['question_type', 'answer_type', 'question_id', 'answers'],
  properties: {
    question_type: { type: 'string' },
    answer_type: { type: 'string' },
    question_id: { type: 'integer' },
    multiple_choice_answer: { type: 'string' },
    answers: {
      type: 'array',
      minItems: 1,
      items: { type: 'object', required: ['answer'], properties: { answer: { type: 'string' } } },
    },
  },
});

type Of<S> = S extends Shape<infer T> ? T : never;
export type VqaQuestion = Of<typeof questionEntry> & Readonly<{ imageName: string }>;
export type VqaAnnotation = Of<typeof annotationEntry>;

/** questions.json (v2_OpenEnded_mscoco_*_questions.json); images are named COCO_{subtype}_{12 digits}.jpg. */
export async function readQuestions(folder: string): Promise<readonly VqaQuestion[]> {
  const file = await officialFile(folder, 'questions');
  const { head, elements } = await readJsonArray(file, 'questions', questionFile, questionEntry);
  const questions = Array.from(elements(), (question) => ({
    ...question,
    imageName: `COCO_${head.data_subtype}_${String(question.image_id).padStart(12, '0')}.jpg`,
  }));
  checkDistinct(file, questions);
  return questions;
}

/** annotations.json (v2_mscoco_*_annotations.json), one annotation at a time; a repeated question stops. */
export async function readAnnotations(folder: string): Promise<() => IterableIterator<VqaAnnotation>> {
  const anything = shape({ type: 'object' });
  const file = await officialFile(folder, 'annotations');
  const { elements } = await readJsonArray(file, 'annotations', anything, annotationEntry);
  return function* () {
    const seen = new Set<number>();
    for (const annotation of elements()) {
      const before = seen.size;
      seen.add(annotation.question_id);
      if (seen.size === before) throw repeated(file, annotation.question_id);
      yield annotation;
    }
  };
}

/** Ids in the order of the upload: LLaVA's question file of the whole split where there is one, else questions.json. */
export async function readOrder(folder: string): Promise<readonly number[]> {
  const file = ['llava_questions.jsonl', 'llava_vqav2_mscoco_test2015.jsonl']
    .map((name) => join(folder, name))
    .find((path) => existsSync(path));
  if (file === undefined) return (await readQuestions(folder)).map(({ question_id }) => question_id);
  return (await readJsonLines(file, llavaQuestion)).map(({ value }) => Number(value.question_id));
}

/** `questions.json`, or the one file of the folder that carries the official longer name. */
async function officialFile(folder: string, what: 'questions' | 'annotations'): Promise<string> {
  const plain = join(folder, `${what}.json`);
  if (existsSync(plain)) return plain;
  const names = await readNames(folder);
  const found = names.filter((name) => name.startsWith('v2_') && name.endsWith(`_${what}.json`));
  const [name] = found;
  if (name === undefined) return plain;
  if (found.length === 1) return join(folder, name);
  throw new ProblemError({
    code: 'missing-file',
    message: `${folder} should hold one file v2_*_${what}.json, but holds ${found.join(', ')}`,
  });
}

function checkDistinct(file: string, questions: readonly Readonly<{ question_id: number }>[]): void {
  const seen = new Set<number>();
  for (const { question_id } of questions) {
    if (seen.has(question_id)) throw repeated(file, question_id);
    seen.add(question_id);
  }
}

function repeated(file: string, id: number): ProblemError {
  return new ProblemError({ code: 'duplicate-id', message: `question ${id} stands twice in ${file}` });
}
