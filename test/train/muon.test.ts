import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, expect, test } from 'vitest';
import { stream } from '../../src/data/random.ts';
import { openEngine } from '../../src/engine/open.ts';
import { muonUpdate, orthogonalised } from '../../src/train/muon.ts';

beforeAll(async () => void (await openEngine()));

function normal(rows: number, columns: number): tf.Tensor2D {
  const random = stream(2, 'muon', rows, columns);
  return tf.tensor2d(
    Float32Array.from({ length: rows * columns }, () => random.normal()),
    [rows, columns],
  );
}

test('wide, tall and square matrices become nearly orthogonal on their smaller side', () => {
  for (const [rows, columns] of [
    [6, 20],
    [20, 6],
    [8, 12],
  ] as const) {
    // biome-ignore format: shapes
    const x = orthogonalised(normal(rows, columns)) as tf.Tensor2D;
    const square = rows <= columns ? tf.matMul(x, x, false, true) : tf.matMul(x, x, true, false);
    const side = Math.min(rows, columns);
    const values = square.dataSync();
    for (let i = 0; i < side; i++) {
      expect(values[i * side + i]).toBeGreaterThan(0.4);
      expect(values[i * side + i]).toBeLessThan(1.5);
    }
  }
});

test('the size of the gradient does not matter, its direction does', () => {
  const gradient = normal(5, 9);
  const apart = tf.max(tf.abs(tf.sub(orthogonalised(gradient), orthogonalised(tf.mul(gradient, 1000)))));
  expect(apart.dataSync()[0]).toBeLessThan(1e-3);
  const same = tf.sum(tf.mul(orthogonalised(gradient), gradient));
  expect(same.dataSync()[0]).toBeGreaterThan(0);
});

test('an update moves against the gradient, keeps momentum and decays the weight', () => {
  const weight = tf.ones([2, 8]);
  const gradient = normal(2, 8);
  const next = muonUpdate(
    { momentum: 0.9, weightDecay: 0.5 },
    { weight, gradient, m: tf.zeros([2, 8]) },
    tf.scalar(0.1),
  );
  const decayed = tf.mul(weight, 0.95);
  expect(tf.sum(tf.mul(tf.sub(next.weight, decayed), gradient)).dataSync()[0]).toBeLessThan(0);
  expect([...next.m.dataSync()]).toEqual([...gradient.dataSync()]);
});
