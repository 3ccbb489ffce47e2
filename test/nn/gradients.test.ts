import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { beforeAll, expect, test } from 'vitest';
import { stream } from '../../src/data/random.ts';
import { openEngine } from '../../src/engine/open.ts';
import { activate, activateGated } from '../../src/nn/activation.ts';
import { attend, attendInBlocks, causalBlocks, causalMask } from '../../src/nn/attention.ts';
import { takeRows } from '../../src/nn/embedding.ts';
import { layerNorm, rmsNorm } from '../../src/nn/norm.ts';
import { rotate, rotation } from '../../src/nn/rope.ts';
import { planSplice, splice } from '../../src/nn/splice.ts';
import { contrastive, headCrossEntropy, weightedMean } from '../../src/train/losses.ts';

beforeAll(async () => void (await openEngine()));

type Op = (...inputs: tf.Tensor[]) => tf.Tensor;

function normal(name: string, shape: number[]): tf.Tensor {
  const random = stream(9, 'gradient', name);
  const size = shape.reduce((a, b) => a * b, 1);
  return tf.tensor(
    Float32Array.from({ length: size }, () => random.normal()),
    shape,
  );
}

/** Both forms give the same value, and the same gradients of a random mix of their outputs. */
function same(name: string, ours: Op, plain: Op, shapes: number[][]): void {
  tf.tidy(() => {
    const inputs = shapes.map((shape, i) => normal(`${name} ${i}`, shape));
    const mixed =
      (op: Op) =>
      (...x: tf.Tensor[]) => {
        const y = op(...x);
        return tf.sum(tf.mul(y, normal(`${name} mix`, y.shape))) as tf.Scalar;
      };
    const a = tf.valueAndGrads(mixed(ours))(inputs);
    const b = tf.valueAndGrads(mixed(plain))(inputs);
    close(`${name} value`, ours(...inputs), plain(...inputs));
    a.grads.forEach((gradient, i) => void close(`${name} gradient ${i}`, gradient, b.grads[i] as tf.Tensor));
  });
}

function close(name: string, a: tf.Tensor, b: tf.Tensor): void {
  expect(a.shape, name).toEqual(b.shape);
  const largest = Math.max(0.1, tf.max(tf.abs(b)).dataSync()[0] as number);
  const difference = tf.max(tf.abs(tf.sub(a, b))).dataSync()[0] as number;
  expect(difference / largest, `${name}: relative difference`).toBeLessThan(2e-5);
}

const sizes = (...limits: number[]) => fc.tuple(...limits.map((max) => fc.integer({ min: 1, max })));

test('RMSNorm and LayerNorm have the gradients of their plain forms', () => {
  fc.assert(
    fc.property(sizes(3, 4, 9), fc.boolean(), ([b, t, d], plusOne) => {
      const shape = [b as number, t as number, (d as number) + 3];
      const dim = [shape[2] as number];
      same(
        'rms',
        (x, w) => rmsNorm({ 'n.weight': w as tf.Tensor }, 'n', x as tf.Tensor, 1e-5, plusOne),
        (x, w) => {
          const hat = tf.div(x as tf.Tensor, tf.sqrt(tf.add(tf.mean(tf.square(x as tf.Tensor), -1, true), 1e-5)));
          return tf.mul(hat, plusOne ? tf.add(w as tf.Tensor, 1) : (w as tf.Tensor));
        },
        [shape, dim],
      );
      same(
        'layer',
        (x, w, bias) =>
          layerNorm({ 'n.weight': w as tf.Tensor, 'n.bias': bias as tf.Tensor }, 'n', x as tf.Tensor, 1e-5),
        (x, w, bias) => {
          const { mean, variance } = tf.moments(x as tf.Tensor, -1, true);
          const hat = tf.div(tf.sub(x as tf.Tensor, mean), tf.sqrt(tf.add(variance, 1e-5)));
          return tf.add(tf.mul(hat, w as tf.Tensor), bias as tf.Tensor);
        },
        [shape, dim, dim],
      );
    }),
    { numRuns: 8 },
  );
});

