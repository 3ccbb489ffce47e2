import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { expandImages } from '../../../src/data/batch.ts';
import { loadWeights, readConfigOf } from '../../../src/data/checkpoint.ts';
import { encodeConversation, IGNORE, IMAGE_ID } from '../../../src/data/conversation.ts';
import { readDataset } from '../../../src/data/dataset.ts';
import { epochOrder } from '../../../src/data/order.ts';
import { readPixels } from '../../../src/data/pixels.ts';
import { readPreprocessor } from '../../../src/data/preprocess.ts';
import { loadTokenizer } from '../../../src/data/tokenizer.ts';
import { openEngine } from '../../../src/engine/open.ts';
import { decode, embedTokens, logitsOf } from '../../../src/nn/decoder.ts';
import { LLAVA_PARTS, llavaFeatures, llavaShapes, visualTokens } from '../../../src/nn/llava.ts';
import { type Weights, within } from '../../../src/nn/weights.ts';
import { features } from '../../../src/stages/features/kind.ts';
import { finetune } from '../../../src/stages/finetune/kind.ts';
import { pretrain } from '../../../src/stages/pretrain/kind.ts';
import { codesOf, runStage } from '../run-stage.ts';
import { makeTinyModels, type TinyModels, writeData } from '../tiny-models.ts';

let tiny: TinyModels;
let adapter: string;
const projector = { standardise: true, gain: 0.5 };

beforeAll(async () => {
  await openEngine();
  tiny = await makeTinyModels();
  const { languageModel, data } = tiny;
  const first = await runStage(
    pretrain,
    { steps: 4, batchSize: 4, projector },
    { languageModel, data, features: tiny.features },
  );
  adapter = first.output('adapter');
});
// a few tiny steps are not worth a graph each; the tests that are about graphs capture
beforeEach(() => void vi.stubEnv('SEA_CAPTURE', 'off'));
afterEach(() => void vi.unstubAllEnvs());

const folder = (): string => mkdtempSync(join(tmpdir(), 'finetune-'));
const inputs = () => {
  const { languageModel, encoder, data } = tiny;
  return { languageModel, encoder, data, features: tiny.features, adapter };
};
const params = { steps: 4, batchSize: 4, learningRate: 0.01, conversation: 'short', turns: 'independent', projector };
const all = ['projector.*', 'language.*', 'vision.*'];
const bytes = (model: string): Buffer => readFileSync(join(model, 'model.safetensors'));

const open = async (model: string) => {
  const config = await readConfigOf(model, 'model');
  return { config, weights: await loadWeights(model, { expect: llavaShapes(config) }) };
};

/** The mean loss per answer token of some records, from a folder alone: pixels, one question at a time, no packing. */
async function plainLoss(model: string, data: string, chosen: readonly number[]): Promise<number> {
  const { config, weights } = await open(model);
  const tokenizer = await loadTokenizer(model);
  const how = await readPreprocessor(model);
  const records = await readDataset(data);
  const language = within(weights, LLAVA_PARTS.language);
  let [sum, count] = [0, 0];
  for (const index of chosen) {
    const { image, turns } = records[index] as (typeof records)[number];
    const pixels =
      image === undefined ? undefined : await readPixels([join(data, 'images', image)], how, config.vision.imageSize);
    const visual = pixels && tf.squeeze(visualTokens(weights, llavaFeatures(weights, pixels, config), config), [0]);
    for (const [i, turn] of turns.entries()) {
      const question = i === 0 || image === undefined ? turn.question : `<image>\n${turn.question}`;
      const { ids, labels } = expandImages(
        encodeConversation(tokenizer, 'short', [{ ...turn, question }]),
        16,
        IMAGE_ID,
      );
      const start = ids.indexOf(IMAGE_ID);
      const embed = (part: readonly number[]) =>
        tf.squeeze(embedTokens(language, tf.tensor2d([...part], [1, part.length], 'int32'), config.text), [0]);
      const parts =
        visual === undefined ? [embed(ids)] : [embed(ids.slice(0, start)), visual, embed(ids.slice(start + 16))];
      const embeds = tf.expandDims(tf.concat(parts as tf.Tensor2D[], 0), 0);
      const logits = logitsOf(language, decode(language, { embeds }, config.text).last, config.text);
      const likely = tf.squeeze(tf.logSoftmax(logits), [0]).arraySync() as number[][];
      labels.forEach((label, at) => {
        if (label === IGNORE) return;
        sum -= likely[at - 1]?.[label] as number;
        count++;
      });
    }
  }
  return sum / count;
}

