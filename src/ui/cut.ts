import { widthOf } from '../report/width.ts';

/** Cuts what a narrow window cannot show; styles are dropped with the cut, or an open one would run on. */
export function cutTo(line: string, columns: number): string {
  if (widthOf(line) <= columns) return line;
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the escape codes of style.ts
  const bare = line.replace(/\u001B\[\d+m/g, '');
  let kept = [...bare].slice(0, columns);
  while (widthOf(kept.join('')) > columns) kept = kept.slice(0, -1);
  return kept.join('');
}
