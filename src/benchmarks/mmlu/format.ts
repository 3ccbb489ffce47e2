import { join } from 'node:path';
import { ProblemError } from '../../problem.ts';
import { compareText } from '../python-text.ts';
import { readRows, typeColumns } from '../table-file.ts';
import { readNames, stopAt } from '../text-file.ts';

/** A row of a subject's CSV, as pandas prints its cells (a missing one as `nan`). */
export type MmluItem = Readonly<{
  question: string;
  options: readonly string[];
  answer: string;
  /** where it stands in its file */
  line: number;
}>;
export type MmluSubject = Readonly<{ name: string; dev: readonly MmluItem[]; test: readonly MmluItem[] }>;

const SHOTS = 5;

/** data/test/{subject}_test.csv with the first five rows of data/dev/{subject}_dev.csv, subjects in sorted order. */
export async function readSubjects(folder: string): Promise<readonly MmluSubject[]> {
  const files = await readNames(join(folder, 'data', 'test'));
  const names = files.flatMap((name) => (name.endsWith('_test.csv') ? [name.slice(0, -'_test.csv'.length)] : []));
  if (names.length === 0) {
    throw new ProblemError({ code: 'missing-file', message: `no *_test.csv in ${join(folder, 'data', 'test')}` });
  }
  return Promise.all(
    names.sort(compareText).map(async (name) => ({
      name,
      dev: (await readItems(join(folder, 'data', 'dev', `${name}_dev.csv`))).slice(0, SHOTS),
      test: await readItems(join(folder, 'data', 'test', `${name}_test.csv`)),
    })),
  );
}

/** The items of one CSV; each file's columns are typed for themselves, over all its rows. */
async function readItems(file: string): Promise<readonly MmluItem[]> {
  const rows = await readRows(file, ',');
  const [first] = rows;
  if (first === undefined) return stopAt(file, 1, 'wrong-shape', 'the file is empty');
  const columns = typeColumns(file, rows, first.cells.length);
  if (columns.length < 4) stopAt(file, first.line, 'wrong-shape', 'expected question, options and answer letter');
  return rows.map(({ line }, row) => {
    const [question = '', ...others] = columns.map(({ cells }) => cells[row] ?? 'nan');
    const answer = others.pop() ?? '';
    return { question, options: others, answer, line };
  });
}
