import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { ProblemError } from '../../problem.ts';
import { readJsonArray } from '../json-array.ts';
import { readJsonLines, type Shape, shape, wholeId } from '../json-file.ts';
import { llavaQuestion } from '../llava-question.ts';
import { readNames, stopAt } from '../text-file.ts';

const questionFile = shape({
  type: 'object',
  required: ['data_subtype'],
  properties: { data_subtype: { type: 'string' } },
});

const questionEntry = shape({
  type: 'object',
  required: ['image_id', 'question', 'question_id'],
  properties: { image_id: { type: 'integer' }, question: { type: 'string' }, question_id: wholeId },
});

const annotationEntry = shape({
  type: 'object',
  required: ['question_type', 'answer_type', 'question_id', 'answers'],
  properties: {
    question_type: { type: 'string' },
    answer_type: { type: 'string' },
    question_id: wholeId,
    multiple_choice_answer: { type: 'string' },
    answers: {
      type: 'array',
      minItems: 1,
      items: { type: 'object', required: ['answer'], properties: { answer: { type: 'string' } } },
    },
  },
});

type Of<S> = S extends Shape<infer T> ? T : never;
export type VqaQuestion = Of<typeof questionEntry>;
export type VqaAnnotation = Of<typeof annotationEntry>;

export type VqaQuestions = Readonly<{ byId: ReadonlyMap<number, VqaQuestion>; imageName(imageId: number): string }>;

/** questions.json (v2_OpenEnded_mscoco_*_questions.json); images are named COCO_{subtype}_{12 digits}.jpg. */
export async function readQuestions(folder: string): Promise<VqaQuestions> {
  const file = await officialFile(folder, 'questions');
  const { head, elements, lineOf } = await readJsonArray(file, 'questions', questionFile, questionEntry);
  const byId = new Map<number, VqaQuestion>();
  for (const question of elements()) {
    const { question_id: id } = question;
    if (byId.has(id)) stopTwice(file, lineOf(byId.size), id);
    byId.set(id, question);
  }
  return { byId, imageName: (id) => `COCO_${head.data_subtype}_${String(id).padStart(12, '0')}.jpg` };
}

/**
 * annotations.json (v2_mscoco_*_annotations.json), one annotation at a time. A repeated question stops, one that was not
 * asked, and one that was asked and has no annotation.
 */
export async function readAnnotations(
  folder: string,
  questions: ReadonlyMap<number, VqaQuestion>,
): Promise<() => IterableIterator<VqaAnnotation>> {
  const anything = shape({ type: 'object' });
  const file = await officialFile(folder, 'annotations');
  const { elements, lineOf } = await readJsonArray(file, 'annotations', anything, annotationEntry);
  return function* () {
    const seen = new Set<number>();
    for (const annotation of elements()) {
      const { question_id: id } = annotation;
      if (seen.has(id)) stopTwice(file, lineOf(seen.size), id);
      if (!questions.has(id))
        stopAt(file, lineOf(seen.size), 'unknown-question', `no question of questions.json has this id: ${id}`);
      seen.add(id);
      yield annotation;
    }
    for (const id of questions.keys()) {
      if (!seen.has(id))
        throw new ProblemError({ code: 'no-annotation', message: `question ${id} has no annotation in ${file}` });
    }
  };
}

/** Ids in the order of the upload: LLaVA's question file of the whole split where there is one, else questions.json. */
export async function readOrder(folder: string): Promise<readonly number[]> {
  const file = ['llava_questions.jsonl', 'llava_vqav2_mscoco_test2015.jsonl']
    .map((name) => join(folder, name))
    .find((path) => existsSync(path));
  if (file === undefined) return [...(await readQuestions(folder)).byId.keys()];
  return (await readJsonLines(file, llavaQuestion)).map(({ line, value: { question_id } }) => {
    const id = Number(question_id);
    return Number.isSafeInteger(id) ? id : stopAt(file, line, 'wrong-shape', `${question_id} is no id of VQAv2`);
  });
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

function stopTwice(file: string, line: number, id: number): never {
  return stopAt(file, line, 'duplicate-id', `question ${id} stands here a second time`);
}