const PLAIN = {
  silu: (x: tf.Tensor) => tf.mul(x, tf.sigmoid(x)),
  quick_gelu: (x: tf.Tensor) => tf.mul(x, tf.sigmoid(tf.mul(x, 1.702))),
  gelu: (x: tf.Tensor) => tf.mul(tf.mul(x, 0.5), tf.add(tf.erf(tf.div(x, Math.SQRT2)), 1)),
  gelu_pytorch_tanh: (x: tf.Tensor) => {
    const inner = tf.mul(Math.sqrt(2 / Math.PI), tf.add(x, tf.mul(0.044715, tf.pow(x, 3))));
    return tf.mul(tf.mul(x, 0.5), tf.add(tf.tanh(inner), 1));
  },
  relu: (x: tf.Tensor) => tf.relu(x),
} as const;

test('activations, plain and gated, have the gradients of their textbook forms', () => {
  for (const [name, plain] of Object.entries(PLAIN) as [keyof typeof PLAIN, (x: tf.Tensor) => tf.Tensor][]) {
    same(
      name,
      (x) => activate(name, x as tf.Tensor),
      (x) => plain(x as tf.Tensor),
      [[5, 7]],
    );
    same(
      `gated ${name}`,
      (g, u) => activateGated(name, g as tf.Tensor, u as tf.Tensor),
      (g, u) => tf.mul(plain(g as tf.Tensor), u as tf.Tensor),
      [[5, 7], [5, 7]], // biome-ignore format: shapes
    );
  }
});

test('causal attention in blocks is attention under the whole mask', () => {
  fc.assert(
    fc.property(sizes(2, 2, 150), fc.option(fc.integer({ min: 1, max: 40 })), ([b, group, t], window) => {
      const [batch, length, dim] = [b as number, t as number, 4];
      const mask = causalMask(length, window ?? undefined);
      const blocks = causalBlocks(mask);
      expect(blocks.reduce((sum, { size }) => sum + size, 0)).toBe(length);
      same(
        'blocks',
        (q, k, v) => attendInBlocks(q as tf.Tensor, k as tf.Tensor, v as tf.Tensor, blocks),
        (q, k, v) => attend(q as tf.Tensor, k as tf.Tensor, v as tf.Tensor, mask),
        [[batch, group as number, length, dim], [batch, 1, length, dim], [batch, 1, length, dim]], // biome-ignore format: shapes
      );
      tf.dispose([mask, blocks.map((block) => block.mask)]);
    }),
    { numRuns: 12 },
  );
});

test('attention has the gradients of softmax and products, with grouped heads and a window', () => {
  fc.assert(
    fc.property(sizes(2, 2, 3, 6, 4), ([b, kv, group, t, half]) => {
      const [batch, keys, length, dim] = [b as number, kv as number, t as number, 2 * (half as number)];
      const heads = keys * (group as number);
      const mask = causalMask(length, 3);
      same(
        'attention',
        (q, k, v) => attend(q as tf.Tensor, k as tf.Tensor, v as tf.Tensor, mask),
        (q, k, v) => {
          const repeat = (x: tf.Tensor): tf.Tensor =>
            tf.reshape(tf.stack(new Array<tf.Tensor>(group as number).fill(x), 2), [batch, heads, length, dim]);
          const scores = tf.mul(
            tf.matMul(q as tf.Tensor4D, repeat(k as tf.Tensor) as tf.Tensor4D, false, true),
            dim ** -0.5,
          );
          return tf.matMul(tf.softmax(tf.add(scores, mask)), repeat(v as tf.Tensor) as tf.Tensor4D);
        },
        [[batch, heads, length, dim], [batch, keys, length, dim], [batch, keys, length, dim]], // biome-ignore format: shapes
      );
      mask.dispose();
    }),
    { numRuns: 10 },
  );
});

test('rotation has the gradient of its plain form and keeps lengths', () => {
  const positions = tf.tensor2d([[0, 1, 2, 5], [3, 4, 9, 100]]); // biome-ignore format: rows
  const turned = rotation(positions, 6, 10000);
  const both = (x: tf.Tensor): tf.Tensor => tf.concat([x, x], -1);
  const half = (x: tf.Tensor): tf.Tensor => {
    const [a, b] = tf.split(x, 2, -1) as [tf.Tensor, tf.Tensor];
    return tf.concat([tf.neg(b), a], -1);
  };
  const plain: Op = (x) =>
    tf.add(tf.mul(x as tf.Tensor, both(turned.cos)), tf.mul(half(x as tf.Tensor), both(turned.sin)));
  same('rope', (x) => rotate(x as tf.Tensor, turned), plain, [[2, 3, 4, 6]]);
  const x = normal('length', [2, 3, 4, 6]);
  close('length', tf.sum(tf.square(rotate(x, turned)), -1), tf.sum(tf.square(x), -1));
});

