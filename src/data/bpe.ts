import { ProblemError } from '../problem.ts';

/** A byte-pair model: symbols in the order of their ids, and the pairs to merge, first ones first. */
export type BytePairs = Readonly<{ symbols: readonly string[]; merges: readonly (readonly [string, string])[] }>;

/** What stands for a space: the start of a word, so that a word is one piece wherever it stands. */
export const SPACE = '\u2581';

/** A word with the space before it, a mark with the space before it, or a space alone. Pieces are never merged. */
export const PIECES = `${SPACE}?[\\p{L}\\p{M}\\p{N}]+|${SPACE}?[^\\p{L}\\p{M}\\p{N}${SPACE}]|${SPACE}`;

type Word = { symbols: string[]; readonly count: number };

/**
 * Learns a byte-pair vocabulary (Sennrich et al., 2016) of `size` symbols from texts: the special tokens, printable
 * ASCII and every character of the texts, then merges of the most frequent pair. Equal counts: the pair that sorts first
 * by code units, so the result depends on the texts alone. Ends early when every piece is one symbol.
 */
export function trainBytePairs(texts: Iterable<string>, size: number, special: readonly string[]): BytePairs {
  const words = countPieces(texts, special);
  const symbols = new Set([...special, ...alphabet(words)]);
  if (symbols.size > size) {
    throw new ProblemError({
      code: 'vocabulary-too-small',
      message: `a vocabulary of ${size} cannot hold ${special.length} special tokens and the texts' characters: ${symbols.size}`,
    });
  }
  const pairs = indexPairs(words);
  const merges: (readonly [string, string])[] = [];
  while (symbols.size < size) {
    const best = mostFrequent(pairs);
    if (best === undefined) break;
    merges.push(best);
    symbols.add(best[0] + best[1]);
    merge(words, pairs, best);
  }
  return { symbols: [...symbols], merges };
}

/** Pieces of all texts with their counts; what stands in special tokens is left out. */
function countPieces(texts: Iterable<string>, special: readonly string[]): Word[] {
  const counts = new Map<string, number>();
  const boundary = new RegExp(special.map((token) => token.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')).join('|') || '(?!)');
  for (const text of texts) {
    for (const section of text.split(boundary)) {
      if (section === '') continue;
      const spaced = section.replaceAll('\n', '\n ').replaceAll(' ', SPACE); // as the tokenizer's normaliser does
      const pieces = (spaced.startsWith(SPACE) ? spaced : SPACE + spaced).match(new RegExp(PIECES, 'gu')) ?? [];
      for (const piece of pieces) counts.set(piece, (counts.get(piece) ?? 0) + 1);
    }
  }
  return [...counts].sort(([a], [b]) => (a < b ? -1 : 1)).map(([piece, count]) => ({ symbols: [...piece], count }));
}

function alphabet(words: readonly Word[]): string[] {
  const characters = new Set([SPACE, '\n']);
  for (let code = 0x21; code < 0x7f; code++) characters.add(String.fromCharCode(code));
  for (const word of words) for (const symbol of word.symbols) characters.add(symbol);
  return [...characters].sort((a, b) => (a.codePointAt(0) as number) - (b.codePointAt(0) as number));
}

type Pair = { readonly left: string; readonly right: string; count: number; readonly words: Set<number> };
type Pairs = Map<string, Pair>;

// no symbol holds a NUL next to another: texts are split at it below only through this key
const keyOf = (left: string, right: string): string => `${left}\0${right}`;

function indexPairs(words: readonly Word[]): Pairs {
  const pairs: Pairs = new Map();
  for (const [at, word] of words.entries()) addPairs(pairs, word, at, 1);
  return pairs;
}

function addPairs(pairs: Pairs, { symbols, count }: Word, at: number, sign: 1 | -1): void {
  for (let i = 0; i + 1 < symbols.length; i++) {
    const [left, right] = [symbols[i] as string, symbols[i + 1] as string];
    const key = keyOf(left, right);
    const pair = pairs.get(key) ?? { left, right, count: 0, words: new Set<number>() };
    pairs.set(key, pair);
    pair.count += sign * count;
    if (sign === 1) pair.words.add(at);
    if (pair.count === 0) pairs.delete(key);
  }
}

function mostFrequent(pairs: Pairs): readonly [string, string] | undefined {
  let best: Pair | undefined;
  for (const pair of pairs.values()) {
    if (best === undefined || pair.count > best.count || (pair.count === best.count && sortsFirst(pair, best)))
      best = pair;
  }
  return best && [best.left, best.right];
}

const sortsFirst = (a: Pair, b: Pair): boolean => a.left < b.left || (a.left === b.left && a.right < b.right);

function merge(words: readonly Word[], pairs: Pairs, [left, right]: readonly [string, string]): void {
  // a word stays listed after its last such pair was merged into another; it then simply has nothing to merge
  for (const at of [...(pairs.get(keyOf(left, right))?.words ?? [])]) {
    const word = words[at] as Word;
    const merged: string[] = [];
    for (let i = 0; i < word.symbols.length; i++) {
      const isPair = word.symbols[i] === left && word.symbols[i + 1] === right;
      merged.push(isPair ? left + right : (word.symbols[i] as string));
      if (isPair) i++;
    }
    addPairs(pairs, word, at, -1);
    word.symbols = merged;
    addPairs(pairs, word, at, 1);
  }
}
