// The arithmetic of `extract-labels` (Eq. 4-6) on random features, image by image as the stage does it. Prints JSON.
import * as tf from '@tensorflow/tfjs-core';
import { openEngine } from '../../dist/engine/open.js';
import { nearestWords } from '../../dist/train/top-words.js';

const { images, patches, dim, words, top } = JSON.parse(process.argv[2]);
const engine = await openEngine();
const list = tf.tidy(() => {
  const drawn = tf.randomNormal([words, dim], 0, 1, 'float32', 1);
  return tf.div(drawn, tf.norm(drawn, 2, 1, true));
});
await list.data();
const label = async (seed) => {
  const dense = tf.randomNormal([patches, dim], 0, 1, 'float32', seed);
  await dense.data();
  const start = performance.now();
  await nearestWords(dense, list, -1, top);
  const seconds = (performance.now() - start) / 1000;
  dense.dispose();
  return seconds;
};
await label(2);
let seconds = 0;
for (let i = 0; i < images; i++) seconds += await label(3 + i);
process.stdout.write(
  `${JSON.stringify({ rate: (images * patches) / seconds, peak: engine.peakMemory() / 2 ** 20 })}\n`,
);
