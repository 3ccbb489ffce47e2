// One measurement of a model in this process: `write` a checkpoint, `load` it, `decode` with it, or `features` of images.
// Prints JSON. A loaded checkpoint counts as loaded when one token went through it: until then weights may lie in files.
import * as tf from '@tensorflow/tfjs-core';
import { loadWeights, readConfigOf } from '../../dist/data/checkpoint.js';
import { saveCheckpoint } from '../../dist/data/checkpoint-write.js';
import { capture } from '../../dist/engine/capture.js';
import { openEngine } from '../../dist/engine/open.js';
import { decode, decoderShapes, embedTokens, logitsOf } from '../../dist/nn/decoder.js';
import { makeGenerator } from '../../dist/nn/generate.js';
import { sightFeatures } from '../../dist/nn/sight.js';
import { towerShapes } from '../../dist/nn/vit.js';

const task = JSON.parse(process.argv[2]);
const engine = await openEngine();

/** Uniform numbers of standard deviation 0.02; norms at 1. @param {Record<string, readonly number[]>} shapes */
function randomWeights(shapes) {
  let state = 1;
  return Object.fromEntries(
    Object.entries(shapes).map(([name, shape]) => {
      const values = new Float32Array(shape.reduce((a, b) => a * b, 1));
      if (/norm.*weight$/.test(name)) values.fill(1);
      else
        for (let i = 0; i < values.length; i++) {
          state = (Math.imul(state, 1664525) + 1013904223) | 0;
          values[i] = (state / 2 ** 31) * 0.02 * Math.sqrt(3);
        }
      return [name, tf.tensor(values, [...shape])];
    }),
  );
}

async function open() {
  const config = await readConfigOf(task.folder, 'language-model');
  return { config, weights: await loadWeights(task.folder, { expect: decoderShapes(config) }) };
}

const measurements = {
  async write() {
    await saveCheckpoint(task.folder, task.config, randomWeights(decoderShapes(task.config)));
    return {};
  },
  async load() {
    const start = performance.now();
    const { config, weights } = await open();
    const first = tf.tidy(() => {
      const { last } = decode(
        weights,
        { embeds: embedTokens(weights, tf.tensor2d([[5]], [1, 1], 'int32'), config) },
        config,
      );
      return tf.argMax(logitsOf(weights, last, config), -1);
    });
    await first.data();
    return { rate: task.bytes / 1e6 / ((performance.now() - start) / 1000) };
  },
  async decode() {
    const { config, weights } = await open();
    const generator = makeGenerator(config, capture);
    const ask = (/** @type {number} */ maxNew) => {
      const embeds = tf.tidy(() =>
        embedTokens(weights, tf.tensor2d(task.prompt, [1, task.prompt.length], 'int32'), config),
      );
      const [ids] = generator.generate(weights, { embeds, present: [task.prompt.map(() => 1)] }, { maxNew, stop: [] });
      embeds.dispose();
      return ids;
    };
    ask(task.tokens); // compiles
    const start = performance.now();
    const ids = ask(task.tokens);
    return { rate: task.tokens / ((performance.now() - start) / 1000), ids };
  },
  async features() {
    const weights = randomWeights(towerShapes(task.vision));
    const sight = { vision: task.vision, layer: -2, scales: [1] };
    const { imageSize } = task.vision;
    const look = async (/** @type {number} */ images) => {
      const pixels = tf.randomUniform([images, 3, imageSize, imageSize], -2, 2, 'float32', 1);
      await pixels.data();
      const start = performance.now();
      const features = sightFeatures(weights, pixels, sight);
      await features.data();
      tf.dispose([pixels, features]);
      return (performance.now() - start) / 1000;
    };
    await look(1);
    return { rate: task.images / (await look(task.images)) };
  },
};

const figures = await measurements[/** @type {keyof typeof measurements} */ (task.what)]();
process.stdout.write(`${JSON.stringify({ ...figures, peak: engine.peakMemory() / 2 ** 20 })}\n`);
