import { createRequire } from 'node:module';

type StringWidth = typeof import('string-width');

/** ASCII, and the lines, blocks, arrows and signs of this program: each takes a column, whatever stands beside it. */
const single =
  /^[\x20-\x7E\u2500-\u25A9\u25AC-\u25B5\u25B7-\u25BF\u25C1-\u25FA\u2800-\u28FFΔ±·×¶°–†‡‘’“”•…›−≈⊘⁺ᵀ←→↑↓✓✗]*$/;
// biome-ignore lint/suspicious/noControlCharactersInRegex: the escape codes of style.ts
const codes = /\u001B\[[\d;]*m/g;

/** Columns that a text takes on a terminal, escape codes not counted. */
export function widthOf(text: string): number {
  const bare = text.includes('\u001B') ? text.replace(codes, '') : text;
  // looking for emoji takes a long line 0.1 ms, and a frame has fifty
  return single.test(bare) ? bare.length : stringWidth()(bare);
}

let known: StringWidth['default'] | undefined;

/** Loaded when first asked for: its patterns alone take 12 ms. */
function stringWidth(): StringWidth['default'] {
  known ??= (createRequire(import.meta.url)('string-width') as StringWidth).default;
  return known;
}

export function padLeft(text: string, width: number): string {
  return ' '.repeat(Math.max(0, width - widthOf(text))) + text;
}

export function padRight(text: string, width: number): string {
  return text + ' '.repeat(Math.max(0, width - widthOf(text)));
}

/** Shortens in the middle, keeping more of the end: names of one table tend to differ there. */
export function shorten(text: string, width: number): string {
  if (widthOf(text) <= width) return text;
  if (width <= 1) return '…'.slice(0, width);
  const letters = [...text];
  const head = Math.floor((width - 1) / 3);
  let tail = width - 1 - head;
  while (tail > 0 && widthOf(letters.slice(-tail).join('')) > width - 1 - head) tail -= 1;
  return `${letters.slice(0, head).join('')}…${tail === 0 ? '' : letters.slice(-tail).join('')}`;
}

/** Breaks at spaces into lines of at most `width` columns; a longer word stays whole. */
export function wrap(text: string, width: number, indent = ''): readonly string[] {
  const lines: string[] = [];
  let line = '';
  let used = 0;
  for (const word of text.split(' ')) {
    const more = widthOf(word);
    if (line !== '' && used + 1 + more > width) {
      lines.push(line);
      line = indent + word;
      used = widthOf(indent) + more;
    } else {
      used += line === '' ? more : 1 + more;
      line = line === '' ? word : `${line} ${word}`;
    }
  }
  return [...lines, line];
}
