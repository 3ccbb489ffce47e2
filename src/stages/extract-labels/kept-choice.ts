import { randomUUID } from 'node:crypto';
import { readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Choice } from './sign.ts';

/** The choice that an interrupted extraction left in its scratch folder, or `make` it and leave it there. */
export async function keptChoice(scratch: string, make: () => Promise<Choice>): Promise<Choice> {
  const file = join(scratch, 'sign.json');
  try {
    return JSON.parse(await readFile(file, 'utf8')) as Choice;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
  const choice = await make();
  const unfinished = `${file}.${randomUUID()}.tmp`;
  await writeFile(unfinished, JSON.stringify(choice));
  await rename(unfinished, file);
  return choice;
}
