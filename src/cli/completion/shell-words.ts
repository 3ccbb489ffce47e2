/** The words of an unfinished command line as a shell reads them: quotes and backslashes taken away. */
export function shellWords(line: string): readonly string[] {
  const words: string[] = [];
  let word: string | undefined;
  let quote: string | undefined;
  for (let i = 0; i < line.length; i += 1) {
    const sign = line[i] as string;
    if (sign === '\\' && quote !== "'" && i + 1 < line.length) word = (word ?? '') + line[++i];
    else if (quote !== undefined) {
      if (sign === quote) quote = undefined;
      else word = (word ?? '') + sign;
    } else if (sign === "'" || sign === '"') {
      quote = sign;
      word ??= '';
    } else if (/\s/.test(sign)) {
      if (word !== undefined) words.push(word);
      word = undefined;
    } else word = (word ?? '') + sign;
  }
  return [...words, word ?? ''];
}

/**
 * What bash has cut off the last word before it completes the rest: it breaks words at `=` and `:` where they are not
 * quoted. `current` is bash's own last word, raw.
 */
export function brokenOff(last: string, current: string): string {
  if (/^['"]/.test(current)) return '';
  const rest = /^[=:]$/.test(current) ? '' : (shellWords(current).at(-1) ?? '');
  return last.endsWith(rest) ? last.slice(0, last.length - rest.length) : '';
}
