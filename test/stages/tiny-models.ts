import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import sharp from 'sharp';
import { trainBytePairs } from '../../src/data/bpe.ts';
import { saveCheckpoint } from '../../src/data/checkpoint-write.ts';
import type { ClipConfig, DecoderConfig } from '../../src/data/config.ts';
import { writeLabels } from '../../src/data/labels.ts';
import { preprocessorJson } from '../../src/data/preprocess.ts';
import { stream } from '../../src/data/random.ts';
import { bytePairFiles, specialList, tokenizerOf, writeTokenizer } from '../../src/data/tokenizer-write.ts';
import { decoderShapes } from '../../src/nn/decoder.ts';
import { pairShapes } from '../../src/nn/pair.ts';
import type { Shapes, Weights } from '../../src/nn/weights.ts';
import { features } from '../../src/stages/features/kind.ts';
import { runStage, temporary } from './run-stage.ts';

/** Folders of a tiny world in which everything is random, but written by the real writers. */
export type TinyModels = Readonly<{
  root: string;
  languageModel: string;
  encoder: string;
  data: string;
  features: string;
  labels: string;
}>;

export const WORDS = ['red cat', 'dog', 'grass', 'blue', 'sea'] as const;
const TEXTS = [
  'a red cat on the grass',
  'a blue dog by the sea',
  'is there a cat?',
  'what colour is the dog?',
  'yes',
  'no',
];
const IMAGES = 6;

/** Normal weights whose sizes keep a random network lively; norms are near neutral. */
export function randomWeights(shapes: Shapes, deviation = 0.3): Weights {
  const entries = Object.entries(shapes).map(([name, shape]) => {
    const random = stream(5, 'weights', name);
    const size = shape.reduce((a, b) => a * b, 1);
    const centre = /norm.*weight$/.test(name) ? 1 : 0;
    return [
      name,
      tf.tensor(
        Float32Array.from({ length: size }, () => centre + deviation * random.normal()),
        [...shape],
      ),
    ];
  });
  return Object.fromEntries(entries);
}

async function writeLanguageModel(folder: string): Promise<void> {
  const special = { pad: '<pad>', bos: '<s>', eos: '</s>', unk: '<unk>', more: ['<|user|>', '<|assistant|>'] };
  const files = bytePairFiles(trainBytePairs(TEXTS, 130, specialList(special)), special, 256);
  const config: DecoderConfig = {
    family: 'gemma', vocab: tokenizerOf(files).vocabSize, hidden: 16, layers: 2, heads: 2, kvHeads: 1, headDim: 8, intermediate: 24,
    activation: 'gelu_pytorch_tanh', ropeTheta: 10000, rmsEps: 1e-6, tied: true, maxPositions: 256, bos: 1, eos: [2], pad: 0, dtype: 'float32',
  }; // biome-ignore format: a table of numbers
  await saveCheckpoint(folder, config, randomWeights(decoderShapes(config), 0.2));
  await writeTokenizer(folder, files);
}

async function writeEncoder(folder: string): Promise<void> {
  const tower = {
    hidden: 12,
    layers: 3,
    heads: 2,
    intermediate: 16,
    activation: 'quick_gelu',
    layerNormEps: 1e-5,
  } as const;
  const config: ClipConfig = {
    family: 'clip', projection: 8, dtype: 'float32',
    vision: { ...tower, family: 'clip', imageSize: 16, patchSize: 4, channels: 3, projection: 8 },
    text: { ...tower, family: 'clip', vocab: 20, positions: 8, projection: 8, bos: 0, eos: 19, pad: 1 },
  }; // biome-ignore format: a table of numbers
  await saveCheckpoint(folder, config, randomWeights(pairShapes(config)));
  writeFileSync(join(folder, 'preprocessor_config.json'), JSON.stringify(preprocessorJson('clip', 16)));
}

/** Six pictures, each with questions of different lengths; the last record has no picture when `textOnly`. */
export async function writeData(folder: string, { textOnly = false, prefix = 'picture' } = {}): Promise<void> {
  mkdirSync(join(folder, 'images'), { recursive: true });
  const records: object[] = [];
  for (let i = 0; i < IMAGES; i++) {
    const random = stream(9, 'picture', i);
    const pixels = Uint8Array.from({ length: 16 * 16 * 3 }, () => random.int(256));
    const image = `${prefix}-${i}.png`;
    await sharp(pixels, { raw: { width: 16, height: 16, channels: 3 } })
      .png()
      .toFile(join(folder, 'images', image));
    const turns = Array.from({ length: 1 + (i % 3) }, (_, t) => [
      { from: 'human', value: `${t === 0 ? '<image>\n' : ''}${random.pick(TEXTS)}` },
      { from: 'gpt', value: random.pick(TEXTS) },
    ]);
    records.push({ id: `r${i}`, image, conversations: turns.flat() });
  }
  const plain = [
    { from: 'human', value: 'is there a cat?' },
    { from: 'gpt', value: 'no' },
  ];
  if (textOnly) records.push({ id: 'text', conversations: plain });
  writeFileSync(join(folder, 'chat.json'), JSON.stringify(records));
}

/** Random labels: some patches have none, some fewer than `top`. */
export async function writeTinyLabels(folder: string, images: readonly string[], side = 4): Promise<void> {
  const [top, patches] = [3, side * side];
  const random = stream(4, 'labels');
  await writeLabels({
    folder,
    about: { words: WORDS, top, readout: 'projection', sign: 1, grid: [side, side], images },
    signal: new AbortController().signal,
    produce: async (_, count) => {
      const found = Int32Array.from({ length: count * patches }, () => random.int(top + 1));
      const at = (i: number): number => (i % top < (found[Math.floor(i / top)] as number) ? 1 : 0);
      const size = count * patches * top;
      return {
        words: Int32Array.from({ length: size }, (_, i) => (at(i) === 1 ? random.int(WORDS.length) : -1)),
        scores: Float32Array.from({ length: size }, (_, i) => at(i) * random.next()),
      };
    },
  });
}

export async function makeTinyModels(): Promise<TinyModels> {
  const root = temporary();
  const folder = (name: string): string => join(root, name);
  await writeLanguageModel(folder('languageModel'));
  await writeEncoder(folder('encoder'));
  await writeData(folder('data'));
  const input = { encoder: folder('encoder'), data: folder('data') };
  const { output } = await runStage(features, {}, input);
  await writeTinyLabels(
    folder('labels'),
    Array.from({ length: IMAGES }, (_, i) => `picture-${i}.png`),
  );
  return {
    root, languageModel: folder('languageModel'), data: folder('data'), encoder: folder('encoder'),
    features: output('features'), labels: folder('labels'),
  }; // biome-ignore format: a list of folders
}
