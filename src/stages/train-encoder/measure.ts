import * as tf from '@tensorflow/tfjs-core';
import type { EncoderConfig } from '../../data/config.ts';
import type { Preprocessor } from '../../data/preprocess.ts';
import { textEmbeds } from '../../nn/text.ts';
import { imageEmbeds, patchTokens, projectPatches, visionHidden } from '../../nn/vit.ts';
import type { Weights } from '../../nn/weights.ts';
import { cosines } from '../../train/losses.ts';
import { type Statistics, statistics } from './calibrate.ts';
import { idsOf, type Pairs, pixelsOf } from './pairs.ts';

const BATCH = 64;

/** Embeddings of images (whole ones, then the means of their patches) and of their first captions, each [n, e]. */
function embeddings(
  weights: Weights,
  config: EncoderConfig,
  how: Preprocessor,
  pairs: Pairs,
): Readonly<{ whole: tf.Tensor; average: tf.Tensor; text: tf.Tensor }> {
  const parts: { whole: tf.Tensor; average: tf.Tensor; text: tf.Tensor }[] = [];
  for (let start = 0; start < pairs.images.length; start += BATCH) {
    parts.push(
      tf.tidy(() => {
        const pixels = pixelsOf(pairs.images.slice(start, start + BATCH), how, config.vision.imageSize);
        const last = visionHidden(weights, pixels, config.vision).at(-1) as tf.Tensor;
        const captions = pairs.captions.slice(start, start + BATCH).map((own) => own[0] as Int32Array);
        return {
          whole: imageEmbeds(weights, last, config.vision),
          average: tf.mean(projectPatches(weights, patchTokens(last, config.vision), config.vision), 1),
          text: textEmbeds(weights, idsOf(captions), config.text),
        };
      }),
    );
  }
  const joined = tf.tidy(() => ({
    whole: tf.concat(
      parts.map(({ whole }) => whole),
      0,
    ),
    average: tf.concat(
      parts.map(({ average }) => average),
      0,
    ),
    text: tf.concat(
      parts.map(({ text }) => text),
      0,
    ),
  }));
  tf.dispose(parts);
  return joined;
}

/** What training centred and scaled by, over a sample of its data instead of a batch. */
export function spaceStatistics(
  weights: Weights,
  config: EncoderConfig,
  how: Preprocessor,
  sample: Pairs,
  withMean: boolean,
): Readonly<{ image: Statistics; text: Statistics }> {
  return tf.tidy(() => {
    const { whole, average, text } = embeddings(weights, config, how, sample);
    return { image: statistics(withMean ? tf.concat([whole, average], 0) : whole), text: statistics(text) };
  });
}

/** Share of images whose own caption is the nearest of `among`, and of captions likewise: their mean, in percent. */
export async function retrieval(
  weights: Weights,
  config: EncoderConfig,
  how: Preprocessor,
  pairs: Pairs,
  among = 128,
): Promise<number> {
  const shares: number[] = [];
  for (let start = 0; start < pairs.images.length; start += among) {
    const part: Pairs = {
      images: pairs.images.slice(start, start + among),
      captions: pairs.captions.slice(start, start + among),
    };
    const share = tf.tidy(() => {
      const { whole, text } = embeddings(weights, config, how, part);
      const near = cosines(whole, text);
      const own = tf.range(0, part.images.length, 1, 'int32');
      const hits = [1, 0].map((axis) => tf.mean(tf.cast(tf.equal(tf.argMax(near, axis), own), 'float32')));
      return tf.mul(tf.addN(hits), 50);
    });
    shares.push((await share.data())[0] as number);
    share.dispose();
  }
  return shares.reduce((sum, share) => sum + share, 0) / shares.length;
}
