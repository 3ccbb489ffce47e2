import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import type { LabelStatistics } from '../../labels/statistics.ts';
import { readLabelTask, writeWholeLabels } from '../../labels/task.ts';
import { featureGrid, hasScales } from '../../nn/sight.ts';
import { imagesAtOnce, labelImages } from '../../train/label-images.ts';
import type { Metrics, Run } from '../kind.ts';
import { densePatchesOf, openEncoder } from './encoder.ts';
import { keptChoice } from './kept-choice.ts';
import type { Params } from './kind.ts';
import { type Choice, chooseSign } from './sign.ts';
import { wordEmbeddings } from './words.ts';

export const run: Run<Params, 'encoder' | 'data' | 'words', 'labels'> = async (job) => {
  const { params, input, output, scratch, signal, progress, assist, share, log } = job;
  const data = input.data as string;
  const { words, records, images } = await readLabelTask(data, input.words as string, params.top);
  const encoder = await openEncoder(input.encoder as string, join(data, 'images'), params);
  let embeddings: tf.Tensor2D | undefined;
  try {
    embeddings = await wordEmbeddings(encoder, words, params.prompts, join(scratch, 'words'), signal);
    const known = embeddings;
    const atOnce = imagesAtOnce(encoder.sight, params.batchSize);
    const choice = await keptChoice(scratch, () =>
      chooseSign(params.sign, encoder, records, words, known, { atOnce, signal }),
    );
    log(`sign ${choice.sign === 1 ? 'positive' : 'negative'} on ${JSON.stringify(choice.sample)}`);
    const { sign, sample } = choice;
    const { top, readout, minScore, prompts, imagesPerShard } = params;
    const side = featureGrid(encoder.sight);
    const seen = hasScales(params.scales) ? { scales: params.scales } : {};
    const how = {
      ...{ words: known, sign, top, signal },
      patches: side ** 2,
      atOnce,
      patchesOf: (names: readonly string[]) => densePatchesOf(encoder, names),
    };
    const statistics = await writeWholeLabels(scratch, output.labels, {
      about: { words, top, readout, sign, minScore, prompts, sample, ...seen, grid: [side, side], images },
      ...(imagesPerShard === undefined ? {} : { imagesPerShard }),
      ...{ signal, progress, assist, share },
      produce: (start, count) => labelImages(images.slice(start, start + count), how),
    });
    return statistics === undefined ? {} : metricsOf(statistics, choice);
  } finally {
    tf.dispose([encoder.weights, ...(embeddings === undefined ? [] : [embeddings])]);
  }
};

/** The chief figures of Figure 6, the sign, and what the sample showed. */
function metricsOf(statistics: LabelStatistics, { sign, sample }: Choice): Metrics {
  const { images, labelsPerPatch, utilisation, belowZero, meanScore } = statistics;
  const { positive, negative } = sample.contrast ?? {};
  return {
    ...{ images, labelsPerPatch, utilisation, belowZero, sign },
    meanScore: meanScore ?? 0,
    'sample.belowZero': sample.belowZero,
    ...(positive === undefined ? {} : { 'criterion.positive': positive }),
    ...(negative === undefined ? {} : { 'criterion.negative': negative }),
  };
}
