import { rename } from 'node:fs/promises';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { loadWeights, readConfigOf } from '../../data/checkpoint.ts';
import { gridSide } from '../../data/config.ts';
import { imagesOf, readDataset } from '../../data/dataset.ts';
import { writeFeatures } from '../../data/features.ts';
import { readPixels } from '../../data/pixels.ts';
import { readPreprocessor } from '../../data/preprocess.ts';
import { pairShapes } from '../../nn/pair.ts';
import { visionFeatures } from '../../nn/vit.ts';
import { ProblemError } from '../../problem.ts';
import type { Run } from '../kind.ts';
import type { Params } from './kind.ts';

export const run: Run<Params, 'encoder' | 'data', 'features'> = async ({
  params,
  input,
  output,
  scratch,
  signal,
  progress,
}) => {
  const [encoder, data] = [input.encoder as string, input.data as string];
  const config = await readConfigOf(encoder, 'encoder');
  const images = imagesOf(await readDataset(data));
  if (params.layer < -config.vision.layers - 1 || params.layer > config.vision.layers) {
    throw new ProblemError({
      code: 'no-such-layer',
      message: `layer ${params.layer}: the vision tower has ${config.vision.layers} blocks`,
      hint: `-1 is the last block, ${-config.vision.layers - 1} the embeddings`,
    });
  }
  const how = await readPreprocessor(encoder);
  const weights = await loadWeights(encoder, { expect: pairShapes(config) });
  const [grid, dim] = [gridSide(config.vision), config.vision.hidden];
  const started = performance.now();
  const batch = async (names: readonly string[]): Promise<Float32Array> => {
    const pixels = await readPixels(
      names.map((name) => join(data, 'images', name)),
      how,
      config.vision.imageSize,
    );
    const features = visionFeatures(weights, pixels, config.vision, params.layer);
    const values = await features.data<'float32'>();
    tf.dispose([pixels, features]);
    return values;
  };
  // kept in the scratch folder until it is whole: an interrupted pass goes on with the next file
  const folder = join(scratch, 'features');
  await writeFeatures({
    folder,
    images,
    tokens: grid * grid,
    dim,
    layer: params.layer,
    grid: [grid, grid],
    signal,
    progress,
    produce: async (start, count) => {
      const values = new Float32Array(count * grid * grid * dim);
      for (let done = 0; done < count; done += params.batchSize) {
        signal.throwIfAborted();
        const names = images.slice(start + done, start + Math.min(count, done + params.batchSize));
        values.set(await batch(names), done * grid * grid * dim);
      }
      return values;
    },
  });
  await rename(folder, output.features);
  tf.dispose(weights);
  return {
    images: images.length,
    tokens: grid * grid,
    dim,
    secondsPerImage: (performance.now() - started) / 1000 / images.length,
  };
};
