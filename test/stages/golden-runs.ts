import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { writeFeatures } from '../../src/data/features.ts';
import { writeLabels } from '../../src/data/labels.ts';
import { stream } from '../../src/data/random.ts';
import { adapterConfig, freshAdapter } from '../../src/train/adapter.ts';
import { writeAdapter } from '../../src/train/adapter-file.ts';
import { writeOwnFolder } from './own-folder.ts';
import { writeDataset, writeLines } from './pictures.ts';
import { temporary } from './run-stage.ts';

type Run = Readonly<{ params: object; input?: Readonly<Record<string, string>> }>;

const root = temporary();
const at = (name: string): string => join(root, name);
const stored = (name: string): string => resolve('test/golden', name);
const [clip, siglip, llama, llava] = [
  stored('clip-tiny'),
  stored('siglip-tiny'),
  stored('llama-tiny'),
  stored('llava-tiny'),
];
const own = at('own');

const WORDS = ['boat', 'sea', 'red', 'fish', 'tree', 'grass'];
const IMAGES = ['one.png', 'two.png', 'three.png', 'four.png', 'five.png', 'six.png'];
const CAPTIONS = ['a red boat', 'the sea', 'a fish in the sea', 'a tree', 'red grass', 'a boat and a fish'];

/** Tiny inputs that depend on no stage, so that a change of one kind is not seen as a change of those that follow. */
export async function prepareInputs(): Promise<void> {
  await writeOwnFolder(own);
  await writeDataset(
    at('data'),
    IMAGES.map((image, i) => ({ image, caption: CAPTIONS[i] as string })),
  );
  writeLines(at('words.txt'), WORDS);
  writeCorpus();
  writeQuestions();
  await writeVisionFiles();
  await writeJudgedLabels();
  await writeStageOneAdapter();
}

function writeCorpus(): void {
  const dialogue = '<|user|>what is it?<|assistant|>a boat</s>';
  const documents = CAPTIONS.map((caption) => JSON.stringify({ text: `${caption}\n${dialogue}` }));
  writeLines(join(at('corpus'), 'train.jsonl'), documents);
  writeLines(join(at('corpus'), 'heldout.jsonl'), [JSON.stringify({ text: dialogue, family: 'naming' })]);
}

function writeQuestions(): void {
  const questions = IMAGES.slice(0, 3).map((image, i) => ({ question_id: i, image, text: 'what is it?' }));
  writeLines(
    join(at('questions'), 'questions.jsonl'),
    [...questions, { question_id: 9, text: 'is it?' }].map((line) => JSON.stringify(line)),
  );
  mkdirSync(join(at('questions'), 'images'));
  for (const image of IMAGES)
    writeFileSync(join(at('questions'), 'images', image), readFileSync(join(at('data'), 'images', image)));
}

/** Features and labels of the images as an encoder of 48 dimensions and 4 x 4 patches would have left them. */
async function writeVisionFiles(): Promise<void> {
  const { signal } = new AbortController();
  const random = stream(1, 'features');
  const normals = (count: number): Float32Array => Float32Array.from({ length: count }, () => random.normal());
  const shared = { images: IMAGES, grid: [4, 4], signal } as const;
  await writeFeatures({
    ...shared,
    folder: at('features'),
    tokens: 16,
    dim: 48,
    layer: -2,
    produce: async (_, count) => normals(count * 16 * 48),
  });
  await writeLabels({
    folder: at('labels'),
    about: { words: WORDS, top: 2, readout: 'surgery', sign: 1, grid: [4, 4], images: IMAGES },
    signal,
    produce: async (_, count) => ({
      words: Int32Array.from({ length: count * 32 }, (_, i) => (i % 5 === 4 ? -1 : random.int(WORDS.length))),
      scores: Float32Array.from({ length: count * 32 }, () => random.next()),
    }),
  });
}

/** Labels of six images with four patches each, the last word of each dropped, and a truth in which every image is a boat at sea. */
async function writeJudgedLabels(): Promise<void> {
  await writeLabels({
    folder: at('judged'),
    about: { words: WORDS, top: 2, readout: 'surgery', sign: 1, grid: [2, 2], images: IMAGES },
    signal: new AbortController().signal,
    produce: async (start, count) => ({
      words: Int32Array.from({ length: count * 8 }, (_, i) => (i % 8 === 7 ? -1 : (start + i) % 4)),
      // exact in any number format
      scores: Float32Array.from({ length: count * 8 }, (_, i) => 0.3125 - 0.0625 * (i % 8)),
    }),
  });
  const patches = [['sea'], ['sea'], ['sea', 'boat', 'red'], ['boat']];
  const truth = IMAGES.map((image) => JSON.stringify({ image, patches, scene: { background: 'sea' } }));
  writeLines(join(at('truth'), 'truth.jsonl'), truth);
}

/** An adapter from the stored encoder to the stored language model. */
async function writeStageOneAdapter(): Promise<void> {
  const sizes = adapterConfig(48, 64);
  const adapter = freshAdapter(1, sizes);
  await writeAdapter(at('adapter'), adapter, sizes, { layer: -2, conversation: 'plain', languageFamily: 'llama' });
  tf.dispose(adapter);
}

