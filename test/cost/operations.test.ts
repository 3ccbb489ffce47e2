import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, expect, test } from 'vitest';
import { operations } from '../../src/cost/pass.ts';
import type { Shape } from '../../src/cost/shape.ts';
import type { ClipConfig, DecoderConfig, EncoderConfig } from '../../src/data/config.ts';
import { openEngine } from '../../src/engine/open.ts';
import { decoderShapes, logitsOf } from '../../src/nn/decoder.ts';
import { llavaFeatures, visualTokens } from '../../src/nn/llava.ts';
import { pairShapes } from '../../src/nn/pair.ts';
import { projectorShapes } from '../../src/nn/projector.ts';
import { promptTensors, readPrompts } from '../../src/nn/prompts.ts';
import { densePatches } from '../../src/nn/readout.ts';
import { overScales, sightFeatures } from '../../src/nn/sight.ts';
import { textEmbeds } from '../../src/nn/text.ts';
import type { Weights } from '../../src/nn/weights.ts';
import { benchmarkCost } from '../../src/stages/benchmark/cost.ts';
import { labelsCost } from '../../src/stages/extract-labels/cost.ts';
import { featuresCost } from '../../src/stages/features/cost.ts';
import { finetuneCost } from '../../src/stages/finetune/cost.ts';
import { finetuneLoss } from '../../src/stages/finetune/objective.ts';
import { pretrainCost } from '../../src/stages/pretrain/cost.ts';
import { LOG_TEMPERATURE, pretrainLoss, TARGETS } from '../../src/stages/pretrain/objective.ts';
import { recallCost } from '../../src/stages/recall/cost.ts';
import { lossPass } from '../../src/stages/train-encoder/cost.ts';
import { encoderLoss } from '../../src/stages/train-encoder/objective.ts';
import { languageModelCost } from '../../src/stages/train-language-model/cost.ts';
import { languageLoss } from '../../src/stages/train-language-model/objective.ts';
import { adapterConfig } from '../../src/train/adapter.ts';
import { makeStep } from '../../src/train/step.ts';
import { patchScores } from '../../src/train/top-words.ts';
import { randomWeights } from '../nn/random-weights.ts';

beforeAll(async () => void (await openEngine()));

const decoder: DecoderConfig = {
  family: 'llama',
  vocab: 40,
  hidden: 16,
  layers: 2,
  heads: 4,
  kvHeads: 2,
  headDim: 4,
  intermediate: 24,
  activation: 'silu',
  ropeTheta: 10000,
  rmsEps: 1e-5,
  tied: false,
  maxPositions: 64,
  eos: [2],
  dtype: 'float32',
};
const block = { hidden: 12, layers: 3, heads: 3, intermediate: 20, activation: 'gelu', layerNormEps: 1e-5 } as const;
const clip: ClipConfig = {
  family: 'clip',
  vision: { ...block, family: 'clip', projection: 10, imageSize: 16, patchSize: 4, channels: 3 },
  text: { ...block, family: 'clip', layers: 2, vocab: 30, positions: 6, projection: 10, bos: 1, eos: 2, pad: 0 },
  projection: 10,
  dtype: 'float32',
};

/**
 * What the kernels of a real run multiply. Norms take their means as products with one column, which are no part of the
 * count: nothing that a model multiplies is one column wide here.
 */
async function counted(run: () => tf.Tensor | Readonly<Record<string, tf.Tensor>>): Promise<number> {
  const { kernels } = await tf.profile(() => tf.tidy(() => run()) as tf.TensorContainer);
  const names = new Set(kernels.map(({ name }) => name).filter((name) => /matmul|conv|einsum/i.test(name)));
  expect([...names].filter((name) => name !== 'BatchMatMul')).toEqual([]);
  return kernels.reduce((sum, { name, inputShapes, outputShapes }) => {
    const output = outputShapes[0] as readonly number[];
    if (name !== 'BatchMatMul' || output.at(-1) === 1) return sum;
    const [rows = 0] = output.slice(-2);
    const first = (inputShapes[0] as readonly number[]).slice(-2);
    const inner = ((first[0] as number) * (first[1] as number)) / rows;
    return sum + 2 * inner * output.reduce((a, b) => a * b, 1);
  }, 0);
}

const prefixed = (prefix: string, weights: Weights): Record<string, tf.Tensor> =>
  Object.fromEntries(Object.entries(weights).map(([name, tensor]) => [prefix + name, tensor]));

