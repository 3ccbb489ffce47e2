import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, expect, test } from 'vitest';
import { openEngine } from '../../src/engine/open.ts';
import { contrastive } from '../../src/train/losses.ts';

beforeAll(async () => void (await openEngine()));

test('no pair gives no loss, and its gradient nothing', () => {
  const none = tf.zeros([0, 0]);
  const kept = tf.zeros([0]);
  const { value, grad } = tf.valueAndGrad((x) => contrastive(x, kept) as tf.Scalar)(none);
  expect([value.arraySync(), grad.shape]).toEqual([0, [0, 0]]);
});
