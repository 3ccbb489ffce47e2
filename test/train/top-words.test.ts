import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, expect, test } from 'vitest';
import { openEngine } from '../../src/engine/open.ts';
import { patchScores, topWords } from '../../src/train/top-words.ts';

beforeAll(async () => void (await openEngine()), 120_000);

test('words of one direction are one score, however many there are, and come in the order of the list', () => {
  for (let count = 1; count <= 33; count++) {
    const order = tf.tidy(() => {
      const words = tf.tensor2d(Array.from({ length: count }, (_, i) => [0, 2 ** (i % 3), 0]));
      return topWords(patchScores(tf.tensor2d([[1, 2, 3]]), words, 1), count).words.dataSync();
    });
    expect([...order], `${count} words`).toEqual(Array.from({ length: count }, (_, i) => i));
  }
});
