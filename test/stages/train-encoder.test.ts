import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import sharp from 'sharp';
import { afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { loadWeights, readPairedConfig } from '../../src/data/checkpoint.ts';
import type { EncoderConfig } from '../../src/data/config.ts';
import { parsePreprocessor, preprocessorJson } from '../../src/data/preprocess.ts';
import { stream } from '../../src/data/random.ts';
import type { Rgb } from '../../src/data/resize.ts';
import { loadTokenizer, textTowerIds } from '../../src/data/tokenizer.ts';
import { openEngine } from '../../src/engine/open.ts';
import { pairShapes } from '../../src/nn/pair.ts';
import { textEmbeds } from '../../src/nn/text.ts';
import { imageEmbeds, patchTokens, projectPatches, visionHidden } from '../../src/nn/vit.ts';
import { initialWeights } from '../../src/stages/train-encoder/initialise.ts';
import { inverseRoot } from '../../src/stages/train-encoder/inverse-root.ts';
import { trainEncoder } from '../../src/stages/train-encoder/kind.ts';
import { type Pairs, patchesOf, pixelsOf } from '../../src/stages/train-encoder/pairs.ts';
import { publishedWeights } from '../../src/stages/train-encoder/publish.ts';
import { apart, normal, randomWeights } from '../nn/random-weights.ts';
import { writeDataset, writeLines } from './pictures.ts';
import { problemsOf, runStage, temporary } from './run-stage.ts';

const COLOURS = {
  red: '#d02020',
  green: '#20b030',
  blue: '#2040d0',
  white: '#f0f0f0',
  black: '#101010',
  pink: '#f080c0',
};
const root = temporary();
const data = join(root, 'data');
const words = join(root, 'words.txt');

// compiling a step takes longer than the few steps here; the tests that are about graphs capture
beforeEach(() => void vi.stubEnv('SEA_CAPTURE', 'off'));
afterEach(() => void vi.unstubAllEnvs());

/** Four pictures of each colour, 20 x 16 pixels, each with its colour in three captions. */
beforeAll(async () => {
  await openEngine();
  mkdirSync(join(data, 'images'), { recursive: true });
  const records: object[] = [];
  for (const [name, background] of Object.entries(COLOURS)) {
    for (let i = 0; i < 4; i++) {
      const image = `${name}-${i}.png`;
      const picture = sharp({ create: { width: 20, height: 16, channels: 3, background } });
      writeFileSync(
        join(data, 'images', image),
        await picture
          .modulate({ brightness: 0.9 + 0.05 * i })
          .png()
          .toBuffer(),
      );
      const conversations = [name, `a ${name} thing`, `it is ${name}`].flatMap((caption, turn) => [
        { from: 'human', value: `${turn === 0 ? '<image>\n' : ''}describe it` },
        { from: 'gpt', value: caption },
      ]);
      records.push({ id: image, image, conversations });
    }
  }
  writeFileSync(join(data, 'chat.json'), JSON.stringify(records));
  writeLines(words, ['red', 'green', 'yellow']);
});

const tower = { hidden: 16, layers: 1, heads: 2, intermediate: 24 };
const tiny = {
  steps: 30,
  batchSize: 8,
  imageSize: 16,
  patchSize: 8,
  vision: tower,
  text: { ...tower, positions: 8 },
  projection: 8,
  warmupSteps: 4,
};
const train = (params: object, options = {}) =>
  runStage(trainEncoder, { ...tiny, ...params }, { data, words }, options);
const filesOf = (folder: string): Record<string, string> =>
  Object.fromEntries(readdirSync(folder).map((name) => [name, readFileSync(join(folder, name), 'latin1')]));
const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length;

describe.each(['clip', 'siglip'] as const)('training %s', (family) => {
  test('learns, and writes a checkpoint whose towers find the captions of their images', async () => {
    const { metrics, steps, output } = await train({ family });
    const losses = steps.map((step) => step['loss'] as number);
    expect(losses).toHaveLength(30);
    expect(mean(losses.slice(-6))).toBeLessThan(0.8 * mean(losses.slice(0, 3)));
    expect(metrics['loss']).toBeCloseTo(mean(losses.slice(-6)), 5);
    expect(steps.map((step) => step['learningRate'])[0]).toBe(0);
    const folder = output('encoder');
    expect(readdirSync(folder)).toEqual([
      'config.json',
      'model.safetensors',
      'preprocessor_config.json',
      'special_tokens_map.json',
      'tokenizer.json',
      'tokenizer_config.json',
    ]);
    const config = await readPairedConfig(folder);
    const weights = await loadWeights(folder, { expect: pairShapes(config) });
    expect(metrics['parameters']).toBeGreaterThan(Object.values(weights).reduce((sum, { size }) => sum + size, 0) - 3);
    const tokenizer = await loadTokenizer(folder);
    const names = Object.keys(COLOURS);
    const captions = tf.tensor2d(textTowerIds(tokenizer, names, 8), [6, 8], 'int32');
    const pictures = names.map((name): Rgb => {
      const [r, g, b] = [1, 3, 5].map((at) => Number.parseInt(COLOURS[name as 'red'].slice(at, at + 2), 16));
      return { width: 16, height: 16, pixels: Uint8Array.from({ length: 768 }, (_, i) => [r, g, b][i % 3] as number) };
    });
    const how = parsePreprocessor(preprocessorJson(family, 16), '');
    const images = imageEmbeds(
      weights,
      visionHidden(weights, pixelsOf(pictures, how, 16), config.vision).at(-1) as tf.Tensor,
      config.vision,
    );
    const unit = (x: tf.Tensor): tf.Tensor2D => tf.div(x, tf.norm(x, 2, 1, true));
    const near = tf.argMax(tf.matMul(unit(images), unit(textEmbeds(weights, captions, config.text)), false, true), 1);
    const right = [...near.dataSync()].filter((found, i) => found === i).length;
    expect(right).toBeGreaterThanOrEqual(4);
  });

  test('goes on after an interruption as if there had been none', async () => {
    const params = { family, steps: 8 };
    const whole = await train(params);
    const scratch = temporary();
    await expect(train(params, { scratch, stopAt: 5 })).rejects.toThrow('interrupted');
    const rest = await train(params, { scratch });
    expect(rest.steps).toHaveLength(3);
    expect(filesOf(rest.output('encoder'))).toEqual(filesOf(whole.output('encoder')));
    const measured = ({ secondsPerStep: _, ...values }: Readonly<Record<string, number>>) => values;
    expect(measured(rest.metrics)).toEqual(measured(whole.metrics));
  });
});

test('captured steps are the eager ones, and an interrupted captured training goes on to the same bytes', async () => {
  vi.stubEnv('SEA_CAPTURE', 'on');
  const params = { family: 'clip', steps: 6 };
  const captured = await train(params);
  const scratch = temporary();
  await expect(train(params, { scratch, stopAt: 5 })).rejects.toThrow('interrupted');
  const resumed = await train(params, { scratch });
  expect(resumed.steps).toHaveLength(1);
  expect(filesOf(resumed.output('encoder'))).toEqual(filesOf(captured.output('encoder')));
  vi.stubEnv('SEA_CAPTURE', 'off');
  const eager = await train(params);
  for (const [i, { loss }] of captured.steps.entries()) expect(loss).toBeCloseTo(eager.steps[i]?.['loss'] as number, 3);
}, 120_000);

describe.each(['clip', 'siglip'] as const)('the published weights of %s', (family) => {
  const clip = family === 'clip';
  const base = { family, hidden: 10, heads: 2, layers: 1, intermediate: 12, layerNormEps: 1e-5 } as const;
  const shared = { activation: clip ? 'quick_gelu' : 'gelu_pytorch_tanh', projection: clip ? 6 : 10 } as const;
  const config = {
    family,
    projection: shared.projection,
    dtype: 'float32',
    vision: { ...base, ...shared, imageSize: 8, patchSize: 4, channels: 3 },
    text: { ...base, ...shared, vocab: 20, positions: 5, bos: 0, eos: 19, pad: 1 },
  } as EncoderConfig;
  const how = parsePreprocessor(preprocessorJson(family, 8), '');
  const random = stream(3, 'pairs');
  const pairs: Pairs = {
    images: Array.from({ length: 70 }, () => ({
      width: 8,
      height: 8,
      pixels: Uint8Array.from({ length: 192 }, () => random.int(256)),
    })),
    captions: Array.from({ length: 70 }, () => [Int32Array.from([0, 2 + random.int(16), 2 + random.int(16), 19, 1])]),
  };

  test.each([true, false])(
    'give what training saw: embeddings centred and scaled (means of patches too: %s)',
    (withMean) => {
      const weights = {
        ...randomWeights(pairShapes(config)),
        'scale.global': tf.scalar(1.5),
        'bias.global': tf.scalar(-2),
      };
      const published = publishedWeights(weights, config, how, pairs, withMean);
      const shapes = Object.fromEntries(Object.entries(published).map(([name, { shape }]) => [name, shape]));
      expect(shapes).toEqual(pairShapes(config));
      const embed = (own: Record<string, tf.Tensor>) => {
        const last = visionHidden(own, pixelsOf(pairs.images, how, 8), config.vision).at(-1) as tf.Tensor;
        const ids = tf.tensor2d(
          pairs.captions.map(([caption]) => [...(caption as Int32Array)]),
          undefined,
          'int32',
        );
        return {
          whole: imageEmbeds(own, last, config.vision),
          patches: projectPatches(own, patchTokens(last, config.vision), config.vision), // [70, 4, e]
          text: textEmbeds(own, ids, config.text),
        };
      };
      const [raw, ours] = [embed(weights), embed(published)];
      const average = tf.mean(raw.patches, 1);
      const seen = withMean ? tf.concat([raw.whole, average], 0) : raw.whole;
      const centred = (x: tf.Tensor, sample: tf.Tensor): tf.Tensor => {
        const { mean: middle, variance } = tf.moments(sample, 0);
        return clip ? tf.div(tf.sub(x, middle), tf.sqrt(tf.add(variance, 1e-6))) : tf.sub(x, middle);
      };
      expect(apart(ours.whole, centred(raw.whole, seen))).toBeLessThan(2e-4);
      expect(apart(ours.patches, centred(raw.patches, seen))).toBeLessThan(2e-4);
      expect(apart(ours.text, centred(raw.text, raw.text))).toBeLessThan(2e-4);
    },
  );
});

test('a run that was killed behind its last step has only to write, and reports the same', async () => {
  const scratch = temporary();
  const params = { steps: 3, checkpointSeconds: 1e-9 };
  const first = await train(params, { scratch });
  const again = await train(params, { scratch });
  expect(again.steps).toEqual([]);
  expect(again.metrics).toEqual({ ...first.metrics, secondsPerStep: again.metrics['secondsPerStep'] });
  expect(filesOf(again.output('encoder'))).toEqual(filesOf(first.output('encoder')));
});

test('the inverse root of a positive matrix is one', () => {
  const a = normal('a', [12, 9]) as tf.Tensor2D;
  const matrix = tf.add(tf.matMul(a, a, true), tf.mul(tf.eye(9), 0.1)) as tf.Tensor2D;
  const root = inverseRoot(matrix);
  expect(apart(tf.matMul(root, tf.matMul(matrix, root)), tf.eye(9))).toBeLessThan(1e-3);
});

test('fresh patch filters give outputs of variance one on the patches they were drawn from', () => {
  const config = {
    family: 'clip',
    vision: {
      family: 'clip',
      hidden: 12,
      layers: 1,
      heads: 2,
      intermediate: 8,
      imageSize: 16,
      patchSize: 4,
      channels: 3,
      projection: 4,
    },
    text: { family: 'clip', hidden: 8, layers: 1, heads: 2, intermediate: 8, vocab: 9, positions: 4, projection: 4 },
  } as EncoderConfig;
  const pixels = normal('pixels', [20, 3, 16, 16]) as tf.Tensor4D;
  const patches = patchesOf(pixels, 4);
  expect(patches.shape).toEqual([20 * 16, 48]);
  const filters = initialWeights(config, 0, patches)['vision_model.embeddings.patch_embedding.weight'] as tf.Tensor;
  const out = tf.conv2d(
    tf.transpose(pixels, [0, 2, 3, 1]) as tf.Tensor4D,
    tf.transpose(filters, [2, 3, 1, 0]) as tf.Tensor4D,
    4,
    'valid',
  );
  const { variance } = tf.moments(tf.reshape(out, [-1, 12]), 0);
  expect(apart(variance, tf.ones([12]))).toBeLessThan(1e-3);
});

test('the seed decides the weights, and nothing else does', async () => {
  const model = async (params: object): Promise<string | undefined> =>
    filesOf((await train({ steps: 2, ...params })).output('encoder'))['model.safetensors'];
  const first = await model({});
  expect(await model({ checkpointSeconds: 1e-6 })).toBe(first);
  expect(await model({ seed: 1 })).not.toBe(first);
});

test('sizes that do not fit are all told at once', async () => {
  const params = { patchSize: 17, projection: 17, vision: { ...tower, heads: 3 }, text: { ...tower, heads: 5 } };
  expect((await problemsOf(train(params))).map(({ message }) => message)).toEqual([
    'vision.heads is 3, which does not divide vision.hidden 16',
    'text.heads is 5, which does not divide text.hidden 16',
    'patchSize 17 is larger than imageSize 16',
    'projection 17 is wider than the narrower tower, 16',
  ]);
});

test('one image is no pair that could be told from another', async () => {
  const one = await writeDataset(join(root, 'one'), [{ image: 'one.png', caption: 'a boat' }, { caption: 'text' }]);
  const [problem] = await problemsOf(runStage(trainEncoder, tiny, { data: one, words }));
  expect(problem).toMatchObject({ code: 'too-few-pairs' });
});