const ROWS = 2;
const VISUAL = 16;
const TEXT = 5; // tokens of a conversation besides the image
const TARGETS_EACH = 3;
const LONG = 70; // attended to in blocks

/** Two conversations of equal length, an image before the text. */
function conversation(): Record<string, tf.Tensor> {
  const length = VISUAL + TEXT;
  const read = [0, 1].map((row) => [1, 2, 3].map((from) => row * length + length - 1 - from));
  const targets = ROWS * TARGETS_EACH;
  const isText = (i: number): boolean => i % length >= VISUAL;
  const positions = Array.from({ length: ROWS * length }, (_, i) => i);
  return {
    ids: tf.fill([ROWS, length], 3, 'int32'),
    source: tf.tensor1d(
      positions.map((i) => (isText(i) ? i : ROWS * length + Math.floor(i / length) * VISUAL + (i % length))),
      'int32',
    ),
    position: tf.tensor1d(
      positions.filter((i) => !isText(i)),
      'int32',
    ),
    used: tf.ones([ROWS * VISUAL]),
    read: tf.tensor2d(read, [ROWS, TARGETS_EACH], 'int32'),
    at: tf.range(0, targets, 1, 'int32'),
    next: tf.fill([targets], 4, 'int32'),
    share: tf.fill([targets], 1 / targets),
  };
}

const shapes = {
  languageModel: { type: 'language-model', of: decoder },
  encoder: { type: 'encoder', of: clip },
  data: { type: 'dataset', of: { records: 2, images: 2, tokens: TEXT, targets: TARGETS_EACH, imageBytes: 1 } },
  features: { type: 'features', of: { images: 2, tokens: VISUAL, dim: clip.vision.hidden } },
} as const satisfies Record<string, Shape>;

const modelWeights = (): Record<string, tf.Tensor> => ({
  ...prefixed('language.', randomWeights(decoderShapes(decoder))),
  ...prefixed('projector.', randomWeights(projectorShapes(adapterConfig(clip.vision.hidden, decoder.hidden)))),
});

test.each([
  ['adapter and language model', ['projector.*', 'language.*']],
  ['the encoder too', ['projector.*', 'language.*', 'vision.*']],
  ['the language model alone', ['language.*']],
  ['the adapter alone', ['projector.*']],
] as const)('a fine-tuning step of %s multiplies what its price says', async (_, trainable) => {
  const sees = trainable.some((pattern) => pattern === 'vision.*');
  const weights = { ...modelWeights(), ...(sees ? prefixed('vision.', visionWeights()) : {}) };
  const batch = {
    ...conversation(),
    ...(sees
      ? { pixels: tf.randomNormal([ROWS, 3, 16, 16], 0, 1, 'float32', 3) }
      : { features: tf.randomNormal([ROWS, VISUAL, clip.vision.hidden], 0, 1, 'float32', 4) }),
  };
  const model = { vision: clip.vision, layer: -2, scales: [1], text: decoder };
  const step = makeStep({
    loss: (all, given) => finetuneLoss(all, given, model),
    trainable: Object.keys(weights).filter((name) =>
      trainable.some((pattern) => name.startsWith(pattern.slice(0, -1))),
    ),
    groups: [],
  });
  const found = await counted(() => step.gradient({ ...prefixed('weight/', weights), ...prefixed('batch/', batch) }));
  const params = {
    batchSize: ROWS,
    accumulate: 1,
    maxTokens: 64,
    trainable: [...trainable],
    layer: -2,
    scales: [1],
    steps: 1,
  };
  const priced = finetuneCost(
    params as unknown as Parameters<typeof finetuneCost>[0],
    sees ? { ...shapes, features: undefined } : shapes,
  );
  expect(found).toBe(priced.work?.flops);
});

function visionWeights(): Weights {
  const all = randomWeights(pairShapes(clip));
  return Object.fromEntries(Object.entries(all).filter(([name]) => name.startsWith('vision_model')));
}

