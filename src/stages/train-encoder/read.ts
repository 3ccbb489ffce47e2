import { join } from 'node:path';
import { readDataset } from '../../data/dataset.ts';
import { readImage } from '../../data/image.ts';
import type { Rgb } from '../../data/resize.ts';
import { type Tokenizer, textTowerIds } from '../../data/tokenizer.ts';
import {
  type SpecialTokens,
  type TokenizerFiles,
  tokenizerOf,
  wordLevelFiles,
  wordVocabulary,
} from '../../data/tokenizer-write.ts';
import { ProblemError } from '../../problem.ts';
import type { Params } from './kind.ts';
import type { Pairs } from './pairs.ts';

/** Image names with all their captions, in the order of the file. */
export type CaptionedImage = Readonly<{ image: string; captions: readonly string[] }>;

/** The captions of a dataset by image: what the answers say. Text-only records are no pairs. */
export async function readCaptions(folder: string): Promise<readonly CaptionedImage[]> {
  const byImage = new Map<string, string[]>();
  for (const { image, turns } of await readDataset(folder)) {
    if (image === undefined) continue;
    const captions = byImage.get(image) ?? [];
    captions.push(...turns.map(({ answer }) => answer));
    byImage.set(image, captions);
  }
  if (byImage.size < 2) {
    throw new ProblemError({
      code: 'too-few-pairs',
      message: `${folder}: an encoder learns from images beside each other; there are ${byImage.size}`,
    });
  }
  return [...byImage].map(([image, captions]) => ({ image, captions }));
}

/** Words of the captions and of the list, lower-case, as a word-level tokenizer: CLIP's texts begin and end with a marker, SigLIP's end. */
export function textTokenizer(
  params: Params,
  captions: readonly CaptionedImage[],
  words: readonly string[],
): Readonly<{ files: TokenizerFiles; tokenizer: Tokenizer }> {
  const special: SpecialTokens = {
    ...(params.family === 'clip' ? { bos: '<|startoftext|>' } : {}),
    eos: '<|endoftext|>',
    pad: '<pad>',
    unk: '<unk>',
  };
  const vocabulary = wordVocabulary([...words, ...captions.flatMap((pair) => pair.captions)]);
  const files = wordLevelFiles(vocabulary, special, params.text.positions);
  return { files, tokenizer: tokenizerOf(files) };
}

/** Decoded images and token ids of all captions, in memory. */
export async function loadPairs(
  folder: string,
  captioned: readonly CaptionedImage[],
  tokenizer: Tokenizer,
  positions: number,
): Promise<Pairs> {
  const images: Rgb[] = [];
  for (let start = 0; start < captioned.length; start += 32) {
    const part = captioned.slice(start, start + 32);
    images.push(...(await Promise.all(part.map(({ image }) => readImage(join(folder, 'images', image))))));
  }
  const captions = captioned.map((pair) => {
    const ids = textTowerIds(tokenizer, pair.captions, positions);
    return pair.captions.map((_, i) => ids.subarray(i * positions, (i + 1) * positions));
  });
  return { images, captions };
}
