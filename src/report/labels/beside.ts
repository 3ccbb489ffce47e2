import { padRight, widthOf } from '../width.ts';

/** Columns between two blocks. */
export const GUTTER = 3;

/** Blocks of lines side by side, each as wide as its widest line. */
export function beside(blocks: readonly string[]): string {
  const split = blocks.map((block) => block.split('\n'));
  const widths = split.map((lines) => Math.max(...lines.map(widthOf)) + GUTTER);
  const height = Math.max(...split.map(({ length }) => length));
  return Array.from({ length: height }, (_, line) =>
    split
      .map((lines, i) => padRight(lines[line] ?? '', i === split.length - 1 ? 0 : (widths[i] as number)))
      .join('')
      .trimEnd(),
  ).join('\n');
}
