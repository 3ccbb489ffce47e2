import { join } from 'node:path';
import { readJsonArray } from '../json-array.ts';
import { type Shape, shape } from '../json-file.ts';

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
  const { head, elements } = await readJsonArray(
    join(folder, 'questions.json'),
    'questions',
    questionFile,
    questionEntry,
  );
  return Array.from(elements(), (question) => ({
    ...question,
    imageName: `COCO_${head.data_subtype}_${String(question.image_id).padStart(12, '0')}.jpg`,
  }));
}

/** annotations.json (v2_mscoco_*_annotations.json), one annotation at a time. */
export async function readAnnotations(folder: string): Promise<() => IterableIterator<VqaAnnotation>> {
  const anything = shape({ type: 'object' });
  const { elements } = await readJsonArray(join(folder, 'annotations.json'), 'annotations', anything, annotationEntry);
  return elements;
}
