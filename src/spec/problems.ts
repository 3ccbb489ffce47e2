import { canonicalJson } from '../hash.ts';
import type { Problem } from '../problem.ts';

/** Each problem once, by place; those of the file itself before those of files it reads, those without a place last. */
export function inOrder(problems: readonly Problem[], file: string): readonly Problem[] {
  const distinct = new Map(problems.map((problem) => [canonicalJson(problem), problem]));
  return [...distinct.values()].sort((a, b) => {
    if (a.at === undefined || b.at === undefined) return Number(a.at === undefined) - Number(b.at === undefined);
    if (a.at.file !== b.at.file) {
      const own = Number(a.at.file !== file) - Number(b.at.file !== file);
      return own !== 0 ? own : a.at.file < b.at.file ? -1 : 1;
    }
    return a.at.line - b.at.line || a.at.column - b.at.column;
  });
}
