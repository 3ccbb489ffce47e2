import type * as tf from '@tensorflow/tfjs-core';
import { gridSide } from '../../data/config.ts';
import type { Labelled } from '../../data/labels.ts';
import { featureGrid } from '../../nn/sight.ts';
import { ProblemError } from '../../problem.ts';
import { nearestWords } from '../../train/top-words.ts';
import { densePatchesOf, type Encoder } from './encoder.ts';
import type { Params } from './kind.ts';

/** Most attention weights [images, heads, tokens, tokens] of a block held at once. */
const ATTENTION_AT_ONCE = 32e6;

/**
 * Labels of some images: the `top` best words of each patch, best first, and their scores (Eq. 4-6). A few images and
 * patches at a time: memory grows neither with the images nor with the word list.
 */
export async function labelImages(
  encoder: Encoder,
  names: readonly string[],
  words: tf.Tensor2D,
  sign: 1 | -1,
  { top, batchSize }: Pick<Params, 'top' | 'batchSize'>,
  signal: AbortSignal,
): Promise<Labelled> {
  const { vision } = encoder.config;
  const tiles = Math.max(...encoder.sight.scales) ** 2; // of an image at its largest
  const attention = tiles * vision.heads * (gridSide(vision) ** 2 + 1) ** 2;
  const chunk = Math.max(1, Math.min(batchSize, Math.floor(ATTENTION_AT_ONCE / attention)));
  const size = featureGrid(encoder.sight) ** 2 * top;
  const all = { words: new Int32Array(names.length * size), scores: new Float32Array(names.length * size) };
  for (let start = 0; start < names.length; start += chunk) {
    signal.throwIfAborted();
    const dense = await densePatchesOf(encoder, names.slice(start, start + chunk));
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
    hint: 'the weights of the encoder are damaged or overflow',
  });
}
