import { readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { expandImages } from '../../src/data/batch.ts';
import { loadWeights, readConfigOf, readPairedConfig } from '../../src/data/checkpoint.ts';
import { encodePrompt, IMAGE_ID } from '../../src/data/conversation.ts';
import { openFeatures } from '../../src/data/features.ts';
import { openLabels } from '../../src/data/labels.ts';
import { readPixels } from '../../src/data/pixels.ts';
import { parsePreprocessor, preprocessorJson } from '../../src/data/preprocess.ts';
import { loadTokenizer, textTowerIds } from '../../src/data/tokenizer.ts';
import { openEngine } from '../../src/engine/open.ts';
import { decode, embedTokens, logitsOf } from '../../src/nn/decoder.ts';
import { LLAVA_PARTS, llavaShapes, visualTokens } from '../../src/nn/llava.ts';
import { densePatches } from '../../src/nn/readout.ts';
import { bicubicMap, resampleSquare } from '../../src/nn/resample.ts';
import { textEmbeds } from '../../src/nn/text.ts';
import { visionFeatures } from '../../src/nn/vit.ts';
import { type Weights, within } from '../../src/nn/weights.ts';
import { benchmark } from '../../src/stages/benchmark/kind.ts';
import { extractLabels } from '../../src/stages/extract-labels/kind.ts';
import { features } from '../../src/stages/features/kind.ts';
import { finetune } from '../../src/stages/finetune/kind.ts';
import { pretrain } from '../../src/stages/pretrain/kind.ts';
import { writeDataset, writeLines } from './pictures.ts';
import { codesOf, runStage, temporary } from './run-stage.ts';
import { writeEncoder, writeLanguageModel } from './tiny-checkpoints.ts';

const root = temporary();
const [encoder, languageModel] = [join(root, 'encoder'), join(root, 'language')];
const images = ['one.png', 'two.png', 'three.png', 'four.png'];
const scales = [1, 2];
let data: string;
let seen: string;

beforeAll(async () => {
  vi.stubEnv('SEA_CAPTURE', 'off'); // a few tiny steps are not worth a graph each
  await openEngine();
  await writeEncoder(encoder, 'clip', ['boat', 'sea', 'red']);
  await writeLanguageModel(languageModel);
  const captions = ['a red boat', 'the sea', 'is there a blue fish?', 'a boat'];
  data = await writeDataset(
    join(root, 'data'),
    images.map((image, i) => ({ image, caption: captions[i] as string })),
  );
  seen = (await runStage(features, { scales }, { encoder, data })).output('features');
});
afterAll(() => void vi.unstubAllEnvs());

/** Pictures at twice the 16 pixels that the tower reads. */
const large = (names: readonly string[]): Promise<tf.Tensor4D> => {
  const files = names.map((name) => join(data, 'images', name));
  return readPixels(files, parsePreprocessor(preprocessorJson('clip', 32), ''), 32);
};

/** Both scales by hand: the smaller picture as it is; of the larger one the quarters, each 2 x 2 patches' mean. */
function byHand(encode: (tiles: tf.Tensor) => tf.Tensor, pixels: tf.Tensor): [tf.Tensor, tf.Tensor] {
  const batch = pixels.shape[0] as number;
  const small = resampleSquare(tf.reshape(pixels, [batch * 3, 32, 32]), bicubicMap(32, 16));
  const quarter = (y: number, x: number): tf.Tensor4D => {
    const found = encode(tf.slice(pixels, [0, 0, 16 * y, 16 * x], [batch, 3, 16, 16]));
    const grid = tf.reshape(found, [batch, 4, 4, found.shape[2] as number]) as tf.Tensor4D;
    return tf.avgPool(grid, 2, 2, 'valid');
  };
  const row = (y: number): tf.Tensor4D => tf.concat([quarter(y, 0), quarter(y, 1)], 2);
  const joined = tf.concat([row(0), row(1)], 1);
  return [encode(tf.reshape(small, [batch, 3, 16, 16])), tf.reshape(joined, [batch, 16, joined.shape[3]])];
}

const worst = (a: ArrayLike<number>, b: ArrayLike<number>): number => {
  expect(a.length).toBe(b.length);
  return Math.max(...Array.from(a, (value, i) => Math.abs(value - (b[i] as number))));
};

async function featuresByHand(weights: Weights, names: readonly string[]): Promise<tf.Tensor> {
  const { vision } = await readPairedConfig(encoder);
  const pixels = await large(names);
  return tf.concat(
    byHand((tiles) => visionFeatures(weights, tiles, vision, -2), pixels),
    -1,
  );
}

test('features of two scales stand side by side on the grid of the first', async () => {
  const { manifest, rows, close } = await openFeatures(seen);
  const found = new Float32Array(rows.size * images.length);
  images.forEach((_, i) => void rows.readInto(found, i * rows.size, i));
  close();
  expect(manifest).toMatchObject({ tokens: 16, dim: 24, scales, grid: [4, 4] });
  const expected = await featuresByHand(await loadWeights(encoder), images);
  expect(worst(found, expected.dataSync())).toBeLessThan(1e-4);
  const one = await runStage(features, { scales: [2], batchSize: 1 }, { encoder, data });
  expect(one.metrics).toMatchObject({ tokens: 64, dim: 12 });
});

test('the tower alone is no scale: nothing of it is written, and keys stay', async () => {
  const { output } = await runStage(features, {}, { encoder, data });
  expect(readFileSync(join(output('features'), 'manifest.json'), 'utf8')).not.toContain('scales');
  expect(features.identity?.({ layer: -2, scales: [1], batchSize: 64 })).toEqual({ layer: -2 });
  expect(features.identity?.({ layer: -2, scales, batchSize: 64 })).toEqual({ layer: -2, scales });
});

test('labels are the words nearest to a patch over both scales', async () => {
  const words = ['boat', 'sea', 'red'];
  const list = writeLines(join(root, 'words.txt'), words);
  const params = { scales, top: 3, sign: 'positive', readout: 'surgery', minScore: -1 };
  const { output } = await runStage(extractLabels, params, { encoder, data, words: list });
  const labels = await openLabels(output('labels'));
  expect(labels.manifest).toMatchObject({ scales, grid: [4, 4] });
  const found = new Float32Array(labels.scores.size);
  labels.scores.readInto(found, 0, 0);
  labels.close();
  const [config, weights, tokenizer] = [
    await readPairedConfig(encoder),
    await loadWeights(encoder),
    await loadTokenizer(encoder),
  ];
  const unit = (x: tf.Tensor): tf.Tensor => tf.div(x, tf.norm(x, 2, -1, true));
  const ids = tf.tensor2d(textTowerIds(tokenizer, words, 6), [3, 6], 'int32');
  const dense = (tiles: tf.Tensor): tf.Tensor => unit(densePatches(weights, tiles, config.vision, 'surgery'));
  const [own, larger] = byHand(dense, await large(['one.png']));
  const patches = unit(tf.reshape(tf.add(own, larger), [16, -1]));
  const cosine = tf.matMul(
    patches as tf.Tensor2D,
    unit(textEmbeds(weights, ids, config.text)) as tf.Tensor2D,
    false,
    true,
  );
  const best = (cosine.arraySync() as number[][]).flatMap((row) => row.sort((a, b) => b - a));
  expect(worst(found, best)).toBeLessThan(2e-3); // scores are stored in 16 bits
});

const few = { batchSize: 2, learningRate: 0.01 };
const tuning = { ...few, conversation: 'short', scales };

/** The greedy answer of a model to a question about a picture, from its folder alone. */
async function plainAnswer(folder: string, image: string, question: string, length: number): Promise<string> {
  const config = await readConfigOf(folder, 'model');
  const weights = await loadWeights(folder, { expect: llavaShapes(config) });
  const tokenizer = await loadTokenizer(folder);
  const language = within(weights, LLAVA_PARTS.language);
  const visual = visualTokens(weights, await featuresByHand(within(weights, LLAVA_PARTS.vision), [image]), config);
  const marked = encodePrompt(tokenizer, 'short', [{ question: `<image>\n${question}` }]);
  const { ids } = expandImages({ ids: marked, labels: marked, segments: marked.map(() => 0) }, 16, IMAGE_ID);
  const start = ids.indexOf(IMAGE_ID);
  const embed = (part: readonly number[]): tf.Tensor =>
    embedTokens(language, tf.tensor2d([...part], [1, part.length], 'int32'), config.text);
  const said: number[] = [];
  while (said.length < length) {
    const embeds = tf.concat([embed(ids.slice(0, start)), visual, embed([...ids.slice(start + 16), ...said])], 1);
    const logits = logitsOf(language, decode(language, { embeds }, config.text).last, config.text);
    const next = (tf.argMax(logits, -1).arraySync() as number[][])[0]?.at(-1) as number;
    if (next === tokenizer.eos) break;
    said.push(next);
  }
  return tokenizer.decode(said, { skipSpecial: true }).trim();
}

test('both stages, a tuned encoder and a benchmark see the same two scales', async () => {
  const { output: one } = await runStage(pretrain, { ...few, steps: 3 }, { languageModel, data, features: seen });
  const adapter = one('adapter');
  const adapterConfig = JSON.parse(readFileSync(join(adapter, 'config.json'), 'utf8')) as object;
  expect(adapterConfig).toMatchObject({ mm_hidden_size: 24, seagraph_s2_scales: scales });

  const input = { languageModel, encoder, data, adapter };
  const cached = await runStage(finetune, { ...tuning, steps: 1 }, { ...input, features: seen });
  const tuned = await runStage(finetune, { ...tuning, steps: 6, trainable: ['*'] }, input);
  // the first step's rate is 0, so both measure the starting model
  expect(tuned.steps[0]?.['loss']).toBeCloseTo(cached.metrics['loss'] as number, 4);
  const model = tuned.output('model');
  const { scales: written } = await readConfigOf(model, 'model');
  expect(written).toEqual(scales);
  const [before, after] = [await loadWeights(cached.output('model')), await loadWeights(model)];
  const filters = 'vision_tower.vision_model.embeddings.patch_embedding.weight';
  expect(worst(before[filters]?.dataSync() ?? [], after[filters]?.dataSync() ?? [])).toBeGreaterThan(0);
  expect(after['multi_modal_projector.linear_1.weight']?.shape).toEqual([16, 24]);

  const asked = images.map((image, i) => ({
    question_id: i,
    image,
    text: i % 2 === 0 ? 'what is it?' : 'is there a red boat?',
  }));
  writeLines(
    join(data, 'questions.jsonl'),
    asked.map((line) => JSON.stringify(line)),
  );
  const params = { benchmark: 'questions', prompt: 'bare', maxNewTokens: 5 };
  const answers = await runStage(benchmark, params, { model, data });
  const lines = readFileSync(answers.output('answers'), 'utf8').trimEnd().split('\n');
  const texts = lines.map((line) => (JSON.parse(line) as { text: string }).text);
  const expected: string[] = [];
  for (const { image, text } of asked) expected.push(await plainAnswer(model, image, text, 5));
  expect(texts).toEqual(expected);
  expect(new Set(expected).size).toBeGreaterThan(1); // the model does tell what it is asked apart
});

test('captured steps are the eager ones: a tuned tower with registers, stretched positions and two scales', async () => {
  const input = { languageModel, encoder: resolve('test/golden/dinov2-reg-tiny'), data };
  const run = async (capture: string): Promise<readonly (number | undefined)[]> => {
    vi.stubEnv('SEA_CAPTURE', capture);
    const { steps } = await runStage(finetune, { ...tuning, steps: 4, trainable: ['*'] }, input);
    return steps.map(({ loss }) => loss);
  };
  const captured = await run('on');
  const eager = await run('off');
  expect(captured).toHaveLength(4);
  captured.forEach((loss, i) => void expect(loss).toBeCloseTo(eager[i] as number, 3));
  expect(new Set(eager).size).toBe(4);
});

test('features or an adapter of other scales are refused, and so is a model that does not say its scales well', async () => {
  const plain = await runStage(features, {}, { encoder, data });
  const input = { languageModel, encoder, data };
  const tune = (params: object, more: Record<string, string>) =>
    codesOf(runStage(finetune, { ...tuning, steps: 1, ...params }, { ...input, ...more }));
  expect(await tune({}, { features: plain.output('features') })).toEqual(['scales-mismatch']);
  expect(await tune({ scales: [1] }, { features: seen })).toEqual(['scales-mismatch']);
  const { output } = await runStage(
    pretrain,
    { ...few, steps: 1 },
    { languageModel, data, features: plain.output('features') },
  );
  expect(await tune({}, { features: seen, adapter: output('adapter') })).toEqual(['scales-mismatch']);

  const folder = temporary();
  const json = JSON.parse(readFileSync(join(resolve('test/golden/llava-tiny'), 'config.json'), 'utf8')) as object;
  for (const more of [{ seagraph_s2_scales: [0] }, { seagraph_s2_scales: '16,32' }]) {
    writeFileSync(join(folder, 'config.json'), JSON.stringify({ ...json, ...more }));
    await expect(readConfigOf(folder, 'model')).rejects.toThrow('"seagraph_s2_scales" must be whole numbers above 0');
  }
  const whole = { seagraph_s2_scales: scales, vision_feature_select_strategy: 'full' };
  writeFileSync(join(folder, 'config.json'), JSON.stringify({ ...json, ...whole }));
  await expect(readConfigOf(folder, 'model')).rejects.toThrow('has no meaning at several scales');
});