test.each([0, 1])('a pre-training step with alignment weight %d multiplies what its price says', async (weight) => {
  const pairs = ROWS * 4; // windows of 2 x 2 in 4 x 4 patches
  const weights = {
    ...modelWeights(),
    [TARGETS]: tf.randomNormal([9, decoder.hidden], 0, 1, 'float32', 5),
    [LOG_TEMPERATURE]: tf.scalar(0),
  };
  const batch = {
    ...conversation(),
    features: tf.randomNormal([ROWS, VISUAL, clip.vision.hidden], 0, 1, 'float32', 6),
    rows: tf.range(0, pairs, 1, 'int32'),
    words: tf.range(0, pairs, 1, 'int32'),
    kept: tf.ones([pairs]),
  };
  const step = makeStep({
    loss: (all, given) => pretrainLoss(all, given, decoder, weight),
    trainable: Object.keys(weights).filter((name) => name.startsWith('projector.')),
    groups: [],
  });
  const found = await counted(() => step.gradient({ ...prefixed('weight/', weights), ...prefixed('batch/', batch) }));
  const params = {
    batchSize: ROWS,
    accumulate: 1,
    maxTokens: 64,
    steps: 1,
    align: { weight, window: 2, edge: 'keep', dedupe: true },
  };
  const priced = pretrainCost(params as unknown as Parameters<typeof pretrainCost>[0], shapes);
  expect(found).toBe(priced.work?.flops);
});

test('a step of a language model multiplies what its price says', async () => {
  const weights = randomWeights(decoderShapes(decoder));
  const batch = {
    ids: tf.fill([ROWS, LONG], 3, 'int32'),
    next: tf.fill([ROWS, LONG], 4, 'int32'),
    weights: tf.ones([ROWS, LONG]),
  };
  const step = makeStep({
    loss: (all, given) => ({ total: languageLoss(all, given, decoder) }),
    trainable: Object.keys(weights),
    groups: [],
  });
  const found = await counted(() => step.gradient({ ...prefixed('weight/', weights), ...prefixed('batch/', batch) }));
  const { vocab, ...architecture } = decoder;
  const params = { ...architecture, symbols: vocab, steps: 1, batchSize: ROWS, length: LONG };
  expect(found).toBe(languageModelCost(params as unknown as Parameters<typeof languageModelCost>[0]).work?.flops);
});

const siglip: EncoderConfig = {
  family: 'siglip',
  vision: { ...clip.vision, family: 'siglip', projection: 12 },
  text: { ...clip.text, family: 'siglip', projection: 12 },
  projection: 12,
  dtype: 'float32',
};

test.each([
  ['clip', clip],
  ['siglip', siglip],
] as const)('a step of a %s encoder multiplies what its price says', async (_, config) => {
  const losses = { global: 1, mean: 1, pooled: 1 };
  const scales = Object.fromEntries(
    ['global', 'mean', 'pooled'].flatMap((name) => [
      [`scale.${name}`, tf.scalar(1)],
      [`bias.${name}`, tf.scalar(0)],
    ]),
  );
  const weights = { ...randomWeights(pairShapes(config)), ...scales };
  const batch = {
    pixels: tf.randomNormal([3, 3, 16, 16], 0, 1, 'float32', 7),
    ids: tf.tensor2d(
      [
        [1, 5, 2, 0, 0, 0],
        [1, 6, 2, 0, 0, 0],
        [1, 7, 2, 0, 0, 0],
      ],
      [3, 6],
      'int32',
    ),
  };
  const step = makeStep({
    loss: (all, given) => ({
      total: encoderLoss(all, given['pixels'] as tf.Tensor, given['ids'] as tf.Tensor, config, losses).loss,
    }),
    trainable: Object.keys(weights),
    groups: [],
  });
  const found = await counted(() => step.gradient({ ...prefixed('weight/', weights), ...prefixed('batch/', batch) }));
  expect(found).toBe(operations(lossPass(config, 3, losses), { weights: true, input: true }));
});

test.each([[[1]], [[1, 2]]])('features at scales %j multiply what their price says', async (scales) => {
  const side = 16 * Math.max(...scales);
  const pixels = tf.randomNormal([2, 3, side, side], 0, 1, 'float32', 8);
  const weights = randomWeights(pairShapes(clip));
  const sight = { vision: clip.vision, layer: -2, scales };
  const tower = await counted(() => sightFeatures(weights, pixels, sight));
  const priced = featuresCost({ layer: -2, scales, batchSize: 2 } as Parameters<typeof featuresCost>[0], shapes);
  // several scales also resize pixels and pool grids by products, which belong to no model
  const blind = (tiles: tf.Tensor): tf.Tensor => tf.zeros([tiles.shape[0] as number, VISUAL, clip.vision.hidden]);
  const resizing = await counted(() => overScales(pixels, sight, blind));
  expect(tower - resizing).toBe(priced.work?.flops);
});