const tower = { hidden: 16, layers: 1, heads: 2, intermediate: 24 };
const smallEncoder = {
  steps: 8,
  batchSize: 4,
  imageSize: 16,
  patchSize: 8,
  vision: tower,
  text: { ...tower, positions: 8 },
  projection: 8,
  warmupSteps: 1,
};
const smallLanguage = {
  hidden: 16,
  layers: 1,
  heads: 2,
  intermediate: 24,
  symbols: 120,
  steps: 8,
  batchSize: 2,
  length: 32,
  warmupSteps: 1,
};
const pictures = { encoder: clip, data: at('data'), words: at('words.txt') };
const few = { steps: 8, batchSize: 2, learningRate: 0.01, projector: { standardise: true, gain: 0.5 } };
const stageOne = { languageModel: llama, data: at('data'), features: at('features'), labels: at('labels') };
const stageTwo = { languageModel: llama, encoder: clip, data: at('data'), features: at('features') };

/** For every kind a few runs that between them go through what its parameters switch on. */
export const goldenRuns: Readonly<Record<string, Readonly<Record<string, Run>>>> = {
  world: {
    pairs: { params: { make: 'pairs', images: 3, seed: 1 } },
    captions: { params: { make: 'captions', images: 3, seed: 1 } },
    instructions: { params: { make: 'instructions', images: 3, seed: 1 } },
    corpus: { params: { make: 'corpus', documents: 6, heldOut: 1, seed: 1 } },
    benchmarks: { params: { make: 'benchmarks', scale: 0.02, seed: 1 } },
  },
  dataset: { skip: { params: { chat: join(own, 'chat.json'), images: join(own, 'images'), onBadItem: 'skip' } } },
  words: { skip: { params: { file: join(own, 'words.txt'), onBadItem: 'skip' } } },
  'benchmark-files': { questions: { params: { benchmark: 'questions', path: at('questions') } } },
  'question-set': {
    skip: { params: { questions: join(own, 'questions.jsonl'), images: join(own, 'images'), onBadItem: 'skip' } },
  },
  checkpoint: {
    encoder: { params: { path: clip, type: 'encoder' } },
    'language model': { params: { path: llama, type: 'language-model' } },
  },
  'train-encoder': {
    clip: { params: { ...smallEncoder, family: 'clip' }, input: pictures },
    siglip: { params: { ...smallEncoder, family: 'siglip' }, input: pictures },
    'published loss alone': { params: { ...smallEncoder, losses: { mean: 0, pooled: 0 } }, input: pictures },
  },
  'train-language-model': {
    llama: { params: { ...smallLanguage, family: 'llama' }, input: { corpus: at('corpus') } },
    gemma: { params: { ...smallLanguage, family: 'gemma', kvHeads: 1 }, input: { corpus: at('corpus') } },
    phi3: { params: { ...smallLanguage, family: 'phi3' }, input: { corpus: at('corpus') } },
  },
  features: {
    clip: { params: {}, input: pictures },
    'siglip, last block': { params: { layer: -1 }, input: { ...pictures, encoder: siglip } },
  },
  'extract-labels': {
    surgery: { params: { top: 2 }, input: pictures },
    'value, negative': { params: { top: 2, readout: 'value', sign: 'negative', minScore: -1 }, input: pictures },
    'siglip, prompts': {
      params: { top: 2, readout: 'projection', sign: 'positive', prompts: ['a {word}', 'the {word}'] },
      input: { ...pictures, encoder: siglip },
    },
  },
  'label-statistics': {
    alone: { params: { listed: 2 }, input: { labels: at('judged') } },
    'with the truth': { params: {}, input: { labels: at('judged'), truth: at('truth') } },
  },
  pretrain: {
    plain: { params: few, input: stageOne },
    aligned: { params: { ...few, align: { weight: 1, temperature: { initial: 0.1 } } }, input: stageOne },
  },
  finetune: {
    'adapter and language model': { params: few, input: stageTwo },
    'all three': { params: { ...few, trainable: ['*'], accumulate: 2 }, input: stageTwo },
  },
  recall: {
    'after stage 2': { params: { top: 3 }, input: { model: llava, data: at('data'), words: at('words.txt') } },
    'after stage 1': {
      params: { top: 1 },
      input: { adapter: at('adapter'), languageModel: llama, ...pictures },
    },
  },
  benchmark: {
    questions: {
      params: { benchmark: 'questions', conversation: 'vicuna_v1', maxNewTokens: 5 },
      input: { model: llava, data: at('questions') },
    },
  },
  score: {
    vizwiz: {
      params: { benchmark: 'vizwiz' },
      input: { data: resolve('test/scoring/vizwiz'), answers: resolve('test/scoring/vizwiz/answers.jsonl') },
    },
  },
  command: { echo: { params: { run: 'echo sea > {output.out}', outputs: ['out'] } } },
};
