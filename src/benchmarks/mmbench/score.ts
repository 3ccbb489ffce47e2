import { groupBy, mean } from '../benchmark.ts';
import { compareText } from '../python-text.ts';
import { typeColumn } from '../table-file.ts';
import { type ExtractionRule, extractOption } from './extract.ts';
import { type MmbenchRow, ROTATION } from './format.ts';
import { readBack } from './upload.ts';

/** A row with the option that its answer chose; undefined: undecided. */
export type Decided = Readonly<{ row: MmbenchRow; option: string | undefined }>;

/**
 * The option that every row's answer chose, rows sorted by index. Predictions and options go through the uploaded
 * table, so a text that a workbook or pandas takes for a missing value is no option, and as a prediction the text `nan`.
 */
export function decideRows(
  rows: readonly MmbenchRow[],
  answerOf: (index: number) => string | undefined,
  rule: ExtractionRule,
): readonly Decided[] {
  const column = (textOf: (row: MmbenchRow) => string | undefined) =>
    typeColumn(rows.map((row) => readBack(textOf(row)))).cells;
  const predictions = column(({ index }) => answerOf(index));
  const letters = [...new Set(rows.flatMap(({ options }) => [...options.keys()]))].sort();
  const columns = letters
    .filter((letter) => rule !== 'vlmevalkit_2023_11' || letter <= 'D')
    .map((letter) => ({ letter, cells: column(({ options }) => options.get(letter)) }));
  return rows
    .map((row, position) => {
      const options = columns.flatMap(({ letter, cells }) => {
        const cell = cells[position] ?? null;
        return cell === null ? [] : [[letter, cell] as const];
      });
      return { row, option: extractOption(predictions[position] ?? 'nan', new Map(options), rule) };
    })
    .sort((a, b) => a.row.index - b.row.index);
}

export type Group = Readonly<{ base: MmbenchRow; hit: 0 | 1 | undefined }>;

/** CircularEval: 1 when every rotation is right, 0 when a decided one is wrong, undefined when it takes a judge. */
export function circular(decided: readonly Decided[]): readonly Group[] {
  const groups = groupBy(decided, ({ row }) => row.index % ROTATION);
  return decided.flatMap(({ row: base }): readonly Group[] => {
    if (base.index >= ROTATION) return [];
    const rotations = groups.get(base.index) ?? [];
    if (rotations.some(({ row, option }) => option !== undefined && option !== row.answer)) return [{ base, hit: 0 }];
    return [{ base, hit: rotations.every(({ option }) => option !== undefined) ? 1 : undefined }];
  });
}

/** Every row on its own; undecided is wrong. */
export function vanilla(decided: readonly Decided[]): readonly Readonly<{ base: MmbenchRow; hit: 0 | 1 }>[] {
  return decided.map(({ row, option }) => ({ base: row, hit: option === row.answer ? 1 : 0 }));
}

const SHORT_NAMES: ReadonlyMap<string, string> = new Map([
  ['coarse_perception', 'CP'],
  ['finegrained_perception (instance-level)', 'FP-S'],
  ['finegrained_perception (cross-instance)', 'FP-C'],
  ['logic_reasoning', 'LR'],
  ['relation_reasoning', 'RR'],
  ['attribute_reasoning', 'AR'],
]);

const MISSPELT = 'coarse_preception';

export type Report = Readonly<{ split: string; figures: ReadonlyMap<string, number> }>;

type Hit = Readonly<{ base: MmbenchRow; hit: 0 | 1 | undefined }>;

/**
 * Means (0..1) by split, where the table has that column: Overall, each l2-category, each category; NaN for a category that a split has not. Undecided
 * groups count as missed. The table of 2023 has the splits full, dev and test, and misspells coarse_perception, which so
 * keeps its long name there.
 */
export function report(groups: readonly Hit[], rule: ExtractionRule, hasSplits: boolean): readonly Report[] {
  const names = (key: 'l2Category' | 'category'): readonly string[] =>
    [...new Set(groups.flatMap(({ base }) => base[key] ?? []))].sort(compareText);
  return splitsOf(groups, rule, hasSplits).map(({ split, some }) => {
    const share = (part: readonly Hit[]): number =>
      part.length === 0 ? Number.NaN : mean(part.map(({ hit }) => hit ?? 0));
    const figures = new Map([['Overall', share(some)]]);
    for (const key of ['l2Category', 'category'] as const) {
      for (const name of names(key))
        figures.set(shortName(name, rule), share(some.filter(({ base }) => base[key] === name)));
    }
    return { split, figures };
  });
}

function shortName(name: string, rule: ExtractionRule): string {
  if (rule === 'vlmevalkit_2023_11' && name.startsWith('coarse_')) return name === MISSPELT ? 'CP' : name;
  return SHORT_NAMES.get(name) ?? name;
}

function splitsOf(
  groups: readonly Hit[],
  rule: ExtractionRule,
  hasSplits: boolean,
): readonly Readonly<{ split: string; some: readonly Hit[] }>[] {
  const first = rule === 'vlmevalkit_2023_11';
  if (!hasSplits) return [{ split: first ? 'dev' : 'none', some: groups }];
  const bySplit = groupBy(groups, ({ base }) => base.split ?? 'nan');
  // pandas compares NaN with NaN and finds no row: the line of rows without a split is there, without figures
  if (bySplit.has('nan')) bySplit.set('nan', []);
  if (!first) return [...bySplit].sort(([a], [b]) => compareText(a, b)).map(([split, some]) => ({ split, some }));
  const named = ['dev', 'test'].map((split) => ({ split, some: bySplit.get(split) ?? [] }));
  return [{ split: 'full', some: groups }, ...named];
}
