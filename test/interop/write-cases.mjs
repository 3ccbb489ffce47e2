import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { expandImages } from '../../dist/data/batch.js';
import { loadWeights, readConfig } from '../../dist/data/checkpoint.js';
import { encodePrompt } from '../../dist/data/conversation.js';
import { readPixels } from '../../dist/data/pixels.js';
import { readPreprocessor } from '../../dist/data/preprocess.js';
import { writeSafetensors } from '../../dist/data/safetensors-write.js';
import { loadTokenizer, textTowerIds } from '../../dist/data/tokenizer.js';
import { openEngine } from '../../dist/engine/open.js';
import { decode, embedTokens, logitsOf } from '../../dist/nn/decoder.js';
import { LLAVA_PARTS, llavaFeatures, visualTokens } from '../../dist/nn/llava.js';
import { planSplice, splice } from '../../dist/nn/splice.js';
import { textEmbeds } from '../../dist/nn/text.js';
import { imageEmbeds, patchTokens, visionHidden } from '../../dist/nn/vit.js';
import { weight, within } from '../../dist/nn/weights.js';

const CAPTIONS = ['a red boat on the sea', 'two blue fish', 'a very large striped dog next to a tree', 'grass'];
const TEXTS = [
  'a red boat on the sea',
  'Is there a dog? yes.',
  '<|user|>what colour is the boat?<|assistant|>red</s>',
  'first line\nsecond line',
  '  two  spaces, 12 (numbers) & unknown: \u{1f41f} \u6d77',
];

/** Writes what seagraph computes from each checkpoint, and from which inputs, as folders of `cases`. */
export async function writeCases(cases, outputs) {
  await openEngine();
  const images = join(outputs.captions, 'images');
  const pictures = readdirSync(images)
    .sort()
    .slice(0, CAPTIONS.length)
    .map((name) => join(images, name));
  for (const name of ['clip', 'siglip'])
    await write(cases, name, 'encoder', outputs[name], await encoderCase(outputs[name], pictures));
  for (const name of ['llama', 'llama3', 'gemma', 'phi3'])
    await write(cases, name, 'language-model', outputs[name], await languageCase(outputs[name]));
  for (const name of ['llava', 'llava-gemma', 'llava-siglip'])
    await write(cases, name, 'model', outputs[name], await modelCase(outputs[name], pictures));
}

async function encoderCase(folder, pictures) {
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

async function modelCase(folder, pictures) {
  const { config, weights, tokenizer } = await open(folder);
  const language = within(weights, LLAVA_PARTS.language);
  const pixels = await readPixels(pictures.slice(0, 1), await readPreprocessor(folder), config.vision.imageSize);
  const visual = visualTokens(weights, llavaFeatures(weights, pixels, config), config);
  const prompt = encodePrompt(tokenizer, 'short', [{ question: '<image>\nwhat colour is the boat?' }]);
  const example = { ids: prompt, labels: prompt, segments: prompt.map(() => 0) };
  const { ids } = expandImages(example, visual.shape[1], config.imageToken);
  const words = embedTokens(language, tf.tensor2d([ids], undefined, 'int32'), config.text);
  const plan = planSplice([ids], config.imageToken, [1], visual.shape[1]);
  const embeds = splice(words, visual, {
    source: tf.tensor1d(plan.source),
    position: tf.tensor1d(plan.position),
    used: tf.tensor1d(plan.used),
  });
  const { last } = decode(language, { embeds }, config.text);
  return {
    texts: [['<|user|>what is it?', tokenizer.encode('<|user|>what is it?')]],
    tensors: {
      input_ids: tf.tensor2d([ids], undefined, 'int32'),
      pixel_values: pixels,
      logits: logitsOf(language, last, config.text),
    },
  };
}

async function open(folder) {
  return {
    config: await readConfig(folder),
    weights: await loadWeights(folder),
    tokenizer: await loadTokenizer(folder),
  };
}

async function write(cases, name, kind, checkpoint, { tensors, texts }) {
  const folder = join(cases, name);
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'case.json'), JSON.stringify({ kind, checkpoint, texts }));
  const entries = Object.entries(tensors).map(([key, tensor]) => ({
    name: key,
    dtype: tensor.dtype === 'int32' ? 'I32' : 'F32',
    shape: tensor.shape,
    values: () => tensor.data(),
  }));
  await writeSafetensors(join(folder, 'expected.safetensors'), entries, {});
}
