import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Json } from '../hash.ts';
import { ProblemError } from '../problem.ts';
import type { QuestionResult, QuestionResults } from '../report/questions.ts';
import type { Readings, Table } from '../report/table.ts';
import type { Store } from '../store/store.ts';

/** The questions behind every current number of these tables: what stages left in a `scores` folder. */
export function questionsOf(tables: readonly Table[], readings: Readings, store: Store): QuestionResults {
  const sources = new Set(
    tables.flatMap((table) =>
      // the average has no stages of its own
      table.rows.flatMap((row) => row.cells.flatMap(({ stages }) => stages)),
    ),
  );
  return new Map(
    [...sources].flatMap((id) => {
      const reading = readings.get(id);
      if (reading?.state !== 'measured' || !('entry' in reading)) return [];
      const digest = reading.entry.outputs['scores'];
      const questions = digest === undefined || !store.has(digest) ? undefined : readQuestions(store.path(digest));
      return questions === undefined ? [] : [[id, questions] as const];
    }),
  );
}

/** questions.jsonl of a `scores` folder; undefined when what lies there has none (the output of a `command`). */
export function readQuestions(folder: string): readonly QuestionResult[] | undefined {
  const file = join(folder, 'questions.jsonl');
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw error;
  }
  return text
    .split('\n')
    .flatMap((line, at) => (line === '' ? [] : [readQuestion(line, { file, line: at + 1, column: 1 })]));
}

function readQuestion(line: string, at: Readonly<{ file: string; line: number; column: number }>): QuestionResult {
  const value = parsed(line);
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
    const { id, question, answer, truth, score } = value as Readonly<Record<string, Json | undefined>>;
    const whole =
      (typeof id === 'string' || typeof id === 'number') && typeof question === 'string' && typeof answer === 'string';
    if (whole && typeof score === 'number' && truth !== undefined)
      return { id: String(id), question, answer, truth, score };
  }
  throw new ProblemError({
    code: 'broken-scores',
    message: 'this is no question of a `scores` folder',
    at,
    hint: 'expected {"id", "question", "answer", "truth", "score"}',
  });
}

function parsed(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
