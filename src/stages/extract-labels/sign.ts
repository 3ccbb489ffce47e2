import * as tf from '@tensorflow/tfjs-core';
import { gridSide } from '../../data/config.ts';
import { type ChatRecord, imagesOf } from '../../data/dataset.ts';
import type { LabelSample } from '../../data/labels.ts';
import { inParts } from '../../data/order.ts';
import { stream } from '../../data/random.ts';
import { ProblemError } from '../../problem.ts';
import { patchScores } from '../../train/top-words.ts';
import { densePatchesOf, type Encoder } from './encoder.ts';
import type { Params } from './kind.ts';

/** Images that decide the sign and say how scores are distributed. */
const SAMPLE = 256;

/** The sign of Eq. 6, and what the sample showed. */
export type Choice = Readonly<{ sign: 1 | -1; sample: LabelSample }>;

type Sampled = Readonly<{ image: string; said?: Float32Array }>;

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
  { atOnce, signal }: Readonly<{ atOnce: number; signal: AbortSignal }>,
): Promise<Choice> {
  const sample: readonly Sampled[] =
    wanted === 'auto' ? captioned(records, words) : someOf(imagesOf(records)).map((image) => ({ image }));
  const scores = sample.length * gridSide(encoder.config.vision) ** 2 * words.length;
  const contrast = { positive: 0, negative: 0 };
  const below = { positive: 0, negative: 0 };
  for (const part of inParts(sample, atOnce)) {
    signal.throwIfAborted();
    const dense = await densePatchesOf(
      encoder,
      part.map(({ image }) => image),
    );
    const images = tf.split(dense, part.length); // [patches, dim] each: the scores of all at once may be too many
    for (const [i, { said }] of part.entries()) {
      const cosine = tf.tidy(() => patchScores(images[i] as tf.Tensor2D, embeddings, 1) as tf.Tensor2D);
      if (said !== undefined) {
        const [plus, minus] = await captionContrast(cosine, said);
        contrast.positive += plus / sample.length;
        contrast.negative += minus / sample.length;
      }
      below.positive += await countNegative(cosine, 1);
      below.negative += await countNegative(cosine, -1);
      cosine.dispose();
    }
    tf.dispose([dense, ...images]);
  }
  const auto = contrast.positive >= contrast.negative ? 1 : -1;
  const sign = wanted === 'auto' ? auto : wanted === 'positive' ? 1 : -1;
  const belowZero = (100 * (sign === 1 ? below.positive : below.negative)) / scores;
  return { sign, sample: { images: sample.length, belowZero, ...(wanted === 'auto' ? { contrast } : {}) } };
}

const someOf = <T>(all: readonly T[], count = SAMPLE): readonly T[] =>
  stream(0, 'sign').sample(all, Math.min(count, all.length));

/** Images whose captions have some words of the list and lack some, with a mark for each word. */
function captioned(records: readonly ChatRecord[], words: readonly string[]): readonly Sampled[] {
  const found: Sampled[] = [];
  // in random order until there are enough: marks of every caption would take gigabytes
  for (const { image, turns } of someOf(records, records.length)) {
    if (image === undefined) continue;
    const said = wordsSaid(turns.map(({ answer }) => answer).join(' '), words);
    if (said.includes(1) && said.includes(0)) found.push({ image, said });
    if (found.length === SAMPLE) break;
  }
  if (found.length > 0) return found;
  throw new ProblemError({
    code: 'no-caption-words',
    message: 'sign: auto compares words of captions with other words, but no caption has words of the list',
    hint: 'write sign: positive or sign: negative',
  });
}

/** How many of the scores `sign` * cosine are below zero. */
async function countNegative(cosine: tf.Tensor2D, sign: 1 | -1): Promise<number> {
  // counted per patch: a sum in single precision would lose ones beyond 2^24
  const perPatch = tf.tidy(() => tf.sum(tf.cast(sign === 1 ? tf.less(cosine, 0) : tf.greater(cosine, 0), 'int32'), 1));
  const counts = await perPatch.data<'int32'>();
  perPatch.dispose();
  let total = 0;
  for (const count of counts) total += count;
  return total;
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
