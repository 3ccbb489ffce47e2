import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { trainBytePairs } from '../../src/data/bpe.ts';
import { stream } from '../../src/data/random.ts';
import { loadTokenizer, type Tokenizer, textTowerIds } from '../../src/data/tokenizer.ts';
import {
  bytePairFiles,
  specialList,
  tokenizerOf,
  wordLevelFiles,
  wordVocabulary,
  writeTokenizer,
} from '../../src/data/tokenizer-write.ts';

const special = { pad: '<pad>', bos: '<s>', eos: '</s>', unk: '<unk>', more: ['<|user|>', '<|assistant|>'] };
const nouns = ['dog', 'cat', 'bicycle', 'tree', 'umbrella'];
const texts = Array.from({ length: 300 }, (_, i) => {
  const random = stream(i, 'text');
  return `there is a red ${random.pick(nouns)} near the ${random.pick(nouns)} .<|user|>what is red ?<|assistant|>the ${random.pick(nouns)}</s>`;
});
const train = (size: number) => trainBytePairs(texts, size, specialList(special));
const tokenizer: Tokenizer = tokenizerOf(bytePairFiles(train(125), special, 128));

test('the first merge is the most frequent pair; of equally frequent ones the one that sorts first', () => {
  const pairs = trainBytePairs(['ab ab ab cd cd cd'], 200, []);
  // "\u2581a" and "ab" occur as often as "\u2581c" and "cd"
  expect(pairs.merges.slice(0, 2)).toEqual([
    ['a', 'b'],
    ['c', 'd'],
  ]);
});

test('the model depends on the texts and not on their order', () => {
  expect(trainBytePairs(texts.toReversed(), 125, specialList(special))).toEqual(train(125));
});

test('counts are kept right through merges: training is the same as counting anew before each merge', () => {
  const naive = (words: string[], merges: number): [string, string][] => {
    let split = words.map((word) => [...`\u2581${word}`]);
    const done: [string, string][] = [];
    while (done.length < merges) {
      const counts = new Map<string, number>();
      for (const word of split)
        for (let i = 0; i + 1 < word.length; i++) {
          const key = `${word[i]}\0${word[i + 1]}`;
          counts.set(key, (counts.get(key) ?? 0) + 1);
        }
      const best = [...counts].sort(([a, n], [b, m]) => m - n || (a < b ? -1 : 1))[0];
      if (best === undefined) break;
      const [left, right] = best[0].split('\0') as [string, string];
      done.push([left, right]);
      split = split.map((word) => {
        const out: string[] = [];
        for (let i = 0; i < word.length; i++) {
          const found = word[i] === left && word[i + 1] === right;
          out.push(found ? left + right : (word[i] as string));
          if (found) i++;
        }
        return out;
      });
    }
    return done;
  };
  fc.assert(
    fc.property(fc.array(fc.stringMatching(/^[abc]{1,8}$/), { minLength: 1, maxLength: 20 }), (words) => {
      const { merges } = trainBytePairs([words.join(' ')], 130, []);
      expect(merges).toEqual(naive(words, merges.length));
    }),
    { numRuns: 60 },
  );
});

test('a small vocabulary leaves words in pieces, a large one makes them whole', () => {
  const wholes = tokenizerOf(bytePairFiles(train(400), special, 128));
  expect(wholes.encode('the umbrella', { special: false })).toHaveLength(2);
  expect(tokenizer.encode('the umbrella', { special: false }).length).toBeGreaterThan(2);
  expect(tokenizer.vocabSize).toBe(125);
  expect(() => train(50)).toThrow('a vocabulary of 50 cannot hold');
});

test('a word has the same tokens after a special token and inside a sentence', () => {
  const answer = tokenizer.encode('<|assistant|>bicycle</s>', { special: false });
  const inside = tokenizer.encode('bicycle', { special: false });
  expect(answer).toEqual([tokenizer.idOf('<|assistant|>'), ...inside, tokenizer.eos]);
  expect(tokenizer.encode('bicycle')).toEqual([tokenizer.bos, ...inside]);
});

