import type { RightCount } from '../../labels/marks.ts';
import type { PatchWord, PictureLabels } from '../../labels/picture.ts';
import { ProblemError } from '../../problem.ts';
import { paint, type Style } from '../style.ts';
import { padRight, shorten, widthOf, wrap } from '../width.ts';
import { type Backdrop, type CellText, overPicture } from './backdrop.ts';
import { RIGHT, WRONG } from './marks.ts';

/** Words of a patch that are printed in its cell. */
const SHOWN = 3;
const LEAST_WORD = 6;
const WIDEST_CELL = 12;
/** Columns before the grid: the number of the row. */
const MARGIN = 3;

export type GridLayout = Readonly<{
  /** words stand in the cells; else a letter stands for the best word, and a legend says which */
  words: boolean;
  /** columns of a cell, and its lines where a picture lies behind it */
  across: number;
  lines: number;
}>;

/** How a grid fits a line length. Throws ProblemError where a patch has not even one column. */
export function gridLayout([, columns]: PictureLabels['grid'], width: number): GridLayout {
  const across = Math.floor((width - MARGIN) / columns);
  if (across < 1) {
    throw new ProblemError({
      code: 'too-narrow',
      message: `a grid of ${columns} columns needs ${columns + MARGIN} columns of the terminal, not ${width}`,
      hint: '--svg FILE draws it',
    });
  }
  if (across >= LEAST_WORD) return { words: true, across: Math.min(across, WIDEST_CELL), lines: 1 + SHOWN };
  return { words: false, across: Math.min(across, 3), lines: 1 };
}

/** `words`: how many of a patch are printed in its cell. */
type Look = Readonly<{ width: number; style: Style; words?: number }>;

/**
 * A picture's patches with their words. `picture` [2 * lines * rows, across * columns] lies behind them as half blocks.
 * No final newline.
 */
export function formatPicture(labels: PictureLabels, picture: Backdrop | undefined, look: Look): string {
  const { width, style, words: shown = SHOWN } = look;
  const { image, grid, patches } = labels;
  const layout = gridLayout(grid, width);
  const legend = layout.words ? undefined : legendOf(patches);
  const about = `${grid[0]} x ${grid[1]} patches, ${layout.words && shown > 1 ? `up to ${shown} words of each` : 'the best word of each'}`;
  const rows = Array.from({ length: grid[0] }, (_, row) => {
    const cells = patches.slice(row * grid[1], (row + 1) * grid[1]);
    const lines = legend === undefined ? wordLines(cells, layout, shown) : [letterLine(cells, layout, legend)];
    const printed = picture === undefined && layout.words ? lines.slice(1, 1 + shown) : lines;
    return printed.map((texts, line) => {
      const strip = overPicture(texts, layout.across, picture, row * layout.lines + line, style);
      return `${padRight(line === 0 ? String(row + 1) : '', MARGIN)}${strip}`.trimEnd();
    });
  });
  // without a picture a gap keeps the rows of words apart
  const gap = layout.words && picture === undefined ? [''] : [];
  return [
    paint(style, 'bold', image),
    ...wrap(about, width).map((line) => paint(style, 'dim', line)),
    paint(style, 'dim', columnNumbers(grid[1], layout.across)),
    ...rows.flatMap((lines, row) => (row === 0 ? lines : [...gap, ...lines])),
    ...(legend === undefined ? [] : ['', ...legendLines(legend, width)]),
  ].join('\n');
}

/** Above each column its number, where it fits. */
function columnNumbers(columns: number, across: number): string {
  const numbers = Array.from({ length: columns }, (_, column) => {
    const text = String(column + 1);
    return padRight(text.length < across || columns === 1 ? text : '', across);
  });
  return (' '.repeat(MARGIN) + numbers.join('')).trimEnd();
}

/** [line][cell]: a line for the picture alone, then the words of each cell. */
function wordLines(
  cells: PictureLabels['patches'],
  { across, lines }: GridLayout,
  shown: number,
): readonly (readonly CellText[])[] {
  return [
    cells.map(() => ({ text: '' })),
    ...Array.from({ length: lines - 1 }, (_, rank) =>
      cells.map((words) => {
        const one = rank < shown ? words[rank] : undefined;
        return one === undefined ? { text: '' } : textOf(one, shorten(one.word, across - 1 - markOf(one).length));
      }),
    ),
  ];
}

/** What stands before a word or behind its letter: told by its shape, not by colour alone. */
function markOf({ right }: PatchWord): string {
  return right === undefined ? '' : right ? RIGHT : WRONG;
}

function textOf(one: PatchWord, word: string): CellText {
  return { text: markOf(one) + word, ...(one.right === undefined ? {} : { right: one.right }) };
}

const LETTERS = [...'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ'];

type Entry = Readonly<{ letter: string; word: string; count: number }>;
type Legend = Readonly<{ entries: readonly Entry[]; others: number; otherPatches: number; empty: number }>;

/** Letters for the words that are best on the most patches; the first found comes first among equals. */
function legendOf(patches: PictureLabels['patches']): Legend {
  const counts = new Map<string, number>();
  for (const [best] of patches) if (best !== undefined) counts.set(best.word, (counts.get(best.word) ?? 0) + 1);
  const ranked = [...counts].sort(([, a], [, b]) => b - a);
  const entries = LETTERS.flatMap((letter, i): readonly Entry[] => {
    const [word, count] = ranked[i] ?? [];
    return word === undefined || count === undefined ? [] : [{ letter, word, count }];
  });
  const rest = ranked.slice(LETTERS.length);
  return {
    entries,
    others: rest.length,
    otherPatches: rest.reduce((sum, [, count]) => sum + count, 0),
    empty: patches.filter(({ length }) => length === 0).length,
  };
}

function letterLine(cells: PictureLabels['patches'], { across }: GridLayout, { entries }: Legend): readonly CellText[] {
  const indent = ' '.repeat(Math.floor((across - 1) / 2));
  return cells.map(([best]) => {
    if (best === undefined) return { text: '' };
    const letter = entries.find(({ word }) => word === best.word)?.letter ?? OTHER;
    const mark = across > 1 ? markOf(best) : '';
    return { text: indent + letter + mark, ...(best.right === undefined ? {} : { right: best.right }) };
  });
}

const OTHER = '·';

function legendLines({ entries, others, otherPatches, empty }: Legend, width: number): readonly string[] {
  const items = entries.map(({ letter, word, count }) => `${letter} ${word} ${count}`);
  const column = Math.min(width, Math.max(0, ...items.map(widthOf)) + 2);
  const each = Math.max(1, Math.floor(width / column));
  const lines: string[] = [];
  for (let i = 0; i < items.length; i += each) {
    lines.push(
      items
        .slice(i, i + each)
        .map((item) => padRight(item, column))
        .join('')
        .trimEnd(),
    );
  }
  if (others > 0) lines.push(`${OTHER} others (${others}) ${otherPatches}`);
  if (empty > 0) lines.push(`no word: ${empty}`);
  return lines;
}

/** How many best words are right. */
export function rightText({ patches, right, things, rightThings }: RightCount): string {
  const share = (part: number, of: number): string =>
    `${part} of ${of}${of === 0 ? '' : `, ${((100 * part) / of).toFixed(0)} %`}`;
  return `${RIGHT} right: ${share(right, patches)}; of patches with a thing: ${share(rightThings, things)}`;
}
