import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, expect, test } from 'vitest';
import { loadWeights } from '../../src/data/checkpoint.ts';
import type { EncoderConfig } from '../../src/data/config.ts';
import { openFeatures } from '../../src/data/features.ts';
import { readPixels } from '../../src/data/pixels.ts';
import { parsePreprocessor, preprocessorJson } from '../../src/data/preprocess.ts';
import { openEngine } from '../../src/engine/open.ts';
import { visionFeatures } from '../../src/nn/vit.ts';
import { features } from '../../src/stages/features/kind.ts';
import { writeDataset } from './pictures.ts';
import { problemsOf, runStage, temporary } from './run-stage.ts';
import { writeEncoder } from './tiny-checkpoints.ts';

const root = temporary();
const encoder = join(root, 'encoder');
const images = ['one.png', 'two.jpg', 'below/three.png', 'four.png', 'five.png'];
let config: EncoderConfig;
let data: string;

beforeAll(async () => {
  await openEngine();
  config = await writeEncoder(encoder, 'clip', ['boat', 'sea']);
  // two records of one image, and one without: an image is encoded once
  const records = [...images, 'one.png', undefined].map((image) => ({
    caption: 'a boat',
    ...(image === undefined ? {} : { image }),
  }));
  data = await writeDataset(join(root, 'data'), records);
});

/** Features of an image as the folder has them. */
async function stored(folder: string, image: string): Promise<Float32Array> {
  const opened = await openFeatures(folder);
  const values = new Float32Array(opened.rows.size);
  opened.rows.readInto(values, 0, opened.indexOf(image) as number);
  opened.close();
  return values;
}

const filesOf = (folder: string): Record<string, string> =>
  Object.fromEntries(readdirSync(folder).map((name) => [name, readFileSync(join(folder, name), 'latin1')]));

test.each([-1, -2, 0])('hidden state %i of every image is what the tower gives for it alone', async (layer) => {
  const { output, metrics } = await runStage(features, { layer, batchSize: 2 }, { encoder, data });
  expect(metrics).toMatchObject({ images: 5, tokens: 16, dim: 12 });
  const weights = await loadWeights(encoder);
  const how = parsePreprocessor(preprocessorJson('clip', 16), '');
  for (const image of images) {
    const pixels = await readPixels([join(data, 'images', image)], how, 16);
    const alone = visionFeatures(weights, pixels, config.vision, layer).dataSync();
    const found = await stored(output('features'), image);
    expect(Math.max(...found.map((value, i) => Math.abs(value - (alone[i] as number))))).toBeLessThan(1e-5);
  }
  tf.dispose(weights);
});

test('mean and deviation are those of all patches', async () => {
  const { output } = await runStage(features, {}, { encoder, data });
  const { manifest, close } = await openFeatures(output('features'));
  close();
  const all = await Promise.all(images.map((image) => stored(output('features'), image)));
  const column = all.flatMap((values) => Array.from(values).filter((_, i) => i % 12 === 7));
  const mean = column.reduce((a, b) => a + b, 0) / column.length;
  const variance = column.reduce((a, b) => a + (b - mean) ** 2, 0) / column.length;
  expect(manifest.images).toEqual(images);
  expect(manifest.mean[7]).toBeCloseTo(mean, 5);
  expect(manifest.std[7]).toBeCloseTo(Math.sqrt(variance), 5);
});

test('the batch size changes nothing but rounding', async () => {
  const one = await runStage(features, { batchSize: 1 }, { encoder, data });
  const many = await runStage(features, { batchSize: 64 }, { encoder, data });
  for (const image of images) {
    const [a, b] = [await stored(one.output('features'), image), await stored(many.output('features'), image)];
    expect(Math.max(...a.map((value, i) => Math.abs(value - (b[i] as number))))).toBeLessThan(1e-5);
  }
  expect(features.identity?.({ layer: -2, scales: [1], batchSize: 1 })).toEqual({ layer: -2 });
});

test('an interrupted pass goes on with the next file and gives the same bytes', async () => {
  const wide = join(root, 'wide'); // 4 MB of features an image: 15 images a file
  const size = { hidden: 1040, layers: 1, heads: 1, intermediate: 4, patchSize: 1, imageSize: 32 };
  await writeEncoder(wide, 'clip', ['boat'], size);
  const many = await writeDataset(
    join(root, 'many'),
    Array.from({ length: 17 }, (_, i) => ({ image: `${i}.png`, caption: '' })),
  );
  const input = { encoder: wide, data: many };
  const whole = await runStage(features, { batchSize: 8 }, input);
  const scratch = temporary();
  await expect(runStage(features, { batchSize: 8 }, input, { scratch, stopAt: 15 })).rejects.toThrow('interrupted');
  expect(readdirSync(join(scratch, 'features'))).toEqual(['features-00000.safetensors']);
  const resumed = await runStage(features, { batchSize: 8 }, input, { scratch });
  expect(filesOf(resumed.output('features'))).toEqual(filesOf(whole.output('features')));
});

test('a layer that the tower does not have is named with those it has', async () => {
  const [problem] = await problemsOf(runStage(features, { layer: -4 }, { encoder, data }));
  expect(problem).toMatchObject({
    code: 'no-such-layer',
    message: 'layer -4: the vision tower has 2 blocks',
    hint: '-1 is the last block, -2 the one before it, -3 the embeddings',
  });
});

test('a dataset without images is refused', async () => {
  const text = await writeDataset(join(root, 'text'), [{ caption: 'only words' }]);
  expect(await problemsOf(runStage(features, {}, { encoder, data: text }))).toMatchObject([{ code: 'no-images' }]);
});

test('a preprocessor that makes images of another size than the tower reads is refused', async () => {
  const other = join(root, 'other');
  await writeEncoder(other, 'clip', ['boat'], { imageSize: 32 });
  writeFileSync(join(other, 'preprocessor_config.json'), JSON.stringify(preprocessorJson('clip', 16)));
  const [problem] = await problemsOf(runStage(features, {}, { encoder: other, data }));
  expect(problem?.message).toContain('makes an image of 16 x 16 pixels; the encoder reads 32 x 32');
});
