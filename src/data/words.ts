import { readFile } from 'node:fs/promises';
import { type Problem, ProblemError } from '../problem.ts';
import { badItem, type OnBadItem, quoteBytes, settle, utf8OrUndefined } from './bad-items.ts';

/** A word list: one word (or phrase) a line, UTF-8; empty lines are passed over. Bad lines are named by number. */
export async function readWords(
  file: string,
  onBadItem: OnBadItem = 'stop',
): Promise<{ words: readonly string[]; problems: readonly Problem[] }> {
  const bytes = await readFile(file).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error;
    throw new ProblemError({ code: 'no-words', message: `${file}: there is no such file` });
  });
  const lines = new Map<string, number>();
  const problems: Problem[] = [];
  let line = 0;
  for (let start = 0; start < bytes.length; ) {
    const end = bytes.indexOf(0x0a, start) < 0 ? bytes.length : bytes.indexOf(0x0a, start);
    const raw = bytes.subarray(start, end);
    start = end + 1;
    line++;
    const word = utf8OrUndefined(raw)?.trim();
    if (word === undefined) {
      problems.push(badItem('not-utf8', file, line, `the word ${quoteBytes(raw)} is not UTF-8`));
    } else if (lines.has(word)) {
      problems.push(badItem('duplicate-word', file, line, `the word "${word}" is on line ${lines.get(word)} already`));
    } else if (word !== '') {
      lines.set(word, line);
    }
  }
  settle(problems, onBadItem);
  if (lines.size === 0) throw new ProblemError({ code: 'no-words', message: `${file}: there is no word in it` });
  return { words: [...lines.keys()], problems };
}
