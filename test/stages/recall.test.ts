import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, expect, test } from 'vitest';
import { loadWeights, readConfigOf } from '../../src/data/checkpoint.ts';
import { openLabels } from '../../src/data/labels.ts';
import { readPixels } from '../../src/data/pixels.ts';
import { readPreprocessor } from '../../src/data/preprocess.ts';
import { loadTokenizer } from '../../src/data/tokenizer.ts';
import { openEngine } from '../../src/engine/open.ts';
import { llavaFeatures, visualTokens } from '../../src/nn/llava.ts';
import { finetune } from '../../src/stages/finetune/kind.ts';
import { labelStatistics } from '../../src/stages/label-statistics/kind.ts';
import { pretrain } from '../../src/stages/pretrain/kind.ts';
import { recall } from '../../src/stages/recall/kind.ts';
import { writeDataset, writeLines } from './pictures.ts';
import { codesOf, runStage, temporary } from './run-stage.ts';
import { writeEncoder, writeModel } from './tiny-checkpoints.ts';
import { makeTinyModels, type TinyModels } from './tiny-models.ts';

const root = temporary();
const WORDS = ['boat', 'sea', 'red', 'fish', 'zeppelin', 'a red boat'];
const images = ['one.png', 'two.jpg', 'three.png'];
const model = join(root, 'model');
let data: string;
let words: string;
let tiny: TinyModels;

beforeAll(async () => {
  await openEngine();
  await writeModel(model);
  data = await writeDataset(
    join(root, 'data'),
    images.map((image) => ({ image, caption: 'a boat' })),
  );
  words = writeLines(join(root, 'words.txt'), WORDS);
  tiny = await makeTinyModels();
});

type Row = readonly number[];
const unit = (row: Row): number[] => row.map((value) => value / Math.hypot(...row));
const dot = (a: Row, b: Row): number => a.reduce((sum, value, i) => sum + value * (b[i] as number), 0);

/** Cosines [patch][word] of an image in plain JavaScript, from the visual tokens and embeddings of the whole model. */
async function cosinesOf(image: string): Promise<readonly Row[]> {
  const [config, weights] = [await readConfigOf(model, 'model'), await loadWeights(model)];
  const [tokenizer, how] = [await loadTokenizer(model), await readPreprocessor(model)];
  const pixels = await readPixels([join(data, 'images', image)], how, config.vision.imageSize);
  const seen = visualTokens(weights, llavaFeatures(weights, pixels, config), config).arraySync() as number[][][];
  const embedding = weights['language_model.model.embed_tokens.weight']?.arraySync() as number[][];
  const targets = WORDS.map((word) => {
    const rows = tokenizer.encode(word, { special: false }).map((id) => embedding[id] as Row);
    return unit((rows[0] as Row).map((_, d) => rows.reduce((sum, row) => sum + (row[d] as number), 0) / rows.length));
  });
  tf.dispose([weights, pixels]);
  return (seen[0] as number[][]).map((token) => targets.map((target) => dot(unit(token), target)));
}

async function labelsOf(folder: string) {
  const labels = await openLabels(folder);
  const rows = labels.manifest.images.map((_, i) => {
    const [found, scores] = [new Int32Array(labels.words.size), new Float32Array(labels.scores.size)];
    labels.words.readInto(found, 0, i);
    labels.scores.readInto(scores, 0, i);
    return { words: [...found], scores: [...scores] };
  });
  labels.close();
  return { manifest: labels.manifest, rows };
}

test('a visual token recalls the words whose mean token embedding has the highest cosine with it', async () => {
  const { output, metrics } = await runStage(recall, { top: 2 }, { model, data, words });
  const { manifest, rows } = await labelsOf(output('labels'));
  expect(manifest).toMatchObject({ words: WORDS, top: 2, sign: 1, grid: [4, 4], images });
  for (const [i, image] of images.entries()) {
    const expected = await cosinesOf(image);
    expected.forEach((cosines, patch) => {
      const ranked = cosines.map((score, word) => ({ score, word })).sort((a, b) => b.score - a.score);
      expect(rows[i]?.words.slice(2 * patch, 2 * patch + 2)).toEqual(ranked.slice(0, 2).map(({ word }) => word));
      expect(rows[i]?.scores[2 * patch]).toBeCloseTo(ranked[0]?.score as number, 3);
    });
  }
  expect(metrics['images']).toBe(3);
  expect(metrics['utilisation']).toBeGreaterThan(0);
});

