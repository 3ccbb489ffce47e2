import { existsSync } from 'node:fs';
import { ProblemError, suggest } from '../problem.ts';
import {
  type Comparison,
  compareExperiments,
  compareRows,
  type FileComparison,
  rowsOf,
  type Side,
} from '../report/compare.ts';
import { formatComparison, formatFileComparison, formatQuestions } from '../report/compare-text.ts';
import type { Context } from './context.ts';
import { json } from './output.ts';
import { type OpenTables, openTables } from './tables.ts';

type CompareOptions = Readonly<{
  /** true: all columns */
  questions?: true | string[];
  number: number;
  json?: boolean;
}>;

/** `sea compare`: FILE ROW ROW, FILE ROW FILE ROW, or FILE FILE. */
export async function compare(
  sides: readonly string[],
  options: CompareOptions,
  { output, cache }: Context,
): Promise<number> {
  const [left, right] = sidesOf(sides);
  const opened: OpenTables[] = [];
  try {
    const open = async (file: string) => {
      const tables = await openTables(file, cache, { questions: true });
      opened.push(tables);
      return tables;
    };
    const ours = await open(left.file);
    const theirs = left.file === right.file ? ours : await open(right.file);
    const look = { width: output.width, style: output.style };
    if (left.row === undefined || right.row === undefined) {
      const files = compareExperiments(ours, theirs);
      const questions = files.rows.flatMap((row) => [row.left, questionsText(row, options, look)]);
      if (options.json === true) output.out(json(filesJson(files, options)));
      else output.out(join(formatFileComparison(files, look), options, questions));
      return 0;
    }
    const rows = compareRows(sideOf(ours, left.row), sideOf(theirs, right.row));
    const questions = questionsText(rows, options, look);
    if (options.json === true) output.out(json(comparisonJson(rows, options)));
    else output.out(join(formatComparison(rows, look), options, [questions]));
    return 0;
  } finally {
    for (const { session } of opened) session.store.close();
  }
}

function join(text: string, { questions }: CompareOptions, more: readonly string[]): string {
  return questions === undefined ? text : [text, ...more].join('\n\n');
}

type Named = Readonly<{ file: string; row?: string }>;

function sidesOf(words: readonly string[]): readonly [Named, Named] {
  const [a, b, c, d] = words;
  if (a !== undefined && b !== undefined) {
    if (words.length === 2) {
      // one file and one row is a likely slip
      if (!existsSync(b) && existsSync(a)) throw twoSides(`${b} is no file, and one row cannot be compared`);
      return [{ file: a }, { file: b }];
    }
    if (c !== undefined && words.length === 3)
      return [
        { file: a, row: b },
        { file: a, row: c },
      ];
    if (c !== undefined && d !== undefined && words.length === 4)
      return [
        { file: a, row: b },
        { file: c, row: d },
      ];
  }
  throw twoSides(`two sides are compared, not ${words.join(' ')}`);
}

function twoSides(message: string): ProblemError {
  return new ProblemError({
    code: 'two-sides',
    message,
    hint: 'sea compare FILE ROW ROW, sea compare FILE FILE, or sea compare FILE ROW FILE ROW',
  });
}

function sideOf(tables: OpenTables, row: string): Side {
  const valid = rowsOf(tables);
  if (valid.includes(row)) return { ...tables, row };
  throw new ProblemError({
    code: 'unknown-row',
    message: `${tables.experiment.file} shows no row "${row}"`,
    hint: suggest(row, valid),
  });
}

function questionsText(
  comparison: Comparison,
  { questions, number }: CompareOptions,
  look: Parameters<typeof formatQuestions>[3],
) {
  const valid = comparison.metrics.flatMap(({ label, questions }) => (questions === undefined ? [] : [label]));
  const wanted = questions === true || questions === undefined ? [] : questions;
  const unknown = wanted.filter((label) => !valid.includes(label));
  if (unknown.length > 0) {
    throw new ProblemError(
      ...unknown.map((label) => ({
        code: 'unknown-column',
        message: `no column "${label}" has questions on both sides`,
        hint: suggest(label, valid),
      })),
    );
  }
  return formatQuestions(comparison, wanted, number, look);
}

/** See schemas/output/compare.schema.json; the questions themselves only where asked for. */
function comparisonJson(comparison: Comparison, { questions }: CompareOptions): unknown {
  const shows = (label: string) => questions === true || questions?.includes(label) === true;
  return {
    ...comparison,
    metrics: comparison.metrics.map((metric) => {
      if (metric.questions === undefined || shows(metric.label)) return metric;
      const { pairs: _, ...counts } = metric.questions;
      return { ...metric, questions: counts };
    }),
  };
}

function filesJson(files: FileComparison, options: CompareOptions): unknown {
  return { ...files, rows: files.rows.map((row) => comparisonJson(row, options)) };
}
