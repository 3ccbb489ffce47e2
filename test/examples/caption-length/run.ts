import { writeFile } from 'node:fs/promises';
import { readDataset } from '../../../src/data/dataset.ts';
import type { Run } from '../../../src/stages/kind.ts';
import type { Params } from './kind.ts';

export const run: Run<Params, 'data', 'lengths'> = async ({ params, input, output }) => {
  const records = await readDataset(input.data as string);
  const answers = records.flatMap(({ turns }) => turns.map(({ answer }) => answer.trim()));
  const lengths = answers.map((text) => (params.unit === 'words' ? text.split(/\s+/) : [...text]).length);
  await writeFile(output.lengths, `${JSON.stringify(lengths)}\n`);
  return { mean: lengths.reduce((sum, length) => sum + length, 0) / lengths.length, answers: lengths.length };
};
