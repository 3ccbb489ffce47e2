import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { inTime, isQuick, patternsIn } from '../../src/data/patterns.ts';
import { makeTokenizer } from '../../src/data/tokenizer.ts';

const golden = join(import.meta.dirname, '..', 'golden');
const published = [
  // GPT-2, GPT-4o and Qwen 2, as their tokenizer.json have them
  "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+",
  "[^\\r\\n\\p{L}\\p{N}]?[\\p{Lu}\\p{Lt}\\p{M}]*[\\p{Ll}\\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n/]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+",
  "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+",
];

test('the patterns of published tokenizers are known to be quick', () => {
  const files = readdirSync(golden, { recursive: true, encoding: 'utf8' }).filter((name) =>
    name.endsWith('tokenizer.json'),
  );
  const found = files.flatMap((name) => patternsIn(JSON.parse(readFileSync(join(golden, name), 'utf8'))));
  expect(found.length).toBeGreaterThan(2);
  expect([...found, ...published].filter((pattern) => !isQuick(pattern))).toEqual([]);
});

test.each([
  '(a+)+$',
  '(a|aa)*b',
  '(?:\\p{L}|\\p{L}\\p{L})+!',
  '((a*))*',
  '(a*|b)(a*|c)(a*|d)e',
  'a*a*a*b',
  '(a|b){2,}',
  '(?=a+)b',
])('%s is not', (pattern) => {
  expect(isQuick(pattern)).toBe(false);
});

test('a text over which a pattern would take for ever is given up after some seconds', () => {
  const json = {
    model: { type: 'WordLevel', vocab: { '<unk>': 0, a: 1 }, unk_token: '<unk>' },
    pre_tokenizer: { type: 'Split', pattern: { Regex: '(a+)+$' }, behavior: 'Isolated', invert: false },
    decoder: null,
    normalizer: null,
    post_processor: null,
    added_tokens: [],
  };
  const tokenizer = makeTokenizer(json, {}, 'tokenizer.json');
  expect(tokenizer.encode('a')).toEqual([1]);
  const started = performance.now();
  expect(() => tokenizer.encode(`${'a'.repeat(60)}b`)).toThrow(
    'tokenizer.json: not a tokenizer that can be used: its patterns take more than 5.061 s for a text of 61 characters',
  );
  expect(performance.now() - started).toBeLessThan(25_000);
});

test('what a text throws by itself is thrown on', () => {
  expect(inTime(1, () => 'value')).toBe('value');
  expect(() =>
    inTime(1, () => {
      throw new TypeError('own');
    }),
  ).toThrow(new TypeError('own'));
});
