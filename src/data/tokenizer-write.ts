import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type BytePairs, PIECES, SPACE } from './bpe.ts';
import { makeTokenizer, type Tokenizer } from './tokenizer.ts';

/** Tokens with a meaning, by role; `more` are others that are never split. */
export type SpecialTokens = Readonly<{ bos?: string; eos: string; pad: string; unk: string; more?: readonly string[] }>;

/** The three files of a tokenizer in a Hugging Face folder. */
export type TokenizerFiles = Readonly<{
  'tokenizer.json': { readonly [key: string]: unknown };
  'tokenizer_config.json': { readonly [key: string]: unknown };
  'special_tokens_map.json': { readonly [key: string]: unknown };
}>;

/** Every special token once, in the order in which they take the first ids. */
export function specialList({ pad, bos, eos, unk, more = [] }: SpecialTokens): readonly string[] {
  return [...new Set([pad, ...(bos === undefined ? [] : [bos]), eos, unk, ...more])];
}

/**
 * A tokenizer over byte pairs as language models have it: every stretch of text between special tokens begins with a
 * space, BOS stands before a text, unknown characters become one `unk`.
 */
export function bytePairFiles(
  { symbols, merges }: BytePairs,
  special: SpecialTokens,
  maxLength: number,
): TokenizerFiles {
  const metaspace = { type: 'Metaspace', replacement: SPACE, prepend_scheme: 'always', split: false };
  const json = {
    ...shared(symbols, special),
    // the first word of a line is then the same piece as anywhere else
    normalizer: { type: 'Replace', pattern: { String: '\n' }, content: '\n ' },
    pre_tokenizer: {
      type: 'Sequence',
      pretokenizers: [metaspace, { type: 'Split', pattern: { Regex: PIECES }, behavior: 'Isolated', invert: false }],
    },
    post_processor: template(symbols, special.bos === undefined ? [] : [special.bos], []),
    decoder: {
      type: 'Sequence',
      decoders: [metaspace, { type: 'Fuse' }, { type: 'Replace', pattern: { String: '\n ' }, content: '\n' }],
    },
    model: {
      type: 'BPE',
      dropout: null,
      unk_token: special.unk,
      continuing_subword_prefix: null,
      end_of_word_suffix: null,
      fuse_unk: true,
      byte_fallback: false,
      ignore_merges: false,
      vocab: vocabulary(symbols),
      merges,
    },
  };
  return files(json, special, maxLength);
}

const WORDS = '[\\p{L}\\p{M}\\p{N}]+|[^\\s\\p{L}\\p{M}\\p{N}]';

/** Lower-case words and single marks of texts, sorted: the vocabulary of a word-level tokenizer. */
export function wordVocabulary(texts: Iterable<string>): readonly string[] {
  const words = new Set<string>();
  for (const text of texts)
    for (const word of text.normalize('NFC').toLowerCase().match(new RegExp(WORDS, 'gu')) ?? []) words.add(word);
  return [...words].sort();
}

/**
 * A tokenizer of whole lower-case words for the text tower of a small encoder: BOS (where there is one) and EOS around a
 * text. EOS gets the highest id, since CLIP pools at the highest id where its config has the legacy `eos_token_id` 2.
 */
export function wordLevelFiles(words: readonly string[], special: SpecialTokens, maxLength: number): TokenizerFiles {
  const first = specialList(special).filter((token) => token !== special.eos);
  const symbols = [...new Set([...first, ...words, special.eos])];
  const json = {
    ...shared(symbols, special),
    normalizer: { type: 'Sequence', normalizers: [{ type: 'NFC' }, { type: 'Lowercase' }] },
    pre_tokenizer: { type: 'Split', pattern: { Regex: WORDS }, behavior: 'Removed', invert: true },
    post_processor: template(symbols, special.bos === undefined ? [] : [special.bos], [special.eos]),
    decoder: null,
    model: { type: 'WordLevel', vocab: vocabulary(symbols), unk_token: special.unk },
  };
  return files(json, special, maxLength);
}

/** The tokenizer that the files describe, without writing them. */
export function tokenizerOf(made: TokenizerFiles): Tokenizer {
  return makeTokenizer(made['tokenizer.json'], made['tokenizer_config.json'], 'tokenizer.json');
}

export async function writeTokenizer(folder: string, made: TokenizerFiles): Promise<void> {
  await mkdir(folder, { recursive: true });
  for (const [name, json] of Object.entries(made))
    await writeFile(join(folder, name), `${JSON.stringify(json, null, 1)}\n`);
}

function vocabulary(symbols: readonly string[]): Readonly<Record<string, number>> {
  return Object.fromEntries(symbols.map((symbol, id) => [symbol, id]));
}

function shared(symbols: readonly string[], special: SpecialTokens): { readonly [key: string]: unknown } {
  const added = specialList(special).map((content) => ({
    id: symbols.indexOf(content),
    content,
    single_word: false,
    lstrip: false,
    rstrip: false,
    normalized: false,
    special: true,
  }));
  added.sort((a, b) => a.id - b.id);
  return { version: '1.0', truncation: null, padding: null, added_tokens: added };
}

function template(symbols: readonly string[], before: readonly string[], after: readonly string[]): unknown {
  const token = (content: string, type: number): unknown => ({ SpecialToken: { id: content, type_id: type } });
  const around = (id: 'A' | 'B', type: number): unknown[] => [
    ...before.map((content) => token(content, type)),
    { Sequence: { id, type_id: type } },
    ...after.map((content) => token(content, type)),
  ];
  const used = [...before, ...after].map((content) => {
    return [content, { id: content, ids: [symbols.indexOf(content)], tokens: [content] }];
  });
  return {
    type: 'TemplateProcessing',
    single: around('A', 0),
    pair: [...around('A', 0), ...around('B', 1)],
    special_tokens: Object.fromEntries(used),
  };
}

function files(json: { readonly [key: string]: unknown }, special: SpecialTokens, maxLength: number): TokenizerFiles {
  const { bos, eos, pad, unk, more = [] } = special;
  const roles = {
    ...(bos === undefined ? {} : { bos_token: bos }),
    eos_token: eos,
    pad_token: pad,
    unk_token: unk,
    ...(more.length === 0 ? {} : { additional_special_tokens: more }),
  };
  const config = {
    tokenizer_class: 'PreTrainedTokenizerFast',
    model_max_length: maxLength,
    clean_up_tokenization_spaces: false,
    ...roles,
  };
  return { 'tokenizer.json': json, 'tokenizer_config.json': config, 'special_tokens_map.json': roles };
}
