import { appendFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { AnswerLine } from '../../benchmarks/answers.ts';

/** Answers of an interrupted run, by the number of their batch: asking goes on with the next one. */
export interface KeptAnswers {
  get(batch: number): readonly AnswerLine[] | undefined;
  add(batch: number, lines: readonly AnswerLine[]): Promise<void>;
}

type Line = Readonly<{ batch: number; lines: readonly AnswerLine[] }>;

/** Opens the file in a scratch folder; a line that a killed run left unfinished is dropped. */
export async function openKeptAnswers(scratch: string): Promise<KeptAnswers> {
  const file = join(scratch, 'answers.jsonl');
  await mkdir(scratch, { recursive: true });
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error;
    return '';
  });
  const whole = text.slice(0, text.lastIndexOf('\n') + 1);
  const known = whole.split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line) as Line]));
  const batches = new Map(known.map(({ batch, lines }) => [batch, lines]));
  await writeFile(file, whole);
  return {
    get: (batch) => batches.get(batch),
    add: (batch, lines) => appendFile(file, `${JSON.stringify({ batch, lines } satisfies Line)}\n`),
  };
}
