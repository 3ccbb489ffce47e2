import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { badItem } from '../../data/bad-items.ts';
import { ProblemError } from '../../problem.ts';

export type HeldOut = Readonly<{ text: string; family: string }>;

/** The documents of a corpus folder: train.jsonl and heldout.jsonl. Throws ProblemError with file and line. */
export async function readCorpus(
  folder: string,
): Promise<Readonly<{ documents: readonly string[]; heldOut: readonly HeldOut[] }>> {
  const documents = await readLines(join(folder, 'train.jsonl'));
  const heldOut = await readLines(join(folder, 'heldout.jsonl'));
  return {
    documents: documents.map(({ text }) => text),
    heldOut: heldOut.map(({ text, family }) => ({ text, family: family ?? 'text' })),
  };
}

async function readLines(file: string): Promise<readonly Readonly<{ text: string; family?: string }>[]> {
  const whole = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error;
    throw new ProblemError({ code: 'bad-corpus', message: `${file}: there is no such file` });
  });
  return whole.split('\n').flatMap((line, at) => {
    if (line.trim() === '') return [];
    const value = parse(line);
    const family = value?.['family'];
    if (typeof value?.['text'] !== 'string' || (family !== undefined && typeof family !== 'string')) {
      const message = 'expected a JSON object {"text": "...", "family"?: "..."} on this line';
      throw new ProblemError(badItem('bad-corpus', file, at + 1, message));
    }
    return [{ text: value['text'], ...(family === undefined ? {} : { family }) }];
  });
}

function parse(line: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>) : undefined;
  } catch {
    return undefined;
  }
}
