import { writeFile } from 'node:fs/promises';
import { readWords } from '../../data/words.ts';
import { problemLine } from '../../problem.ts';
import type { Run } from '../kind.ts';
import type { Params } from './kind.ts';

export const run: Run<Params, never, 'words'> = async ({ params, output, log }) => {
  const { words, problems } = await readWords(params.file, params.onBadItem);
  for (const problem of problems) log(`left out: ${problemLine(problem)}`);
  await writeFile(output.words, `${words.join('\n')}\n`);
  return { words: words.length, skipped: problems.length };
};
