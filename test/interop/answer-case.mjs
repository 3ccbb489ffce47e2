import { mkdirSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import sharp from 'sharp';
import { imageBytes } from '../../dist/benchmarks/images.js';
import { benchmarkNamed } from '../../dist/benchmarks/list.js';
import { readDataset } from '../../dist/data/dataset.js';
import { readPixels } from '../../dist/data/pixels.js';
import { writeConversation } from '../../dist/data/template.js';
import { loadAsked } from '../../dist/model/asked.js';
import { decode, embedTokens, logitsOf } from '../../dist/nn/decoder.js';
import { makeGenerator } from '../../dist/nn/generate.js';
import { llavaFeatures, visualTokens } from '../../dist/nn/llava.js';
import { planSplice, splice } from '../../dist/nn/splice.js';
import { answer } from '../../dist/stages/benchmark/ask.js';
import { openGaze } from '../../dist/stages/benchmark/gaze.js';
import { promptsOf } from '../../dist/stages/benchmark/prompt.js';

const COUNT = 50;
const NEW_TOKENS = 16;
const BATCH = 10;
/** Asked of every image where the data has too few questions of its own. */
const MORE = ['what colour is the boat?', 'is there a dog?', 'where is this', 'describe the picture'];

/**
 * What a LLaVA model answers to 50 questions of benchmarks or about images of a dataset (some cut in `scratch`, so that they are not square), and its logits over each prompt: `questions` for
 * case.json, and tensors `ids_<i>` [T], `pixels_<i>` [3, H, W], `logits_<i>` [T, vocabulary].
 */
export async function answerCase(model, { data, benchmarks = [] }, scratch) {
  const asked = await loadAsked(model, 'model', undefined);
  const found = benchmarks.length === 0 ? await questionsOf(data) : await examined(benchmarks, scratch);
  const questions = await cutSome(found, scratch);
  const prompts = promptsOf(asked, questions, { maxNewTokens: NEW_TOKENS });
  const answers = await answerAll(asked, prompts);
  const tensors = {};
  for (const [i, { question, sequence }] of prompts.entries()) {
    const pixels = await readPixels([question.image.path], asked.eyes.how, asked.eyes.config.vision.imageSize);
    tensors[`ids_${i}`] = tf.tensor1d(sequence.ids, 'int32');
    tensors[`pixels_${i}`] = tf.squeeze(pixels, [0]);
    tensors[`logits_${i}`] = tf.tidy(() => promptLogits(asked, sequence.ids, pixels));
  }
  const text = (question) =>
    writeConversation(asked.template, [{ question: `<image>\n${question}` }])
      .map((piece) => piece.text)
      .join('');
  return {
    newTokens: NEW_TOKENS,
    questions: questions.map(({ image, text: question }, i) => {
      return { image: image.path, question, prompt: text(question), answer: answers[i] };
    }),
    tensors,
  };
}

/** Questions of the dataset spread over all of it, then more about the same images. */
async function questionsOf(data) {
  const records = (await readDataset(data)).filter(({ image }) => image !== undefined);
  const own = records.flatMap(({ image, turns }) => turns.map(({ question }) => ({ image, question })));
  const more = MORE.flatMap((question) => records.map(({ image }) => ({ image, question })));
  const all = [...own, ...more];
  const every = Math.max(1, Math.floor(own.length / COUNT));
  return Array.from({ length: COUNT }, (_, i) => all[i * every]).map(({ image, question }, i) => ({
    id: i,
    image: { name: image, path: join(data, 'images', image) },
    text: question.replaceAll('<image>', '').trim(),
    maxNewTokens: NEW_TOKENS,
  }));
}

/** As many questions of each benchmark, spread over all of it. */
async function examined(benchmarks, scratch) {
  mkdirSync(scratch, { recursive: true });
  const each = await Promise.all(
    benchmarks.map(async ({ benchmark, data, prompt = 'llava', choices = 'letter' }) => {
      const all = await benchmarkNamed(benchmark).questions(data, { prompt, choices });
      return all.filter(({ image, completion }) => image !== undefined && completion !== true);
    }),
  );
  const asked = each.filter(({ length }) => length > 0);
  return Promise.all(
    Array.from({ length: COUNT }, async (_, i) => {
      const own = asked[i % asked.length];
      const turn = Math.floor(i / asked.length);
      const { image, text } = own[Math.floor((turn * own.length * asked.length) / COUNT) % own.length];
      const path = image.path ?? join(scratch, `question-${i}.png`);
      if (image.path === undefined) writeFileSync(path, await imageBytes(image));
      return { id: i, image: { name: path, path }, text, maxNewTokens: NEW_TOKENS };
    }),
  );
}

/** Every third image narrower or lower than it was. */
async function cutSome(questions, scratch) {
  mkdirSync(scratch, { recursive: true });
  const cut = async ({ image, ...question }, i) => {
    const { width, height } = await sharp(image.path).metadata();
    const box = i % 2 === 0 ? { width, height: height - 17 } : { width: width - 22, height };
    const path = join(scratch, `${i}-${basename(image.path)}`);
    await sharp(image.path)
      .extract({ left: 0, top: 0, ...box })
      .png()
      .toFile(path);
    return { ...question, image: { name: path, path } };
  };
  return Promise.all(questions.map((question, i) => (i % 3 === 0 ? cut(question, i) : question)));
}

async function answerAll(asked, prompts) {
  const generator = makeGenerator(asked.decoder);
  const answers = [];
  const batches = Array.from({ length: Math.ceil(prompts.length / BATCH) }, (_, i) =>
    prompts.slice(i * BATCH, (i + 1) * BATCH),
  );
  const gaze = openGaze(
    asked.eyes,
    batches.map((batch) => batch.map(({ question }) => question.image)),
  );
  for (const [i, batch] of batches.entries()) answers.push(...(await answer(asked, generator, batch, gaze.at(i))));
  generator.dispose();
  gaze.dispose();
  return answers;
}

/** Logits [T, vocabulary] of a prompt in which the image is as long as its visual tokens. */
export function promptLogits({ language, decoder, weights, eyes: { config } }, ids, pixels) {
  const visual = visualTokens(weights, llavaFeatures(weights, pixels, config), config);
  const words = embedTokens(language, tf.tensor2d([ids], undefined, 'int32'), decoder);
  const plan = planSplice([ids], config.imageToken, [1], visual.shape[1]);
  const embeds = splice(words, visual, {
    source: tf.tensor1d(plan.source),
    position: tf.tensor1d(plan.position),
    used: tf.tensor1d(plan.used),
  });
  const { last } = decode(language, { embeds }, decoder);
  return tf.squeeze(logitsOf(language, last, decoder), [0]);
}
