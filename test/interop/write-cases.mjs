import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { loadAdapter } from '../../dist/data/adapter.js';
import { loadWeights, readConfig } from '../../dist/data/checkpoint.js';
import { adapterNames } from '../../dist/data/checkpoint-write.js';
import { readPixels } from '../../dist/data/pixels.js';
import { readPreprocessor } from '../../dist/data/preprocess.js';
import { writeSafetensors } from '../../dist/data/safetensors-write.js';
import { loadTokenizer, textTowerIds } from '../../dist/data/tokenizer.js';
import { openEngine } from '../../dist/engine/open.js';
import { decode, embedTokens, logitsOf } from '../../dist/nn/decoder.js';
import { textEmbeds } from '../../dist/nn/text.js';
import { imageEmbeds, patchTokens, visionHidden } from '../../dist/nn/vit.js';
import { weight } from '../../dist/nn/weights.js';
import { answerCase } from './answer-case.mjs';

const CAPTIONS = ['a red boat on the sea', 'two blue fish', 'a very large striped dog next to a tree', 'grass'];
const TEXTS = [
  'a red boat on the sea',
  'Is there a dog? yes.',
  '<|user|>what colour is the boat?<|assistant|>red</s>',
  'first line\nsecond line',
  '  two  spaces, 12 (numbers) & unknown: \u{1f41f} \u6d77',
];

/**
 * Writes what seagraph computes from each checkpoint that a stage left, and from which inputs, as folders of `cases`; the
 * checkpoint to compare with is what was exported of it. `stages`: [{ name, kind, made, exported, data, benchmarks }], paths;
 * `benchmarks` ([{ benchmark, prompt, choices, data }]) are what a model is asked instead of its `data`.
 */
export async function writeCases(cases, stages) {
  await openEngine();
  for (const { name, kind, made, exported, data, benchmarks } of stages) {
    const folder = join(cases, name);
    const { tensors, ...facts } = await makers[kind](made, { data, benchmarks }, join(folder, 'images'));
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, 'case.json'), JSON.stringify({ kind, checkpoint: exported, ...facts }));
    await writeSafetensors(join(folder, 'expected.safetensors'), Object.entries(tensors).map(toWrite), {});
    tf.dispose(tensors);
  }
}

const makers = {
  encoder: encoderCase,
  'language-model': languageCase,
  model: modelCase,
  adapter: adapterCase,
  narrowed: async (made) => ({ source: made, texts: [], tensors: {} }),
};

const toWrite = ([name, tensor]) => ({
  name,
  dtype: tensor.dtype === 'int32' ? 'I32' : 'F32',
  shape: tensor.shape,
  values: () => tensor.data(),
});

async function encoderCase(folder, { data }) {
  const images = join(data, 'images');
  const names = readdirSync(images).sort().slice(0, CAPTIONS.length);
  const pictures = names.map((name) => join(images, name));
  const { config, weights, tokenizer } = await open(folder);
  const pixels = await readPixels(pictures, await readPreprocessor(folder), config.vision.imageSize);
  const length = config.text.positions;
  const ids = textTowerIds(tokenizer, CAPTIONS, length);
  const hidden = visionHidden(weights, pixels, config.vision);
  const image = unit(imageEmbeds(weights, hidden.at(-1), config.vision));
  const text = unit(textEmbeds(weights, tf.tensor2d(ids, [CAPTIONS.length, length], 'int32'), config.text));
  const scaled = tf.mul(tf.matMul(image, text, false, true), tf.exp(weight(weights, 'logit_scale')));
  const logits = config.family === 'siglip' ? tf.add(scaled, weight(weights, 'logit_bias')) : scaled;
  return {
    texts: CAPTIONS.map((caption) => [caption, tokenizer.encode(caption)]),
    tensors: {
      input_ids: tf.tensor2d(ids, [CAPTIONS.length, length], 'int32'),
      pixel_values: pixels,
      image_embeds: image,
      text_embeds: text,
      logits_per_image: logits,
      second_last: patchTokens(hidden.at(-2), config.vision),
    },
  };
}

const unit = (x) => tf.div(x, tf.norm(x, 2, -1, true));

async function languageCase(folder) {
  const { config, weights, tokenizer } = await open(folder);
  const ids = tf.tensor2d([tokenizer.encode(TEXTS.join('\n'))], undefined, 'int32');
  const { last } = decode(weights, { embeds: embedTokens(weights, ids, config) }, config);
  return {
    texts: TEXTS.map((text) => [text, tokenizer.encode(text)]),
    tensors: { input_ids: ids, logits: logitsOf(weights, last, config) },
  };
}

async function modelCase(folder, sources, scratch) {
  const { questions, newTokens, tensors } = await answerCase(folder, sources, scratch);
  const text = '<|user|>what is it?';
  return { texts: [[text, (await loadTokenizer(folder)).encode(text)]], questions, newTokens, tensors };
}

/** Of an adapter's folder, or of a model. */
async function adapterCase(folder) {
  const isModel = existsSync(join(folder, 'model.safetensors'));
  const loaded = Object.entries(isModel ? await loadWeights(folder) : await loadAdapter(folder));
  const own = loaded.filter(([name]) => name in adapterNames).map(([name, tensor]) => [adapterNames[name], tensor]);
  return { texts: [], tensors: Object.fromEntries(own) };
}

async function open(folder) {
  return {
    config: await readConfig(folder),
    weights: await loadWeights(folder),
    tokenizer: await loadTokenizer(folder),
  };
}
