import * as tf from '@tensorflow/tfjs-core';
import type { ChatRecord } from '../../data/dataset.ts';
import { stream } from '../../data/random.ts';
import { ProblemError } from '../../problem.ts';
import { patchScores } from '../../train/top-words.ts';
import { densePatchesOf, type Encoder } from './encoder.ts';
import type { Params } from './kind.ts';

/** Images that decide the sign. */
const SAMPLE = 256;

export type Choice = Readonly<{ sign: 1 | -1; criterion: Readonly<Record<string, number>> }>;

/**
 * The sign of Eq. 6 as stated; or with `auto` the one under which the words of captions stand out more, over a sample of
 * captioned images. Captions and images are all that it reads.
 */
export async function chooseSign(
  wanted: Params['sign'],
  encoder: Encoder,
  records: readonly ChatRecord[],
  words: readonly string[],
  embeddings: tf.Tensor2D,
  signal: AbortSignal,
): Promise<Choice> {
  if (wanted !== 'auto') return { sign: wanted === 'positive' ? 1 : -1, criterion: {} };
  const captioned = records.flatMap(({ image, turns }) => {
    const said = wordsSaid(turns.map(({ answer }) => answer).join(' '), words);
    return image !== undefined && said.includes(1) && said.includes(0) ? [{ image, said }] : [];
  });
  if (captioned.length === 0) {
    throw new ProblemError({
      code: 'no-caption-words',
      message: 'sign: auto compares words of captions with other words, but no caption has words of the list',
      hint: 'write sign: positive or sign: negative',
    });
  }
  const sample = stream(0, 'sign').sample(captioned, Math.min(SAMPLE, captioned.length));
  let [positive, negative] = [0, 0];
  for (const { image, said } of sample) {
    signal.throwIfAborted();
    const dense = await densePatchesOf(encoder, [image]);
    const cosine = tf.tidy(() => patchScores(dense, embeddings, 1) as tf.Tensor2D);
    const [plus, minus] = await captionContrast(cosine, said);
    tf.dispose([dense, cosine]);
    positive += plus / sample.length;
    negative += minus / sample.length;
  }
  const criterion = { 'criterion.positive': positive, 'criterion.negative': negative };
  return { sign: positive >= negative ? 1 : -1, criterion };
}

/**
 * How far the words of an image's own caption stand out, without any ground truth: the best score of a word over the
 * image's patches, averaged over caption words, minus the same over all other words. `cosine` [patches, words];
 * `said` [words] is 1 for words of the caption, else 0, and has both. Returns [positive sign, negated sign].
 */
async function captionContrast(cosine: tf.Tensor2D, said: Float32Array): Promise<readonly [number, number]> {
  const both = tf.tidy(() => {
    const share = (mask: tf.Tensor) => tf.div(mask, tf.sum(mask));
    const difference = tf.sub(share(tf.tensor1d(said)), share(tf.sub(1, tf.tensor1d(said))));
    const contrast = (scores: tf.Tensor) => tf.sum(tf.mul(tf.max(scores, 0), difference));
    return tf.stack([contrast(cosine), contrast(tf.neg(cosine))]);
  });
  const [positive, negative] = await both.data();
  both.dispose();
  return [positive as number, negative as number];
}

/** Marks the listed words and phrases that occur in a caption, whole and in any case. */
export function wordsSaid(caption: string, words: readonly string[]): Float32Array {
  const text = spaced(caption);
  return Float32Array.from(words, (word) => {
    const sought = spaced(word);
    return sought.trim() !== '' && text.includes(sought) ? 1 : 0;
  });
}

/** ` a traffic light ` of `A traffic-light!`: words between single spaces, so that a part of a word is never found. */
function spaced(text: string): string {
  return ` ${(text.toLowerCase().match(/[\p{L}\p{M}\p{N}']+/gu) ?? []).join(' ')} `;
}
