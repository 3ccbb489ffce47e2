import { createRequire } from 'node:module';

type StringWidth = typeof import('string-width');

/** Columns that a text takes on a terminal, escape codes not counted. */
export function widthOf(text: string): number {
  return /^[\x20-\x7E]*$/.test(text) ? text.length : stringWidth()(text);
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
  for (const word of text.split(' ')) {
    if (line !== '' && widthOf(line) + 1 + widthOf(word) > width) {
      lines.push(line);
      line = indent + word;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  return [...lines, line];
}
