import { join } from 'node:path';
import { ProblemError } from '../../problem.ts';
import { type Cell, type Column, readRows, typeColumns } from '../table-file.ts';
import { readNames, stopAt } from '../text-file.ts';
import type { ExtractionRule } from './extract.ts';

/** A row of MMBench's TSV; cells as pandas prints them, null where it reads a missing value. */
export type MmbenchRow = Readonly<{
  index: number;
  question: string;
  hint: Cell;
  /** every option column of the file (A, B, ...) that has a value */
  options: ReadonlyMap<string, string>;
  /** null in the files of a split whose answers only the server has */
  answer: Cell;
  category: Cell;
  l2Category: Cell;
  split: Cell;
  image: string;
  line: number;
}>;

/** The table with its columns in file order: the upload file keeps them. */
export type MmbenchTable = Readonly<{
  file: string;
  names: readonly string[];
  columns: readonly Column[];
  rows: readonly MmbenchRow[];
  /** the Chinese edition is asked with a Chinese instruction */
  chinese: boolean;
}>;

/** Rotations of a question are rows of the same file, a million apart. */
export const ROTATION = 1_000_000;

/** The folder's one *.tsv (mmbench_dev_20230712.tsv). */
export async function readTable(folder: string): Promise<MmbenchTable> {
  const found = (await readNames(folder)).filter((name) => name.endsWith('.tsv'));
  const [name] = found;
  if (name === undefined || found.length !== 1) {
    throw new ProblemError({
      code: 'missing-file',
      message: `${folder} should hold one *.tsv, but holds ${found.length === 0 ? 'none' : found.join(', ')}`,
    });
  }
  const file = join(folder, name);
  const [header, ...body] = await readRows(file, '\t');
  if (header === undefined) return stopAt(file, 1, 'wrong-shape', 'the file is empty');
  const names = header.cells;
  for (const needed of ['index', 'question', 'A', 'B', 'image']) {
    if (!names.includes(needed)) stopAt(file, header.line, 'wrong-shape', `no column "${needed}" in the header`);
  }
  if (body.length === 0) stopAt(file, header.line, 'wrong-shape', 'no row under the header');
  const columns = typeColumns(file, body, names.length);
  const cell = (column: string, row: number): Cell => columns[names.indexOf(column)]?.cells[row] ?? null;
  const rows = body.map(({ line }, row): MmbenchRow => {
    const index = Number(cell('index', row));
    if (!Number.isSafeInteger(index) || cell('index', row) === null)
      stopAt(file, line, 'wrong-shape', 'the index is no whole number');
    const required = (column: string): string =>
      cell(column, row) ?? stopAt(file, line, 'wrong-shape', `no value in column "${column}"`);
    return {
      index,
      question: required('question'),
      hint: cell('hint', row),
      options: new Map(names.flatMap((letter) => optionOf(letter, cell(letter, row)))),
      answer: cell('answer', row),
      category: cell('category', row),
      l2Category: cell('l2-category', row),
      split: cell('split', row),
      image: required('image'),
      line,
    };
  });
  const seen = new Set<number>();
  for (const [row, { index }] of rows.entries()) {
    if (seen.has(index)) stopAt(file, body[row]?.line ?? 1, 'duplicate-id', `a second row with the index ${index}`);
    seen.add(index);
  }
  return { file, names, columns, rows, chinese: /_cn/i.test(name) };
}

/** The program of 2023 takes these for granted. */
const COLUMNS_OF_2023 = ['category', 'l2-category', 'split'];

/**
 * Stops at a table without a column that the scorer reads, or at a row that cannot be scored: without its answer, or
 * rotating the options of a row that is not there.
 */
export function checkScorable({ file, names, rows }: MmbenchTable, rule: ExtractionRule): void {
  const lacking = COLUMNS_OF_2023.find((name) => !names.includes(name));
  if (rule === 'vlmevalkit_2023_11' && lacking !== undefined)
    stopAt(file, 1, 'wrong-shape', `no column "${lacking}" in the header, without which the program of 2023 ends`);
  const indices = new Set(rows.map(({ index }) => index));
  for (const { index, answer, line } of rows) {
    if (answer === null) stopAt(file, line, 'no-answer', `row ${index} has no answer: only the server can score it`);
    if (!indices.has(index % ROTATION)) {
      const base = index % ROTATION;
      stopAt(file, line, 'no-base-row', `row ${index} rotates the options of row ${base}, which is not there`);
    }
  }
  // pandas cannot sort the names of categories when only some rows have one
  for (const [key, name] of [
    ['category', 'category'],
    ['l2Category', 'l2-category'],
  ] as const) {
    const bases = rows.filter(({ index }) => index < ROTATION);
    const without = bases.find((row) => row[key] === null);
    if (without !== undefined && bases.some((row) => row[key] !== null))
      stopAt(file, without.line, 'no-category', `row ${without.index} has no ${name}, which other rows have`);
  }
}

/** What the official programs pass over in silence: answers that no row can give, rows of no split. */
export function tableNotices({ names, rows }: MmbenchTable): readonly string[] {
  const [lost, ...others] = rows.filter(({ answer, options }) => answer !== null && !options.has(answer));
  const bases = rows.filter(({ index }) => index < ROTATION);
  const unsplit = bases.filter(({ split }) => split === null).length;
  return [
    ...(lost === undefined
      ? []
      : [
          `${1 + others.length} rows, the first in line ${lost.line}, have an answer that is none of their options ` +
            '(pandas reads None, NA and the like as missing): wrong whatever was answered, as officially',
        ]),
    ...(unsplit > 0 && names.includes('split')
      ? [`${unsplit} questions have no split: \`score\` counts them, the official line of each split does not`]
      : []),
  ];
}

function optionOf(name: string, cell: Cell): readonly (readonly [string, string])[] {
  return /^[A-Z]$/.test(name) && cell !== null ? [[name, cell]] : [];
}
