import { rename } from 'node:fs/promises';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { loadWeights, readConfigOf } from '../../data/checkpoint.ts';
import { type EncoderConfig, gridSide } from '../../data/config.ts';
import { type ChatRecord, imagesOf, readDataset } from '../../data/dataset.ts';
import { type Labelled, writeLabels } from '../../data/labels.ts';
import { readPixels } from '../../data/pixels.ts';
import { type Preprocessor, readPreprocessor } from '../../data/preprocess.ts';
import { stream } from '../../data/random.ts';
import { loadTokenizer } from '../../data/tokenizer.ts';
import { readWords } from '../../data/words.ts';
import { pairShapes } from '../../nn/pair.ts';
import { densePatches } from '../../nn/readout.ts';
import type { Weights } from '../../nn/weights.ts';
import { ProblemError } from '../../problem.ts';
import { topWords } from '../../train/top-words.ts';
import type { Run } from '../kind.ts';
import type { Params } from './kind.ts';
import { captionContrast, cosinesWith, wordsSaid } from './sign.ts';
import { statisticsOf } from './statistics.ts';
import { wordEmbeddings } from './words.ts';

/** Images that decide the sign; most scores [patches, words] held at once. */
const [SIGN_IMAGES, SCORES_AT_ONCE] = [256, 32e6];

type Encoder = Readonly<{
  folder: string;
  config: EncoderConfig;
  how: Preprocessor;
  weights: Weights;
  images: string;
  readout: Params['readout'];
}>;

export const run: Run<Params, 'encoder' | 'data' | 'words', 'labels'> = async ({
  params,
  input,
  output,
  scratch,
  signal,
  progress,
  log,
}) => {
  const [folder, data] = [input.encoder as string, input.data as string];
  const config = await readConfigOf(folder, 'encoder');
  const { words } = await readWords(input.words as string);
  if (words.length < params.top)
    throw new ProblemError({ code: 'too-few-words', message: `top ${params.top} of a list of ${words.length} words` });
  const records = await readDataset(data);
  const weights = await loadWeights(folder, { expect: pairShapes(config) });
  const encoder: Encoder = {
    folder,
    config,
    how: await readPreprocessor(folder),
    weights,
    images: join(data, 'images'),
    readout: params.readout,
  };
  const embeddings = wordEmbeddings(weights, config, await loadTokenizer(folder), words, params.prompts);
  const { sign, criterion } = await chooseSign(params, encoder, records, words, embeddings, signal);
  log(
    `sign ${sign === 1 ? 'positive' : 'negative'}${params.sign === 'auto' ? `: ${JSON.stringify(criterion)}` : ' as stated'}`,
  );

  const side = gridSide(config.vision);
  const images = imagesOf(records);
  // written in the scratch folder until it is whole: an interrupted extraction goes on with the next file
  const target = join(scratch, 'labels');
  await writeLabels({
    folder: target,
    about: { words, top: params.top, readout: params.readout, sign, grid: [side, side], images },
    signal,
    progress,
    produce: (start, count) =>
      labelImages(encoder, images.slice(start, start + count), embeddings, sign, params, signal),
  });
  await rename(target, output.labels);
  tf.dispose([weights, embeddings]);
  return { ...(await statisticsOf(output.labels)), sign, ...criterion };
};

/** Labels of some images in memory-bounded chunks: the best words of each patch, -1 where a score is below the minimum. */
async function labelImages(
  encoder: Encoder,
  names: readonly string[],
  words: tf.Tensor2D,
  sign: 1 | -1,
  params: Params,
  signal: AbortSignal,
): Promise<Labelled> {
  const patches = gridSide(encoder.config.vision) ** 2;
  const chunk = Math.max(1, Math.min(params.batchSize, Math.floor(SCORES_AT_ONCE / (patches * words.shape[0]))));
  const all = {
    words: new Int32Array(names.length * patches * params.top),
    scores: new Float32Array(names.length * patches * params.top),
  };
  for (let start = 0; start < names.length; start += chunk) {
    signal.throwIfAborted();
    const dense = await densePatchesOf(encoder, names.slice(start, start + chunk)); // [chunk * patches, d]
    const best = tf.tidy(() => {
      const cosine = cosinesWith(dense, words);
      return topWords(sign === 1 ? cosine : tf.neg(cosine), params.top);
    });
    const [indices, scores] = await Promise.all([best.words.data(), best.scores.data()]);
    tf.dispose([dense, best.words, best.scores]);
    const at = start * patches * params.top;
    scores.forEach((score, i) => {
      const kept = score >= params.minScore;
      all.words[at + i] = kept ? (indices[i] as number) : -1;
      all.scores[at + i] = score;
    });
  }
  return all;
}

/** Patches of some images in the text space, [images * patches, d]. */
async function densePatchesOf(
  { config, how, weights, images, readout }: Encoder,
  names: readonly string[],
): Promise<tf.Tensor2D> {
  const pixels = await readPixels(
    names.map((name) => join(images, name)),
    how,
    config.vision.imageSize,
  );
  const dense = tf.tidy(() => {
    const found = densePatches(weights, pixels, config.vision, readout);
    return tf.reshape(found, [-1, found.shape[2] as number]) as tf.Tensor2D;
  });
  pixels.dispose();
  return dense;
}

type Choice = Readonly<{ sign: 1 | -1; criterion: Readonly<Record<string, number>> }>;

/** `auto`: the sign under which caption words stand out more, over a sample of captioned images. */
async function chooseSign(
  params: Params,
  encoder: Encoder,
  records: readonly ChatRecord[],
  words: readonly string[],
  embeddings: tf.Tensor2D,
  signal: AbortSignal,
): Promise<Choice> {
  if (params.sign !== 'auto') return { sign: params.sign === 'positive' ? 1 : -1, criterion: {} };
  const captioned = records.flatMap(({ image, turns }) => {
    const said = wordsSaid(turns.map(({ answer }) => answer).join(' '), words);
    return image !== undefined && said.includes(1) ? [{ image, said }] : [];
  });
  if (captioned.length === 0) {
    throw new ProblemError({
      code: 'no-caption-words',
      message: 'sign: auto compares words of captions with other words, but no caption has a word of the list',
      hint: 'write sign: positive or sign: negative',
    });
  }
  const sample = stream(0, 'sign').sample(captioned, Math.min(SIGN_IMAGES, captioned.length));
  let [positive, negative] = [0, 0];
  for (const { image, said } of sample) {
    signal.throwIfAborted();
    const dense = await densePatchesOf(encoder, [image]);
    const cosine = cosinesWith(dense, embeddings);
    const [plus, minus] = await captionContrast(cosine, said);
    tf.dispose([dense, cosine]);
    positive += plus / sample.length;
    negative += minus / sample.length;
  }
  return {
    sign: positive >= negative ? 1 : -1,
    criterion: { 'criterion.positive': positive, 'criterion.negative': negative },
  };
}