test('after stage 1 adapter, encoder and language model recall what the model made of them does', async () => {
  const few = { steps: 1, batchSize: 2, projector: { standardise: true, gain: 0.5 } };
  const { languageModel, encoder } = tiny;
  const stage1 = await runStage(
    pretrain,
    { ...few, learningRate: 0.01 },
    { languageModel, data: tiny.data, features: tiny.features },
  );
  const adapter = stage1.output('adapter');
  // a stage 2 that moves nothing: the model is its three parts
  const stage2 = await runStage(
    finetune,
    { ...few, learningRate: 1e-12, trainable: ['projector.*'], conversation: 'short' },
    { languageModel, encoder, data: tiny.data, features: tiny.features, adapter },
  );
  const shared = { data: tiny.data, words: writeLines(join(root, 'few.txt'), ['red', 'cat', 'sea']) };
  const [before, after] = [
    await runStage(recall, { top: 1 }, { adapter, languageModel, encoder, ...shared }),
    await runStage(recall, { top: 1 }, { model: stage2.output('model'), ...shared }),
  ];
  const [one, two] = [await labelsOf(before.output('labels')), await labelsOf(after.output('labels'))];
  expect(one.rows.map((row) => row.words)).toEqual(two.rows.map((row) => row.words));
  expect(new Set(one.rows.flatMap((row) => row.words)).size).toBeGreaterThan(1);
});

test('a stage that was stopped goes on behind its last file and leaves the same bytes', async () => {
  const input = { model, data, words };
  const params = { top: 2, imagesPerShard: 1 };
  const whole = await runStage(recall, params, input);
  const scratch = join(root, 'stopped');
  await expect(runStage(recall, params, input, { scratch, stopAt: 2 })).rejects.toThrow('interrupted');
  expect(readdirSync(join(scratch, 'labels'))).toEqual(['labels-00000.safetensors', 'labels-00001.safetensors']);
  const resumed = await runStage(recall, params, input, { scratch });
  for (const file of readdirSync(whole.output('labels'))) {
    const [a, b] = [whole, resumed].map(({ output }) => readFileSync(join(output('labels'), file)));
    expect(a?.equals(b as Buffer)).toBe(true);
  }
});

test('label-statistics counts the recalled words that are right', async () => {
  const { output } = await runStage(recall, { top: 2 }, { model, data, words });
  const { manifest, rows } = await labelsOf(output('labels'));
  // on the first 4 patches of each picture the recalled word is the truth, on the others a word of no list
  const patches = rows.map((row) =>
    Array.from({ length: 16 }, (_, patch) =>
      patch < 4 ? [manifest.words[row.words[2 * patch] as number]] : ['no word'],
    ),
  );
  const lines = images.map((image, i) => JSON.stringify({ image, patches: patches[i], scene: { background: 'sea' } }));
  writeLines(join(root, 'truth', 'truth.jsonl'), lines);
  const input = { labels: output('labels'), truth: join(root, 'truth') };
  const { metrics } = await runStage(labelStatistics, {}, input);
  expect(metrics['truth.top1']).toBe(25);
});

test('a model connected twice, or in part, and too short a list of words are refused', async () => {
  const { languageModel, encoder } = tiny;
  expect(await codesOf(runStage(recall, {}, { model, encoder, data, words }))).toEqual(['one-model']);
  expect(await codesOf(runStage(recall, {}, { languageModel, encoder, data, words }))).toEqual(['one-model']);
  expect(await codesOf(runStage(recall, { top: 7 }, { model, data, words }))).toEqual(['too-few-words']);
});

test('an adapter that does not fit the encoder and the language model is refused', async () => {
  const { languageModel, encoder } = tiny;
  const stage1 = await runStage(
    pretrain,
    { steps: 1, batchSize: 2 },
    { languageModel, data: tiny.data, features: tiny.features },
  );
  const narrow = join(root, 'narrow');
  await writeEncoder(narrow, 'clip', ['a'], { hidden: 8 });
  const input = { adapter: stage1.output('adapter'), languageModel, data, words };
  expect(await codesOf(runStage(recall, { top: 1 }, { ...input, encoder: narrow }))).toEqual(['wrong-shape']);
  await expect(runStage(recall, { top: 1 }, { ...input, encoder })).resolves.toBeDefined();
});
