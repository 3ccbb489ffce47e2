import * as tf from '@tensorflow/tfjs-core';
import { gridSide } from '../../data/config.ts';
import type { Labelled } from '../../data/labels.ts';
import { ProblemError } from '../../problem.ts';
import { patchScores, topWords } from '../../train/top-words.ts';
import { densePatchesOf, type Encoder } from './encoder.ts';
import type { Params } from './kind.ts';

/** Most scores [patches, words] held at once. */
const SCORES_AT_ONCE = 32e6;

/**
 * Labels of some images: the `top` best words of each patch, best first, and their scores (Eq. 4-6); -1 stands where a
 * score is below `minScore`. A few images at a time, so that memory does not grow with the word list.
 */
export async function labelImages(
  encoder: Encoder,
  names: readonly string[],
  words: tf.Tensor2D,
  sign: 1 | -1,
  { top, minScore, batchSize }: Pick<Params, 'top' | 'minScore' | 'batchSize'>,
  signal: AbortSignal,
): Promise<Labelled> {
  const patches = gridSide(encoder.config.vision) ** 2;
  const chunk = Math.max(1, Math.min(batchSize, Math.floor(SCORES_AT_ONCE / (patches * words.shape[0]))));
  const all = {
    words: new Int32Array(names.length * patches * top),
    scores: new Float32Array(names.length * patches * top),
  };
  for (let start = 0; start < names.length; start += chunk) {
    signal.throwIfAborted();
    const dense = await densePatchesOf(encoder, names.slice(start, start + chunk));
    const best = tf.tidy(() => topWords(patchScores(dense, words, sign), top)); // [chunk * patches, top] each
    const [indices, scores] = await Promise.all([best.words.data(), best.scores.data()]);
    tf.dispose([dense, best.words, best.scores]);
    scores.forEach((score, i) => {
      if (!Number.isFinite(score)) throw notFinite(names[start + Math.floor(i / (patches * top))] as string, score);
      const at = start * patches * top + i;
      all.words[at] = score >= minScore ? (indices[i] as number) : -1;
      all.scores[at] = score;
    });
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
