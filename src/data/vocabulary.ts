import { join } from 'node:path';
import { ProblemError } from '../problem.ts';
import type { LlavaConfig, TextConfig } from './config.ts';
import { IMAGE_MARK } from './template.ts';
import type { Tokenizer } from './tokenizer.ts';

/** Throws ProblemError where the tokenizer of a folder gives ids that the model of `vocab` embeddings has no row for. */
export function checkVocabulary(folder: string, tokenizer: Tokenizer, vocab: number): void {
  const highest = tokenizer.vocabSize - 1;
  if (highest < vocab) return;
  const token = tokenizer.decode([highest]);
  throw unfit(
    folder,
    `token ${JSON.stringify(token)} has the id ${highest}, but config.json has a vocab_size of ${vocab}`,
  );
}

/**
 * The same for the tokenizer of a text tower, which also needs the tokens that end and pad a text: CLIP's embedding is
 * read at its end-of-text token, SigLIP's behind the padding.
 */
export function checkTextTower(folder: string, tokenizer: Tokenizer, text: TextConfig): void {
  checkVocabulary(folder, tokenizer, text.vocab);
  if (tokenizer.eos === undefined) throw unfit(folder, 'there is no eos_token, which ends a text');
  if (tokenizer.pad === undefined) throw unfit(folder, 'there is no pad_token, which fills a text up');
  const last = tokenizer.encode('').at(-1);
  if (last !== tokenizer.eos) throw unfit(folder, 'it does not end a text with its eos_token');
  if (text.family === 'clip' && text.eos !== last && text.eos !== LEGACY_EOS) {
    throw unfit(folder, `it ends a text with the id ${last}, but config.json has an eos_token_id of ${text.eos}`);
  }
}

/**
 * The id that stands for a visual token is looked up like any other before the token takes its place, and no text may have
 * it: a word of that id would be taken for a part of the picture.
 */
export function checkImageToken(folder: string, { imageToken, text }: LlavaConfig, tokenizer: Tokenizer): void {
  const wrong = (what: string): ProblemError =>
    new ProblemError({
      code: 'bad-config',
      message: `${join(folder, 'config.json')}: "image_token_index" is ${imageToken}${what}`,
    });
  if (imageToken < 0 || imageToken >= text.vocab) throw wrong(` in a vocabulary of ${text.vocab}`);
  const token = tokenizer.ordinary(imageToken);
  if (token !== undefined && token !== IMAGE_MARK)
    throw wrong(`, which is the token ${JSON.stringify(token)} of tokenizer.json`);
  const role = (['bos', 'eos', 'unk'] as const).find((name) => tokenizer[name] === imageToken);
  if (role !== undefined) throw wrong(`, which is the ${role}_token`);
}

/** What the first CLIP files have, whatever their tokenizer. */
const LEGACY_EOS = 2;

const unfit = (folder: string, message: string): ProblemError =>
  new ProblemError({ code: 'bad-tokenizer', message: `${join(folder, 'tokenizer.json')}: ${message}` });