test('taking rows adds up the gradients of a row that is taken twice', () => {
  const index = tf.tensor2d([[0, 3, 3], [1, 0, 3]], undefined, 'int32'); // biome-ignore format: rows
  const plain: Op = (table) => {
    const hot = tf.cast(tf.oneHot(tf.reshape(index, [6]) as tf.Tensor1D, 5), 'float32') as tf.Tensor2D;
    return tf.reshape(tf.matMul(hot, table as tf.Tensor2D), [2, 3, 4]);
  };
  same('rows', (table) => takeRows(table as tf.Tensor, index), plain, [[5, 4]]);
});

test('cross-entropy through the head has the gradients of log-softmax, ignored rows included', () => {
  const labels = tf.tensor1d([4, -100, 0, 2, -100, 4, 1], 'int32');
  const weights = tf.tensor1d([1, 0, 4, 1, 0, 2, 0.5]);
  const plain: Op = (hidden, head) => {
    const log = tf.logSoftmax(tf.matMul(hidden as tf.Tensor2D, head as tf.Tensor2D, false, true));
    const hot = tf.cast(tf.oneHot(labels, 6), 'float32'); // no 1 for -100
    return weightedMean(tf.neg(tf.sum(tf.mul(log, hot), -1)), weights);
  };
  const ours: Op = (hidden, head) =>
    weightedMean(headCrossEntropy(hidden as tf.Tensor, head as tf.Tensor, labels), weights);
  same('cross-entropy', ours, plain, [[7, 3], [6, 3]]); // biome-ignore format: shapes
});

test('cross-entropy stays finite for logits far beyond the range of exp', () => {
  const hidden = tf.tensor2d([[300, -300], [-300, 300]]); // biome-ignore format: rows
  const head = tf.tensor2d([[1, 0], [0, 1]]); // biome-ignore format: rows
  const losses = headCrossEntropy(hidden, head, tf.tensor1d([0, 0], 'int32'));
  expect([...losses.dataSync()]).toEqual([0, 600]);
});

test('splicing has the gradients of a concatenation and a one-hot product', () => {
  const rows = [[1, 9, 9, 2], [9, 9, 3, 4], [5, 6, 7, 8]]; // biome-ignore format: rows
  const plan = planSplice(rows, 9, [1, 1, 1], 2);
  const tensors = {
    source: tf.tensor1d(plan.source, 'int32'),
    position: tf.tensor1d(plan.position, 'int32'),
    used: tf.tensor1d(plan.used),
  };
  const plain: Op = (words, visual) => {
    const all = tf.concat([tf.reshape(words as tf.Tensor, [12, 3]), tf.reshape(visual as tf.Tensor, [6, 3])], 0);
    const hot = tf.cast(tf.oneHot(tensors.source, 18), 'float32') as tf.Tensor2D;
    return tf.reshape(tf.matMul(hot, all as tf.Tensor2D), [3, 4, 3]);
  };
  same('splice', (words, visual) => splice(words as tf.Tensor, visual as tf.Tensor, tensors), plain, [[3, 4, 3], [3, 2, 3]]); // biome-ignore format: shapes
});

test('the contrastive loss has the gradients of two cross-entropies, and padding changes nothing', () => {
  const plain: Op = (s) => {
    const eye = tf.eye(5);
    const along = (x: tf.Tensor): tf.Tensor => tf.neg(tf.mean(tf.sum(tf.mul(tf.logSoftmax(x), eye), -1)));
    return tf.mul(tf.add(along(s as tf.Tensor), along(tf.transpose(s as tf.Tensor))), 0.5);
  };
  same('contrastive', (s) => contrastive(s as tf.Tensor), plain, [[5, 5]]);
  const kept = tf.tensor1d([1, 1, 1, 1, 1, 0, 0]);
  const padded: Op = (s) => contrastive(tf.pad(s as tf.Tensor2D, [[0, 2], [0, 2]], 7), kept); // biome-ignore format: shape
  same('padded', padded, plain, [[5, 5]]);
});
