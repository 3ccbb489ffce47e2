import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { trainBytePairs } from '../../src/data/bpe.ts';
import { saveCheckpoint } from '../../src/data/checkpoint-write.ts';
import type { DecoderConfig, EncoderConfig, LlavaConfig } from '../../src/data/config.ts';
import { preprocessorJson } from '../../src/data/preprocess.ts';
import {
  bytePairFiles,
  specialList,
  tokenizerOf,
  wordLevelFiles,
  writeTokenizer,
} from '../../src/data/tokenizer-write.ts';
import { decoderShapes } from '../../src/nn/decoder.ts';
import { llavaShapes } from '../../src/nn/llava.ts';
import { pairShapes } from '../../src/nn/pair.ts';
import type { Weights } from '../../src/nn/weights.ts';
import { randomWeights } from '../nn/random-weights.ts';

/** A CLIPModel or SiglipModel folder with random weights; both read 16 x 16 pixels in patches of 4. */
export async function writeEncoder(
  folder: string,
  family: 'clip' | 'siglip',
  words: readonly string[],
  vision: Partial<EncoderConfig['vision']> = {},
): Promise<EncoderConfig> {
  const special = { ...(family === 'clip' ? { bos: '<s>' } : {}), eos: '</s>', pad: '<pad>', unk: '<unk>' };
  const files = wordLevelFiles(words, special, 6);
  const tokenizer = tokenizerOf(files);
  const clip = family === 'clip';
  const projection = clip ? 8 : 12;
  const tower = { family, heads: 2, layers: 2, intermediate: 16, projection, layerNormEps: 1e-5 } as const;
  const activation = clip ? 'quick_gelu' : 'gelu_pytorch_tanh';
  const config = {
    family,
    projection,
    dtype: 'float32',
    vision: { ...tower, hidden: 12, activation, imageSize: 16, patchSize: 4, channels: 3, ...vision },
    text: {
      ...tower,
      hidden: 10,
      activation,
      vocab: tokenizer.vocabSize,
      positions: 6,
      bos: tokenizer.bos ?? 0,
      eos: tokenizer.eos ?? 0,
      pad: tokenizer.pad ?? 0,
    },
  } as EncoderConfig;
  await save(folder, config, randomWeights(pairShapes(config)));
  await writeTokenizer(folder, files);
  writePreprocessor(folder, config);
  return config;
}

const TEXTS = ['what is it?', 'a red boat on the sea', 'is there a blue fish?', 'yes', 'no', 'A B C D E', 'Answer:'];

function languageFiles() {
  const special = { pad: '<pad>', bos: '<s>', eos: '</s>', unk: '<unk>', more: ['<|user|>', '<|assistant|>'] };
  return bytePairFiles(trainBytePairs(TEXTS, 110, specialList(special)), special, 256);
}

export function decoderConfig(vocab: number, maxPositions = 96): DecoderConfig {
  return {
    family: 'llama',
    vocab,
    hidden: 16,
    layers: 2,
    heads: 2,
    kvHeads: 1,
    headDim: 8,
    intermediate: 24,
    activation: 'silu',
    ropeTheta: 10000,
    rmsEps: 1e-5,
    tied: false,
    maxPositions,
    bos: 1,
    eos: [2],
    pad: 0,
    dtype: 'float32',
  };
}

/** A Llama folder with random weights whose template is `short`. */
export async function writeLanguageModel(folder: string, maxPositions?: number): Promise<DecoderConfig> {
  const files = languageFiles();
  const config = decoderConfig(tokenizerOf(files).vocabSize, maxPositions);
  await save(folder, config, randomWeights(decoderShapes(config)), { conversation_template: 'short' });
  await writeTokenizer(folder, files);
  return config;
}

/** A LLaVA folder with random weights; images of 16 x 16 pixels are 16 visual tokens. */
export async function writeModel(folder: string, positions?: number): Promise<LlavaConfig> {
  const files = languageFiles();
  const vocab = tokenizerOf(files).vocabSize;
  const config: LlavaConfig = {
    family: 'llava',
    vision: {
      family: 'clip',
      hidden: 12,
      layers: 2,
      heads: 2,
      intermediate: 16,
      activation: 'quick_gelu',
      layerNormEps: 1e-5,
      imageSize: 16,
      patchSize: 4,
      channels: 3,
      projection: 8,
    },
    text: decoderConfig(vocab + 1, positions),
    imageToken: vocab,
    featureLayer: -2,
    featureSelect: 'default',
    projectorActivation: 'gelu',
    dtype: 'float32',
  };
  await save(folder, config, randomWeights(llavaShapes(config)), { conversation_template: 'short' });
  await writeTokenizer(folder, files);
  writePreprocessor(folder, config);
  return config;
}

async function save(
  folder: string,
  config: EncoderConfig | DecoderConfig | LlavaConfig,
  weights: Weights,
  extra: Readonly<Record<string, string>> = {},
): Promise<void> {
  mkdirSync(folder, { recursive: true });
  await saveCheckpoint(folder, config, weights, { extra });
  tf.dispose(weights);
}

function writePreprocessor(folder: string, { vision }: Pick<EncoderConfig | LlavaConfig, 'vision'>): void {
  const json = preprocessorJson(vision.family === 'siglip' ? 'siglip' : 'clip', vision.imageSize);
  writeFileSync(join(folder, 'preprocessor_config.json'), JSON.stringify(json));
}