const differs = (a: Weights, b: Weights, name: string): boolean =>
  tf.tidy(() => tf.max(tf.abs(tf.sub(a[name] as tf.Tensor, b[name] as tf.Tensor))).dataSync()[0] as number) > 0;

// the first step's learning rate is 0: with one step the model is the one that training starts from
test('the written model, asked plainly, has the loss that training measured', async () => {
  const data = folder();
  await writeData(data, { textOnly: true });
  const { output, metrics } = await runStage(finetune, { ...params, steps: 1, batchSize: 7 }, { ...inputs(), data });
  const plain = await plainLoss(output('model'), data, epochOrder(0, 0, 7, 7));
  expect(metrics['loss']).toBeCloseTo(plain, 4);
});

test('grouped by modality, texts without an image make steps of their own', async () => {
  const data = folder();
  await writeData(data, { textOnly: true });
  const records = await readDataset(data);
  const told = records.flatMap(({ image }, index) => (image === undefined ? [index] : []));
  expect(told.length).toBe(1);
  // one record a step: some step has no image at all
  const steps = records.length;
  const run = await runStage(
    finetune,
    { ...params, steps, batchSize: 1, grouping: 'modality', learningRate: 1e-9 },
    { ...inputs(), data },
  );
  const plain = await Promise.all(records.map((_, index) => plainLoss(run.output('model'), data, [index])));
  const found = run.steps.map(({ loss }) => loss as number);
  expect(found.toSorted()).toEqual(plain.toSorted().map((loss) => expect.closeTo(loss, 4)));
});

test('training lowers the loss, and what does not match `trainable` stays to the bit', async () => {
  const trained = await runStage(finetune, { ...params, steps: 12, learningRates: { 'projector.*': 0.001 } }, inputs());
  expect(trained.metrics['loss']).toBeLessThan(0.8 * (trained.steps[0]?.['loss'] as number));
  const before = await open((await runStage(finetune, { ...params, steps: 1 }, inputs())).output('model'));
  const after = await open(trained.output('model'));
  for (const name of Object.keys(before.weights).filter((name) => name.startsWith(LLAVA_PARTS.vision))) {
    expect(differs(before.weights, after.weights, name), name).toBe(false);
  }
  expect(differs(before.weights, after.weights, 'language_model.model.embed_tokens.weight')).toBe(true);
  expect(differs(before.weights, after.weights, 'multi_modal_projector.linear_1.weight')).toBe(true);
});

test('an encoder that trains reads pixels in the step, and only the part that the adapter reads moves', async () => {
  const { features: _, ...unfeatured } = inputs();
  const cached = await runStage(finetune, { ...params, steps: 1 }, inputs());
  const pixels = await runStage(finetune, { ...params, steps: 1 }, unfeatured);
  expect(pixels.metrics['loss']).toBeCloseTo(cached.metrics['loss'] as number, 4);
  const trained = await runStage(
    finetune,
    { ...params, trainable: all, learningRates: { 'vision.*': 0.02 } },
    unfeatured,
  );
  const [before, after] = [await open(cached.output('model')), await open(trained.output('model'))];
  const layer = (i: number): string => `vision_tower.vision_model.encoder.layers.${i}.mlp.fc1.weight`;
  expect([0, 1, 2].map((i) => differs(before.weights, after.weights, layer(i)))).toEqual([true, true, false]);
});

