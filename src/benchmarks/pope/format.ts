import { join } from 'node:path';
import { ProblemError } from '../../problem.ts';
import { readJsonLines, shape } from '../json-file.ts';
import { llavaQuestion } from '../llava-question.ts';
import { readNames, stopAt } from '../text-file.ts';

const labelLine = shape({
  type: 'object',
  required: ['label'],
  properties: { label: { type: 'string' }, text: { type: 'string' }, image: { type: 'string' } },
} as const);

export type PopeLabel = Readonly<{ label: string; text?: string; image?: string }>;
export type PopeQuestion = Readonly<{ id: string | number; image: string; text: string; category: string }>;

/** coco/coco_pope_{category}.json: JSON lines, by category. */
export async function readLabels(folder: string): Promise<ReadonlyMap<string, readonly PopeLabel[]>> {
  const coco = join(folder, 'coco');
  const labels = new Map<string, readonly PopeLabel[]>();
  for (const name of [...(await readNames(coco))].sort()) {
    const category = /^coco_pope_(.+)\.json$/.exec(name)?.[1];
    if (category === undefined) {
      throw new ProblemError({ code: 'unknown-file', message: `${join(coco, name)} is not named coco_pope_*.json` });
    }
    const lines = await readJsonLines(join(coco, name), labelLine);
    labels.set(
      category,
      lines.map(({ value }) => value as PopeLabel),
    );
  }
  return labels;
}

/** llava_pope_test.jsonl: ids unique over the categories; an id that stands twice or has no category stops. */
export async function readQuestions(folder: string): Promise<readonly PopeQuestion[]> {
  const file = join(folder, 'llava_pope_test.jsonl');
  const seen = new Set<string>();
  return (await readJsonLines(file, llavaQuestion)).map(({ line, value: { question_id, image, text, category } }) => {
    if (category === undefined) return stopAt(file, line, 'wrong-shape', `question ${question_id} has no category`);
    const before = seen.size;
    if (seen.add(String(question_id)).size === before)
      stopAt(file, line, 'duplicate-id', `a second question with the id ${question_id}`);
    return { id: question_id, image, text, category };
  });
}
