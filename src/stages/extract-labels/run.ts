import { rename } from 'node:fs/promises';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { imagesOf, readDataset } from '../../data/dataset.ts';
import { writeLabels } from '../../data/labels.ts';
import { readWords } from '../../data/words.ts';
import { statisticsOf } from '../../labels/statistics.ts';
import { featureGrid, hasScales } from '../../nn/sight.ts';
import { ProblemError } from '../../problem.ts';
import type { Metrics, Run } from '../kind.ts';
import { openEncoder } from './encoder.ts';
import { keptChoice } from './kept-choice.ts';
import type { Params } from './kind.ts';
import { labelImages } from './label.ts';
import { type Choice, chooseSign } from './sign.ts';
import { wordEmbeddings } from './words.ts';

export const run: Run<Params, 'encoder' | 'data' | 'words', 'labels'> = async (job) => {
  const { params, input, output, scratch, signal, progress, log } = job;
  const data = input.data as string;
  const { words } = await readWords(input.words as string);
  if (words.length < params.top)
    throw new ProblemError({ code: 'too-few-words', message: `top ${params.top} of a list of ${words.length} words` });
  const records = await readDataset(data);
  const images = imagesOf(records);
  if (images.length === 0) throw new ProblemError({ code: 'no-images', message: `${data}: no record has an image` });
  const encoder = await openEncoder(input.encoder as string, join(data, 'images'), params);
  let embeddings: tf.Tensor2D | undefined;
  try {
    embeddings = await wordEmbeddings(encoder, words, params.prompts, join(scratch, 'words'), signal);
    const known = embeddings;
    const choice = await keptChoice(scratch, () => chooseSign(params.sign, encoder, records, words, known, signal));
    log(`sign ${choice.sign === 1 ? 'positive' : 'negative'} on ${JSON.stringify(choice.sample)}`);
    const { sign, sample } = choice;
    const { top, readout, minScore, prompts, imagesPerShard } = params;
    const side = featureGrid(encoder.sight);
    const seen = hasScales(params.scales) ? { scales: params.scales } : {};
    // written in the scratch folder until it is whole: an interrupted extraction goes on with the next file
    const folder = join(scratch, 'labels');
    await writeLabels({
      folder,
      about: { words, top, readout, sign, minScore, prompts, sample, ...seen, grid: [side, side], images },
      ...(imagesPerShard === undefined ? {} : { imagesPerShard }),
      signal,
      progress,
      produce: (start, count) => labelImages(encoder, images.slice(start, start + count), known, sign, params, signal),
    });
    await rename(folder, output.labels);
    return await metricsOf(output.labels, choice, signal);
  } finally {
    tf.dispose([encoder.weights, ...(embeddings === undefined ? [] : [embeddings])]);
  }
};

/** The chief figures of Figure 6, the sign, and what the sample showed. */
async function metricsOf(folder: string, { sign, sample }: Choice, signal: AbortSignal): Promise<Metrics> {
  const { images, labelsPerPatch, utilisation, belowZero, meanScore } = await statisticsOf(folder, { signal });
  const { positive, negative } = sample.contrast ?? {};
  return {
    ...{ images, labelsPerPatch, utilisation, belowZero, sign },
    meanScore: meanScore ?? 0,
    'sample.belowZero': sample.belowZero,
    ...(positive === undefined ? {} : { 'criterion.positive': positive }),
    ...(negative === undefined ? {} : { 'criterion.negative': negative }),
  };
}
