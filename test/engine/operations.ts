import * as tf from '@tensorflow/tfjs-core';
import type { TensorMap } from '../../src/engine/capture.ts';

type Operation = Readonly<{ inputs(): TensorMap; run(x: TensorMap): tf.Tensor }>;

const numbers = (shape: number[], seed = 1) => tf.randomNormal(shape, 0, 1, 'float32', seed);
const whole = (values: number[]) => tf.tensor1d(values, 'int32');

const one = (run: (x: tf.Tensor) => tf.Tensor, shape = [3, 4]): Operation => ({
  inputs: () => ({ x: numbers(shape) }),
  run: ({ x }) => run(x as tf.Tensor),
});

const two = (run: (x: tf.Tensor, y: tf.Tensor) => tf.Tensor, a = [3, 4], b = [3, 4]): Operation => ({
  inputs: () => ({ x: numbers(a, 1), y: numbers(b, 2) }),
  run: ({ x, y }) => run(x as tf.Tensor, y as tf.Tensor),
});

const gradient = (f: (x: tf.Tensor) => tf.Tensor, shape = [3, 4]): Operation => one((x) => tf.grad(f)(x), shape);

const images = [2, 6, 6, 3];

/** Every operation that a forward pass, a loss, an optimiser or their gradients may use, once. */
export const operations: Readonly<Record<string, Operation>> = {
  add: two(tf.add),
  sub: two(tf.sub, [3, 4], [4]),
  mul: two(tf.mul),
  div: two(tf.div),
  divNoNan: two(tf.divNoNan),
  maximum: two(tf.maximum),
  minimum: two(tf.minimum),
  squaredDifference: two(tf.squaredDifference),
  pow: two((x, y) => tf.pow(tf.abs(x), y)),
  floorDiv: two((x, y) => tf.floorDiv(tf.cast(tf.mul(x, 9), 'int32'), tf.cast(tf.add(tf.abs(y), 1), 'int32'))),
  mod: two(tf.mod),
  atan2: two(tf.atan2),
  abs: one(tf.abs),
  neg: one(tf.neg),
  exp: one(tf.exp),
  expm1: one(tf.expm1),
  log: one((x) => tf.log(tf.abs(x))),
  log1p: one((x) => tf.log1p(tf.abs(x))),
  sqrt: one((x) => tf.sqrt(tf.abs(x))),
  rsqrt: one((x) => tf.rsqrt(tf.abs(x))),
  square: one(tf.square),
  reciprocal: one(tf.reciprocal),
  sin: one(tf.sin),
  cos: one(tf.cos),
  tanh: one(tf.tanh),
  sigmoid: one(tf.sigmoid),
  softplus: one(tf.softplus),
  relu: one(tf.relu),
  leakyRelu: one((x) => tf.leakyRelu(x, 0.1)),
  elu: one(tf.elu),
  erf: one(tf.erf),
  sign: one(tf.sign),
  floor: one(tf.floor),
  round: one(tf.round),
  step: one((x) => tf.step(x)),
  isNaN: one((x) => tf.isNaN(tf.sqrt(x))),
  isFinite: one((x) => tf.isFinite(tf.div(x, 0))),
  clip: one((x) => tf.clipByValue(x, -0.5, 0.5)),
  softmax: one((x) => tf.softmax(x)),
  logSoftmax: one((x) => tf.logSoftmax(x)),
  logSumExp: one((x) => tf.logSumExp(x, -1)),
  sum: one((x) => tf.sum(x, 1)),
  sumAll: one((x) => tf.sum(x)),
  mean: one((x) => tf.mean(x, 0, true)),
  max: one((x) => tf.max(x, -1)),
  min: one((x) => tf.min(x)),
  prod: one((x) => tf.prod(x, 0)),
  all: one((x) => tf.all(tf.greater(x, 0))),
  any: one((x) => tf.any(tf.greater(x, 0), 1)),
  argMax: one((x) => tf.argMax(x, -1)),
  argMin: one((x) => tf.argMin(x, 0)),
  topkValues: one((x) => tf.topk(x, 2).values),
  topkIndices: one((x) => tf.topk(x, 2).indices),
  cumsum: one((x) => tf.cumsum(x, 1, true)),
  norm: one((x) => tf.norm(x, 2, 1)),
  equal: two(tf.equal),
  notEqual: two(tf.notEqual),
  less: two(tf.less),
  lessEqual: two(tf.lessEqual),
  greater: two(tf.greater),
  greaterEqual: two(tf.greaterEqual),
  logicalAnd: two((x, y) => tf.logicalAnd(tf.greater(x, 0), tf.greater(y, 0))),
  logicalOr: two((x, y) => tf.logicalOr(tf.greater(x, 0), tf.greater(y, 0))),
  logicalNot: one((x) => tf.logicalNot(tf.greater(x, 0))),
  where: two((x, y) => tf.where(tf.greater(x, 0), x, y)),
  cast: one((x) => tf.cast(tf.cast(x, 'int32'), 'float32')),
  matMul: two((x, y) => tf.matMul(x, y, false, true)),
  matMulTransposedA: two((x, y) => tf.matMul(x, y, true, false)),
  matMulTransposedBoth: two((x, y) => tf.matMul(x, y, true, true), [4, 3], [5, 4]),
  oneBatchMatMul: two((x, y) => tf.matMul(x, y, false, true), [1, 3, 4], [1, 5, 4]),
  batchMatMulTransposed: two((x, y) => tf.matMul(x, y, true, true), [2, 4, 3], [2, 5, 4]),
  batchMatMul: two((x, y) => tf.matMul(x, y), [2, 3, 4], [2, 4, 5]),
  dot: two((x, y) => tf.dot(x, y), [4], [4]),
  einsum: two((x, y) => tf.einsum('bik,bjk->bij', x, y), [2, 3, 4], [2, 5, 4]),
  outerProduct: two((x, y) => tf.outerProduct(x as tf.Tensor1D, y as tf.Tensor1D), [3], [4]),
  transpose: one((x) => tf.transpose(x, [2, 0, 1]), [2, 3, 4]),
  reshape: one((x) => tf.reshape(x, [2, -1])),
  expandDims: one((x) => tf.expandDims(x, 1)),
  squeeze: one((x) => tf.squeeze(x), [3, 1, 4]),
  concat: two((x, y) => tf.concat([x, y], 1)),
  stack: two((x, y) => tf.stack([x, y], 1)),
  unstack: one((x) => tf.unstack(x, 1)[2] as tf.Tensor),
  split: one((x) => (tf.split(x, [1, 3], 1) as tf.Tensor[])[1] as tf.Tensor),
  slice: one((x) => tf.slice(x, [1, 1], [2, 2])),
  stridedSlice: one((x) => tf.stridedSlice(x, [0, 0], [3, 4], [2, 3])),
  pad: one((x) =>
    tf.pad(
      x,
      [
        [1, 0],
        [0, 2],
      ],
      -1,
    ),
  ),
  mirrorPad: one((x) =>
    tf.mirrorPad(
      x,
      [
        [1, 1],
        [0, 2],
      ],
      'reflect',
    ),
  ),
  tile: one((x) => tf.tile(x, [2, 1])),
  broadcastTo: one((x) => tf.broadcastTo(x, [5, 4]), [1, 4]),
  reverse: one((x) => tf.reverse(x, 1)),
  fillLike: one((x) => tf.add(tf.onesLike(x), tf.zerosLike(x))),
  fill: one((x) => tf.mul(x, tf.fill([3, 4], 2))),
  range: one((x) => tf.mul(x, tf.range(0, 4, 1))),
  linspace: one((x) => tf.mul(x, tf.linspace(0, 1, 4))),
  lowerTriangle: one((x) => tf.linalg.bandPart(x, -1, 0), [4, 4]),
  gather: {
    inputs: () => ({ x: numbers([5, 3]), i: whole([4, 0, 4]) }),
    run: ({ x, i }) => tf.gather(x as tf.Tensor, i as tf.Tensor),
  },
  gatherBatched: {
    inputs: () => ({ x: numbers([2, 5, 3]), i: tf.tensor2d([4, 0, 1, 1], [2, 2], 'int32') }),
    run: ({ x, i }) => tf.gather(x as tf.Tensor, i as tf.Tensor, 1, 1),
  },
  gatherNd: {
    inputs: () => ({ x: numbers([5, 3]), i: tf.tensor2d([4, 0, 1, 2], [2, 2], 'int32') }),
    run: ({ x, i }) => tf.gatherND(x as tf.Tensor, i as tf.Tensor),
  },
  scatterNd: {
    inputs: () => ({ x: numbers([2, 3]), i: tf.tensor2d([4, 1], [2, 1], 'int32') }),
    run: ({ x, i }) => tf.scatterND(i as tf.Tensor, x as tf.Tensor, [5, 3]),
  },
  tensorScatterUpdate: {
    inputs: () => ({ t: numbers([5, 3]), x: numbers([2, 3], 2), i: tf.tensor2d([4, 1], [2, 1], 'int32') }),
    run: ({ t, x, i }) => tf.tensorScatterUpdate(t as tf.Tensor, i as tf.Tensor, x as tf.Tensor),
  },
  oneHot: { inputs: () => ({ i: whole([2, 0, 1]) }), run: ({ i }) => tf.oneHot(i as tf.Tensor, 4, 0.9, 0.1) },
  unsortedSegmentSum: {
    inputs: () => ({ x: numbers([4, 3]), i: whole([1, 0, 1, 2]) }),
    run: ({ x, i }) => tf.unsortedSegmentSum(x as tf.Tensor, i as tf.Tensor1D, 3),
  },
  fusedMatMul: two((x, y) =>
    tf.fused.matMul({ a: x as tf.Tensor2D, b: y as tf.Tensor2D, transposeB: true, activation: 'relu' }),
  ),
  conv2d: two((x, y) => tf.conv2d(x as tf.Tensor4D, y as tf.Tensor4D, 2, 'valid'), images, [2, 2, 3, 4]),
  avgPool: one((x) => tf.avgPool(x as tf.Tensor4D, 2, 2, 'valid'), images),
  maxPool: one((x) => tf.maxPool(x as tf.Tensor4D, 2, 2, 'same'), images),
  resizeBilinear: one((x) => tf.image.resizeBilinear(x as tf.Tensor4D, [4, 5]), images),
  gatherGradient: {
    inputs: () => ({ x: numbers([5, 3]), i: whole([4, 0, 4]) }),
    run: ({ x, i }) => tf.grad((table) => tf.square(tf.gather(table, i as tf.Tensor)))(x as tf.Tensor),
  },
  softmaxGradient: gradient((x) => tf.square(tf.softmax(x))),
  logSumExpGradient: gradient((x) => tf.logSumExp(x, -1)),
  layerNormGradient: gradient((x) => {
    const centred = tf.sub(x, tf.mean(x, -1, true));
    return tf.square(tf.mul(centred, tf.rsqrt(tf.add(tf.mean(tf.square(centred), -1, true), 1e-5))));
  }),
  erfGradient: gradient(tf.erf),
  reluGradient: gradient((x) => tf.square(tf.relu(x))),
  sliceConcatGradient: gradient((x) => tf.square(tf.concat([tf.slice(x, [0, 1], [3, 2]), x], 1))),
  transposeGradient: gradient((x) => tf.mul(tf.transpose(x), tf.range(0, 3, 1))),
  stackGradient: gradient((x) => tf.square(tf.stack([x, tf.neg(x)]))),
  maxGradient: gradient((x) => tf.max(tf.square(x), -1)),
  whereGradient: gradient((x) => tf.square(tf.where(tf.cast(tf.eye(3, 4), 'bool'), x, tf.mul(x, 2)))),
  tileGradient: gradient((x) => tf.square(tf.tile(x, [2, 2]))),
  sqrtGradient: gradient((x) => tf.sqrt(tf.add(tf.square(x), 1))),
  convFilterGradient: {
    inputs: () => ({ x: numbers(images), y: numbers([2, 2, 3, 4], 2) }),
    run: ({ x, y }) =>
      tf.grad((filter) => tf.square(tf.conv2d(x as tf.Tensor4D, filter as tf.Tensor4D, 2, 'same')))(y as tf.Tensor),
  },
  convInputGradient: {
    inputs: () => ({ x: numbers(images), y: numbers([2, 2, 3, 4], 2) }),
    run: ({ x, y }) =>
      tf.grad((image) => tf.square(tf.conv2d(image as tf.Tensor4D, y as tf.Tensor4D, 2, 'valid')))(x as tf.Tensor),
  },
};