test('the tokenizer gets an image token behind its vocabulary, and the embedding a row for it', async () => {
  const { output } = await runStage(finetune, { ...params, steps: 1 }, inputs());
  const [before, after] = [await loadTokenizer(tiny.languageModel), await loadTokenizer(output('model'))];
  const { config, weights } = await open(output('model'));
  expect(after.idOf('<image>')).toBe(before.vocabSize);
  expect(config).toMatchObject({ imageToken: before.vocabSize, featureLayer: -2, featureSelect: 'default' });
  expect(config.text.vocab).toBe(before.vocabSize + 1);
  const table = (weights['language_model.model.embed_tokens.weight'] as tf.Tensor).arraySync() as number[][];
  const mean = table.slice(0, -1).reduce((sum, row) => sum + (row[0] as number), 0) / (table.length - 1);
  expect(table.at(-1)?.[0]).toBeCloseTo(mean, 5);
  expect(after.encode('a red cat')).toEqual(before.encode('a red cat'));
  expect(JSON.parse(readFileSync(join(output('model'), 'config.json'), 'utf8')).conversation_template).toBe('short');
});

test('an interrupted training goes on to the same bytes and metrics', async () => {
  vi.stubEnv('SEA_CAPTURE', 'on');
  const whole = await runStage(finetune, params, inputs());
  const scratch = folder();
  await expect(runStage(finetune, params, inputs(), { scratch, stopAt: 2 })).rejects.toThrow('interrupted');
  const resumed = await runStage(finetune, params, inputs(), { scratch });
  expect(bytes(resumed.output('model')).equals(bytes(whole.output('model')))).toBe(true);
  expect(resumed.metrics['loss']).toBe(whole.metrics['loss']);
});

test('captured steps are the eager ones, the encoder included', async () => {
  vi.stubEnv('SEA_CAPTURE', 'on');
  const captured = await runStage(finetune, { ...params, trainable: all }, inputs());
  vi.stubEnv('SEA_CAPTURE', 'off');
  const eager = await runStage(finetune, { ...params, trainable: all }, inputs());
  for (const [i, { loss }] of captured.steps.entries()) expect(loss).toBeCloseTo(eager.steps[i]?.['loss'] as number, 3);
});

test('without an adapter one is made fresh, the same for every run of a seed', async () => {
  const { adapter: _, ...bare } = inputs();
  const run = (seed: number) => runStage(finetune, { ...params, seed, steps: 1 }, bare);
  const [a, b, c] = [await run(0), await run(0), await run(1)];
  expect(bytes(a.output('model')).equals(bytes(b.output('model')))).toBe(true);
  expect(bytes(a.output('model')).equals(bytes(c.output('model')))).toBe(false);
});

test('counts conversations that were longer than maxTokens', async () => {
  const { log } = await runStage(finetune, { ...params, steps: 2, maxTokens: 45 }, inputs());
  expect(log.join('\n')).toMatch(/\d+ were longer than maxTokens and cut/);
});

test('says what is wrong with its inputs', async () => {
  const { output } = await runStage(features, { layer: -1 }, { encoder: tiny.encoder, data: tiny.data });
  expect(await codesOf(runStage(finetune, params, { ...inputs(), features: output('features') }))).toEqual([
    'layer-mismatch',
  ]);
  expect(
    await codesOf(runStage(finetune, { ...params, layer: -1 }, { ...inputs(), features: output('features') })),
  ).toEqual(['layer-mismatch']);
  expect(await codesOf(runStage(finetune, { ...params, trainable: ['projecter.*'] }, inputs()))).toEqual([
    'unknown-parameter',
  ]);
  expect(await codesOf(runStage(finetune, { ...params, learningRates: { 'tower.*': 1 } }, inputs()))).toEqual([
    'unknown-parameter',
  ]);
});
