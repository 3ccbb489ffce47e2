import { rename } from 'node:fs/promises';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { loadWeights, readConfigOf } from '../../data/checkpoint.ts';
import type { TowerConfig } from '../../data/config.ts';
import { imagesOf, readDataset } from '../../data/dataset.ts';
import { writeFeatures } from '../../data/features.ts';
import { atInputSize, magnified } from '../../data/input-size.ts';
import { readPixels } from '../../data/pixels.ts';
import { readPreprocessor } from '../../data/preprocess.ts';
import { encoderShapes } from '../../nn/pair.ts';
import { featureDim, featureGrid, hasScales, pixelSide, type Sight, sightFeatures } from '../../nn/sight.ts';
import { ProblemError } from '../../problem.ts';
import type { Run } from '../kind.ts';
import type { Params } from './kind.ts';

export const run: Run<Params, 'encoder' | 'data', 'features'> = async ({
  params: { layer, scales, batchSize },
  input,
  output,
  scratch,
  signal,
  progress,
  assist,
  share,
}) => {
  const [encoder, data] = [input.encoder as string, input.data as string];
  const config = await readConfigOf(encoder, 'encoder');
  checkLayer(layer, config.vision);
  const images = imagesOf(await readDataset(data));
  if (images.length === 0) throw new ProblemError({ code: 'no-images', message: `${data}: no record has an image` });
  const own = await readPreprocessor(encoder);
  const sight: Sight = { vision: atInputSize<TowerConfig>(config.vision, own), layer, scales };
  const how = magnified(own, Math.max(...scales));
  const weights = await loadWeights(encoder, { expect: encoderShapes(config) });
  const [grid, dim] = [featureGrid(sight), featureDim(sight)];
  const size = grid * grid * dim; // numbers of one image
  const atOnce = Math.max(1, Math.floor(batchSize / Math.max(...scales) ** 2)); // a larger scale is many tiles
  const started = performance.now();
  let encoded = 0; // by this run: a resumed pass finds the others done
  const encode = async (names: readonly string[]): Promise<Float32Array> => {
    const files = names.map((name) => join(data, 'images', name));
    const pixels = await readPixels(files, how, pixelSide(sight));
    const features = sightFeatures(weights, pixels, sight);
    const values = await features.data<'float32'>();
    tf.dispose([pixels, features]);
    encoded += names.length;
    return values;
  };
  // kept in the scratch folder until it is whole: an interrupted pass goes on with the next file
  const folder = join(scratch, 'features');
  try {
    await writeFeatures({
      folder,
      images,
      tokens: grid * grid,
      dim,
      layer,
      ...(hasScales(scales) ? { scales } : {}),
      grid: [grid, grid],
      ...{ signal, progress, assist },
      produce: async (start, count) => {
        const values = new Float32Array(count * size);
        for (let done = 0; done < count; done += atOnce) {
          signal.throwIfAborted();
          values.set(await encode(images.slice(start + done, start + Math.min(count, done + atOnce))), done * size);
        }
        return values;
      },
    });
  } finally {
    tf.dispose(weights);
  }
  share(encoded / images.length);
  if (assist) return {};
  await rename(folder, output.features);
  const seconds = (performance.now() - started) / 1000;
  return { images: images.length, tokens: grid * grid, dim, secondsPerImage: seconds / Math.max(1, encoded) };
};

function checkLayer(layer: number, { layers }: TowerConfig): void {
  if (layer >= -layers - 1 && layer <= layers) return;
  throw new ProblemError({
    code: 'no-such-layer',
    message: `layer ${layer}: the vision tower has ${layers} blocks`,
    hint: `-1 is the last block, -2 the one before it, ${-layers - 1} the embeddings`,
  });
}