test('text of known characters survives encoding and decoding; unknown characters become <unk>', () => {
  fc.assert(
    fc.property(fc.stringMatching(/^[!-~][ -~\n]*$/), (text) => {
      fc.pre(!/<(pad|s|\/s|unk|\|user\||\|assistant\|)>/.test(text));
      expect(tokenizer.decode(tokenizer.encode(text), { skipSpecial: true })).toBe(text);
    }),
  );
  expect(tokenizer.encode('a 犬 b', { special: false })).toContain(tokenizer.unk);
});

test('files in a folder load as the tokenizer that they describe', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'tokenizer-'));
  await writeTokenizer(folder, bytePairFiles(train(125), special, 128));
  const loaded = await loadTokenizer(folder);
  const roles = ({ bos, eos, pad, unk, vocabSize, maxLength }: Tokenizer) => ({
    bos,
    eos,
    pad,
    unk,
    vocabSize,
    maxLength,
  });
  expect(roles(loaded)).toEqual({ bos: 1, eos: 2, pad: 0, unk: 3, vocabSize: 125, maxLength: 128 });
  for (const text of texts) expect(loaded.encode(text)).toEqual(tokenizer.encode(text));
});

test('a token that is missing is named with the nearest one', () => {
  expect(() => tokenizer.idOf('<|usr|>')).toThrow('there is no token "<|usr|>"');
  expect(tokenizer.has('<|usr|>')).toBe(false);
});

test('the word-level tokenizer gives a word one id, the end of text the last one, and pads to a length', () => {
  const words = wordVocabulary(['A red Dog, near the tree!', 'naïve']);
  expect(words).toEqual(['!', ',', 'a', 'dog', 'naïve', 'near', 'red', 'the', 'tree']);
  const made = tokenizerOf(wordLevelFiles(words, { pad: '<pad>', bos: '<bos>', eos: '<eos>', unk: '<unk>' }, 8));
  expect(made.eos).toBe(made.vocabSize - 1);
  const [dog, red, zebra] = [made.idOf('dog'), made.idOf('red'), made.unk as number];
  const expected = [made.bos, red, dog, made.eos, made.pad, made.pad];
  expect([...textTowerIds(made, ['Red DOG', 'red zebra red dog red dog'], 6)]).toEqual([
    ...expected,
    ...[made.bos, red, zebra, red, dog, made.eos],
  ]);
});

test('a tokenizer without BOS for a text tower that knows none', () => {
  const made = tokenizerOf(wordLevelFiles(['dog'], { pad: '<pad>', eos: '</s>', unk: '<unk>' }, 8));
  expect([...textTowerIds(made, ['dog'], 4)]).toEqual([made.idOf('dog'), made.eos, made.pad, made.pad]);
});

test('a final sigma and a next-line character are taken as the reference takes them', () => {
  const made = tokenizerOf(wordLevelFiles(['σας', 'οδοσ', 'a', 'b'], { pad: '<pad>', eos: '</s>', unk: '<unk>' }, 8));
  // the reference lower-cases each character by itself, so no final sigma appears
  expect(made.encode('ΟΔΟΣ', { special: false })).toEqual([made.idOf('οδοσ')]);
  expect(made.encode('a\u0085b', { special: false })).toEqual([made.idOf('a'), made.idOf('b')]);
});

test('a text gives the same ids again, whatever was done to the first, and others without special tokens', () => {
  const once = tokenizer.encode('a red dog');
  const bare = tokenizer.encode('a red dog', { special: false });
  expect(bare).toEqual(once.slice(1)); // <s> stands before a text
  once.push(7);
  bare.fill(0);
  expect(tokenizer.encode('a red dog')).toEqual(once.slice(0, -1));
  expect(tokenizer.encode('a red dog', { special: false })).toEqual(once.slice(1, -1));
});
