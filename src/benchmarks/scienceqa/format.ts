import { join } from 'node:path';
import type { FromSchema } from 'json-schema-to-ts';
import { ProblemError, suggest } from '../../problem.ts';
import { readJson, shape } from '../json-file.ts';

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
  const problems = await readJson(join(folder, 'problems.json'), problemFile);
  const splits = await readJson(join(folder, 'pid_splits.json'), splitFile);
  const ids = splits[split];
  const stop = (message: string, hint?: string): never => {
    throw new ProblemError({ code: 'unknown-name', message, ...(hint === undefined ? {} : { hint }) });
  };
  if (ids === undefined) return stop(`pid_splits.json has no split "${split}"`, suggest(split, Object.keys(splits)));
  return new Map(
    ids.map((id) => [id, problems[id] ?? stop(`problem ${id} of pid_splits.json is not in problems.json`)]),
  );
}