test.each(['projection', 'value', 'surgery'] as const)(
  'labels read out by %s multiply what their price says',
  async (readout) => {
    const weights = randomWeights(pairShapes(clip));
    const pixels = tf.randomNormal([2, 3, 16, 16], 0, 1, 'float32', 9);
    const ids = tf.tensor2d(
      Array.from({ length: 11 }, (_, i) => [1, 3 + i, 2, 0, 0, 0]),
      [11, 6],
      'int32',
    );
    const found = await counted(() => {
      const patches = tf.reshape(densePatches(weights, pixels, clip.vision, readout), [-1, clip.projection]);
      return patchScores(patches, textEmbeds(weights, ids, clip.text), 1);
    });
    const params = { top: 2, readout, prompts: ['{}'], scales: [1], batchSize: 2 };
    const words = { type: 'words', of: { words: 11 } } as const;
    const priced = labelsCost(params as unknown as Parameters<typeof labelsCost>[0], { ...shapes, words });
    expect(found).toBe(priced.work?.flops);
  },
);

/** A LLaVA model of the two. */
const llava = { type: 'model', of: { vision: clip.vision, layer: -2, scales: [1], text: decoder } } as const;

/** Its visual tokens of [B, 3, 16, 16] pixels. */
function tokensOf(pixels: tf.Tensor): tf.Tensor {
  const sizes = projectorShapes(adapterConfig(clip.vision.hidden, decoder.hidden));
  const weights = {
    ...prefixed('vision_tower.', visionWeights()),
    ...prefixed('multi_modal_projector.', randomWeights(sizes)),
  };
  const config = {
    vision: clip.vision,
    featureLayer: -2,
    featureSelect: 'default',
    projectorActivation: 'gelu',
  } as const;
  return visualTokens(weights, llavaFeatures(weights, pixels, config), config);
}

test.each(['after stage 1', 'after stage 2'])('recalled words %s multiply what their price says', async (when) => {
  const pixels = tf.randomNormal([2, 3, 16, 16], 0, 1, 'float32', 10);
  const words = tf.randomNormal([11, decoder.hidden], 0, 1, 'float32', 11);
  const found = await counted(() => {
    return patchScores(tf.reshape(tokensOf(pixels), [-1, decoder.hidden]), words, 1);
  });
  const adapter = { type: 'adapter', of: { input: clip.vision.hidden, output: decoder.hidden } } as const;
  const { encoder, languageModel, data } = shapes;
  const source = when === 'after stage 2' ? { model: llava } : { adapter, encoder, languageModel };
  const inputs = { ...source, data, words: { type: 'words', of: { words: 11 } } } as const;
  expect(found).toBe(recallCost({ top: 2, batchSize: 2 } as Parameters<typeof recallCost>[0], inputs).work?.flops);
});

test.each([
  [2, 'an image each'],
  [6, 'three for an image'],
])('%d questions, %s, multiply what their price says', async (questions) => {
  const language = randomWeights(decoderShapes(decoder));
  const pixels = tf.randomNormal([2, 3, 16, 16], 0, 1, 'float32', 12);
  const rowsOf = (rows: number, length: number) => ({
    embeds: tf.zeros([rows, length, decoder.hidden]),
    present: Array.from({ length: rows }, () => new Array<number>(length).fill(1)),
  });
  const own = questions === 2 ? VISUAL + TEXT : TEXT;
  const of = Array.from({ length: questions }, (_, i) => Math.floor(i / 3));
  const prefix = questions === 2 ? {} : { prefix: { ...rowsOf(2, VISUAL), of } };
  const ends = of.map(() => [own - 1]);
  const found = await counted(() => {
    const seen = tokensOf(pixels);
    const x = promptTensors({ ...rowsOf(questions, own), ...prefix }, ends, false);
    const { last } = readPrompts(language, x, decoder);
    return { seen, first: logitsOf(language, tf.reshape(last, [questions, decoder.hidden]), decoder) };
  });
  const asked = { questions, images: 2, tokens: TEXT, answerTokens: 1, imageBytes: 100 };
  const params = { batchSize: 32 } as Parameters<typeof benchmarkCost>[0];
  const priced = benchmarkCost(params, { model: llava, data: { type: 'benchmark', of: asked } });
  expect(found).toBe(priced.work?.flops);
});
