import { join } from 'node:path';
import type * as tf from '@tensorflow/tfjs-core';
import { readPixels } from '../../data/pixels.ts';
import { readLabelTask, writeWholeLabels } from '../../labels/task.ts';
import { closeEyes, modelFolders, openEyes, patchTokens } from '../../model/eyes.ts';
import { gridOf, wordDirections } from '../../model/words.ts';
import { llavaSight } from '../../nn/llava.ts';
import { hasScales, pixelSide } from '../../nn/sight.ts';
import { imagesAtOnce, labelImages } from '../../train/label-images.ts';
import type { Run } from '../kind.ts';
import type { Inputs, Params } from './kind.ts';

export const run: Run<Params, Inputs, 'labels'> = async (job) => {
  const { params, input, output, scratch, signal, progress, assist, share } = job;
  const { top, batchSize, imagesPerShard } = params;
  const { data, words: wordFile, ...ports } = input;
  const folders = modelFolders(ports);
  const { words, images } = await readLabelTask(data as string, wordFile as string, top);
  const eyes = await openEyes(folders);
  let directions: tf.Tensor2D | undefined;
  try {
    directions = wordDirections(eyes, words);
    const sight = llavaSight(eyes.config);
    const side = gridOf(eyes);
    const how = {
      words: directions,
      sign: 1,
      patches: side ** 2,
      atOnce: imagesAtOnce(sight, batchSize),
      patchesOf: async (names: readonly string[]) => {
        const files = names.map((name) => join(data as string, 'images', name));
        const pixels = await readPixels(files, eyes.how, pixelSide(sight));
        const tokens = patchTokens(eyes, pixels);
        pixels.dispose();
        return tokens;
      },
      ...{ top, signal },
    } as const;
    const seen = hasScales(sight.scales) ? { scales: sight.scales } : {};
    const statistics = await writeWholeLabels(scratch, output.labels, {
      about: { words, top, readout: 'visual tokens', sign: 1, ...seen, grid: [side, side], images },
      ...(imagesPerShard === undefined ? {} : { imagesPerShard }),
      ...{ signal, progress, assist, share },
      produce: (start, count) => labelImages(images.slice(start, start + count), how),
    });
    if (statistics === undefined) return {};
    const { utilisation, belowZero, meanScore } = statistics;
    return { images: images.length, utilisation, belowZero, meanScore: meanScore ?? 0 };
  } finally {
    closeEyes(eyes);
    directions?.dispose();
  }
};
