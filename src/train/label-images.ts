import type * as tf from '@tensorflow/tfjs-core';
import { gridSide } from '../data/config.ts';
import type { Labelled } from '../data/labels.ts';
import type { Sight } from '../nn/sight.ts';
import { ProblemError } from '../problem.ts';
import { nearestWords } from './top-words.ts';

/** Most attention weights [images, heads, tokens, tokens] of a block held at once. */
const ATTENTION_AT_ONCE = 32e6;

/** Images of one forward pass: at most `batchSize`, fewer where their attention would not fit. */
export function imagesAtOnce({ vision, scales }: Pick<Sight, 'vision' | 'scales'>, batchSize: number): number {
  const tiles = Math.max(...scales) ** 2; // of an image at its largest
  const attention = tiles * vision.heads * (gridSide(vision) ** 2 + 1) ** 2;
  return Math.max(1, Math.min(batchSize, Math.floor(ATTENTION_AT_ONCE / attention)));
}

export type LabelImages = Readonly<{
  /** [words, d] of length 1 */
  words: tf.Tensor2D;
  sign: 1 | -1;
  top: number;
  /** patches of an image */
  patches: number;
  /** images of one forward pass */
  atOnce: number;
  /** patches of some images in the space of the words: [images * patches, d], of any length */
  patchesOf(names: readonly string[]): Promise<tf.Tensor2D>;
  signal: AbortSignal;
}>;

/**
 * Labels of some images: the `top` nearest words of each patch, best first, and their scores. A few images and patches at
 * a time: memory grows neither with the images nor with the word list.
 */
export async function labelImages(names: readonly string[], how: LabelImages): Promise<Labelled> {
  const { words, sign, top, patches, atOnce, patchesOf, signal } = how;
  const size = patches * top;
  const all = { words: new Int32Array(names.length * size), scores: new Float32Array(names.length * size) };
  for (let start = 0; start < names.length; start += atOnce) {
    signal.throwIfAborted();
    const dense = await patchesOf(names.slice(start, start + atOnce));
    const found = await nearestWords(dense, words, sign, top);
    dense.dispose();
    const wrong = found.scores.findIndex((score) => !Number.isFinite(score));
    if (wrong >= 0) throw notFinite(names[start + Math.floor(wrong / size)] as string, found.scores[wrong] as number);
    all.words.set(found.words, start * size);
    all.scores.set(found.scores, start * size);
  }
  return all;
}

function notFinite(image: string, score: number): ProblemError {
  return new ProblemError({
    code: 'not-finite',
    message: `a patch of ${image} has the score ${score}`,
    hint: 'the weights of the encoder or the adapter are damaged or overflow',
  });
}
