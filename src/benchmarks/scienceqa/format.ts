import { join } from 'node:path';
import type { FromSchema } from 'json-schema-to-ts';
import { ProblemError, suggest } from '../../problem.ts';
import { type Fault, readJson, shape } from '../json-file.ts';

const problem = {
  type: 'object',
  required: ['question', 'choices', 'answer', 'hint', 'image'],
  properties: {
    question: { type: 'string' },
    choices: { type: 'array', minItems: 2, maxItems: 5, items: { type: 'string' } },
    answer: { type: 'integer', minimum: 0 },
    hint: { type: 'string' },
    image: { anyOf: [{ type: 'string' }, { type: 'null' }] },
    subject: { type: 'string' },
    grade: { type: 'string' },
  },
} as const;

const problemFile = shape({ type: 'object', additionalProperties: problem } as const);
const splitFile = shape({
  type: 'object',
  additionalProperties: { type: 'array', items: { type: 'string' } },
} as const);

export type ScienceProblem = FromSchema<typeof problem>;

/** The problems of one split of problems.json, in the order of pid_splits.json. */
export async function readSplit(folder: string, split = 'test'): Promise<ReadonlyMap<string, ScienceProblem>> {
  const problems = new Map(
    Object.entries(await readJson(join(folder, 'problems.json'), problemFile, answerWithoutChoice)),
  );
  const splits = await readJson(join(folder, 'pid_splits.json'), splitFile, (stated) => {
    const index = (stated[split] ?? []).findIndex((id) => !problems.has(id));
    if (index < 0) return undefined;
    const message = `problem ${stated[split]?.[index]} is not in problems.json`;
    return { pointer: `/${split}/${index}`, code: 'unknown-name', message };
  });
  const ids = splits[split];
  if (ids !== undefined) return new Map(ids.map((id) => [id, problems.get(id) as ScienceProblem]));
  throw new ProblemError({
    code: 'unknown-name',
    message: `${join(folder, 'pid_splits.json')} has no split "${split}"`,
    hint: suggest(split, Object.keys(splits)),
  });
}

/** A problem whose answer is none of its choices could only be answered wrong. */
function answerWithoutChoice(problems: Readonly<Record<string, ScienceProblem>>): Fault | undefined {
  const bad = Object.entries(problems).find(([, { answer, choices }]) => answer >= choices.length);
  if (bad === undefined) return undefined;
  const [id, { answer, choices }] = bad;
  const message = `the answer of problem ${id} is choice ${answer} of ${choices.length}, counted from 0`;
  return { pointer: `/${id.replaceAll('~', '~0').replaceAll('/', '~1')}/answer`, code: 'no-answer', message };
}
