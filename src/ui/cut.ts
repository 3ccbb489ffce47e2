import { widthOf } from '../report/width.ts';

// biome-ignore lint/suspicious/noControlCharactersInRegex: the escape codes of style.ts
const codes = /\u001B\[\d+m/g;
// biome-ignore lint/suspicious/noControlCharactersInRegex: the escape codes of style.ts
const painted = /^(\u001B\[\d+m)([^\u001B]*)(\u001B\[\d+m)$/;

/** Cuts what a narrow window cannot show; styles are dropped with the cut, or an open one would run on. */
export function cutTo(line: string, columns: number): string {
  return widthOf(line) <= columns ? line : headOf([...line.replace(codes, '')], 0, columns);
}

/**
 * The line in pieces that a window shows whole, broken at spaces where that leaves no large gap, else anywhere. Further
 * pieces stand a little to the right. One style of the whole line is kept, others are dropped as a cut drops them.
 */
export function brokenTo(line: string, columns: number): readonly string[] {
  if (widthOf(line) <= columns) return [line];
  const [, on = '', inner = line.replace(codes, ''), off = ''] = painted.exec(line) ?? [];
  const letters = [...inner];
  const start = letters.findIndex((letter) => letter !== ' ');
  const indent = ' '.repeat(Math.min(start + 2, Math.floor(columns / 2)));
  const pieces: string[] = [];
  for (let at = 0; at < letters.length; ) {
    const before = at === 0 ? '' : indent;
    const head = headOf(letters, at, Math.max(1, columns - before.length));
    const isLast = at + [...head].length >= letters.length;
    const space = head.lastIndexOf(' ');
    const piece =
      isLast || letters[at + [...head].length] === ' ' || space < head.length / 2 ? head : head.slice(0, space);
    pieces.push(`${on}${before}${piece.trimEnd()}${off}`);
    at += Math.max(1, [...piece].length);
    while (letters[at] === ' ') at += 1;
  }
  return pieces;
}

/** As many letters from this one on as so many columns hold. */
function headOf(letters: readonly string[], from: number, columns: number): string {
  let kept = letters.slice(from, from + columns);
  while (widthOf(kept.join('')) > columns) kept = kept.slice(0, -1);
  return kept.join('');
}
