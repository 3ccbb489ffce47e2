import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { tensorFlowBackend } from '../../src/engine/binding.ts';
import { capture, captureMode, type TensorMap } from '../../src/engine/capture.ts';
import { openEngine } from '../../src/engine/open.ts';
import { expectClose, values } from './close.ts';
import { operations } from './operations.ts';
import { programs, runProgram } from './programs.ts';

beforeAll(async () => {
  await openEngine('node');
});

describe('a captured function', () => {
  it('gives what the eager function gives for every operation that models use', () => {
    for (const [name, operation] of Object.entries(operations)) {
      const inputs = operation.inputs();
      const eager = tf.tidy(() => ({ out: operation.run(inputs) }));
      const step = capture((x) => ({ out: operation.run(x) }), inputs);
      const captured = step.run(inputs);
      expect(step.mode).toBe('captured');
      try {
        expectClose(captured, eager);
      } catch (error) {
        throw new Error(`${name}: ${String(error)}`);
      }
      step.dispose();
      tf.dispose([inputs, eager, captured]);
    }
  });

  it('gives what the eager function gives for random programs, on inputs that it was not captured with', () => {
    fc.assert(
      fc.property(programs, (program) => {
        const example = { a: tf.fill([3, 4], 0.5), b: tf.fill([4], 0.25) };
        const inputs = { a: tf.tensor2d(program.a, [3, 4]), b: tf.tensor1d(program.b) };
        const step = capture((x) => runProgram(program.steps, x), example);
        const captured = step.run(inputs);
        const eager = tf.tidy(() => runProgram(program.steps, inputs));
        expectClose(captured, eager, 1e-4);
        step.dispose();
        tf.dispose([example, inputs, captured, eager]);
      }),
      { numRuns: 60, seed: 7 },
    );
  });

  it('leaves no tensor and no graph behind', () => {
    const inputs = { x: tf.ones([2, 3]), w: tf.ones([3, 2]) };
    const binding = tensorFlowBackend()?.binding;
    const native = () => [binding?.getNumOfTensors(), binding?.getNumOfSavedModels()];
    tf.dispose(tf.matMul(inputs.x, inputs.w)); // uploads the inputs
    const [before, nativeBefore] = [tf.memory().numTensors, native()];
    const step = capture(({ x, w }) => ({ y: tf.relu(tf.matMul(x as tf.Tensor2D, w as tf.Tensor2D)) }), inputs);
    expect(tf.memory().numTensors).toBe(before);
    for (let i = 0; i < 5; i++) tf.dispose(step.run(inputs));
    expect(tf.memory().numTensors).toBe(before);
    step.dispose();
    expect(native()).toEqual(nativeBefore);
    expect(() => step.run(inputs)).toThrow('disposed');
    tf.dispose(inputs);
  });

  it('refuses a step that reads in JavaScript what depends on its inputs, and names the operation', () => {
    const inputs = { x: tf.ones([2]) };
    const before = tf.memory().numTensors;
    expect(() =>
      capture(({ x }) => ({ y: tf.mul(x as tf.Tensor, tf.exp(x as tf.Tensor).dataSync()[0] ?? 0) }), inputs),
    ).toThrow('read the values of Exp');
    expect(() => capture(({ x }) => ({ y: tf.scalar((x as tf.Tensor).dataSync()[0] ?? 0) }), inputs)).toThrow(
      'an input',
    );
    expect(tf.memory().numTensors).toBe(before);
    expect(values({ x: tf.exp(tf.scalar(0)) })).toEqual({ x: [1] });
    tf.dispose(inputs);
  });

  it('refuses random operations and weights as constants', () => {
    const inputs = { x: tf.ones([2, 3]) };
    expect(() => capture(({ x }) => ({ y: tf.multinomial(x as tf.Tensor2D, 1, 3) }), inputs)).toThrow(
      'random numbers as inputs',
    );
    const weights = tf.zeros([17, 2 ** 20]);
    expect(() => capture(({ x }) => ({ y: tf.add(tf.sum(weights), x as tf.Tensor) }), inputs)).toThrow(
      'pass weights as inputs',
    );
    tf.dispose([inputs, weights]);
  });

  it('takes closed-over tensors as constants and hands inputs out as tensors of their own', () => {
    const offset = tf.tensor1d([10, 20]);
    const steps = tf.tensor1d([1, 2], 'int32');
    const inputs = { x: tf.tensor1d([1, 2]) };
    const step = capture(
      ({ x }) => ({ y: tf.add(x as tf.Tensor, tf.mul(offset, steps)), x: x as tf.Tensor, offset }),
      inputs,
    );
    const captured = step.run(inputs);
    expect(values(captured)).toEqual({ y: [11, 42], x: [1, 2], offset: [10, 20] });
    tf.dispose(captured);
    expect(values(inputs)).toEqual({ x: [1, 2] });
    step.dispose();
    tf.dispose([offset, steps, inputs]);
  });

  it('captures again for other shapes, up to a limit', () => {
    const step = capture(({ x }) => ({ y: tf.sum(x as tf.Tensor) }), { x: tf.ones([1]) });
    for (let size = 1; size <= 16; size++) {
      const y = step.run({ x: tf.ones([size]) });
      expect(values(y)).toEqual({ y: [size] });
    }
    expect(() => step.run({ x: tf.ones([17]) })).toThrow('more than 16 sets of shapes');
    expect(() => step.run({})).toThrow('without its input "x"');
    expect(() => step.run({ x: tf.ones([1]), z: tf.ones([1]) })).toThrow('"z" is no input');
    step.dispose();
  });

  it('lives beside others, each with graphs of its own, and takes only its own with it', () => {
    const native = () => tensorFlowBackend()?.binding.getNumOfSavedModels();
    const before = native() as number;
    const [x, long] = [tf.tensor1d([1, 2]), tf.tensor1d([1, 2, 3])];
    const steps = [2, 3, 4].map((factor) => capture(({ x }) => ({ y: tf.mul(x as tf.Tensor, factor) }), { x }));
    const run = (at: number, input: tf.Tensor) => values(steps[at]?.run({ x: input }) ?? {})['y'];
    expect([run(0, x), run(2, long), run(1, x), run(0, long), run(2, x)]).toEqual([
      [2, 4],
      [4, 8, 12],
      [3, 6],
      [2, 4, 6],
      [4, 8],
    ]);
    expect(native()).toBe(before + 5);
    steps[0]?.dispose();
    expect(native()).toBe(before + 3);
    expect([run(1, x), run(2, long)]).toEqual([
      [3, 6],
      [4, 8, 12],
    ]);
    for (const step of steps.slice(1)) step.dispose();
    expect(native()).toBe(before);
    tf.dispose([x, long]);
  });

  it('refuses to record the run of another captured function, whose outputs it would keep', () => {
    const x = tf.ones([2]);
    const inner = capture(({ x }) => ({ y: tf.exp(x as tf.Tensor) }), { x });
    expect(() => capture((inputs) => inner.run(inputs), { x })).toThrow('ran another captured function');
    inner.dispose();
    x.dispose();
  });

  it('refuses a SEA_CAPTURE that is neither on nor off', () => {
    process.env['SEA_CAPTURE'] = 'of';
    try {
      expect(captureMode).toThrow('SEA_CAPTURE is "of"');
      process.env['SEA_CAPTURE'] = 'off';
      expect(captureMode()).toBe('eager');
    } finally {
      delete process.env['SEA_CAPTURE'];
    }
    expect(captureMode()).toBe('captured');
  });

  it('is the eager function with SEA_CAPTURE=off, which also hands inputs out as tensors of their own', () => {
    process.env['SEA_CAPTURE'] = 'off';
    try {
      const inputs = { x: tf.ones([2]) };
      const before = tf.memory().numTensors;
      const step = capture(({ x }) => ({ x: x as tf.Tensor, y: tf.mul(x as tf.Tensor, 3), z: x as tf.Tensor }), inputs);
      expect(step.mode).toBe('eager');
      const out = step.run(inputs);
      expect(tf.memory().numTensors).toBe(before + 3);
      tf.dispose(out);
      expect(values(inputs)).toEqual({ x: [1, 1] });
      tf.dispose(inputs);
    } finally {
      delete process.env['SEA_CAPTURE'];
    }
  });
});

describe('a captured training step', () => {
  it('follows the eager one over ten steps', () => {
    const start = {
      w1: tf.randomNormal([6, 16], 0, 0.5, 'float32', 1),
      b1: tf.zeros([16]),
      w2: tf.randomNormal([16, 3], 0, 0.5, 'float32', 2),
      x: tf.randomNormal([32, 6], 0, 1, 'float32', 3),
      labels: tf.tensor1d(
        Array.from({ length: 32 }, (_, i) => i % 3),
        'int32',
      ),
      rate: tf.scalar(0.1),
    };
    const step = capture(mlpStep, start);
    let [eager, captured]: TensorMap[] = [start, start];
    const losses: number[] = [];
    for (let i = 0; i < 10; i++) {
      const outEager = tf.tidy(() => mlpStep(eager as TensorMap));
      const outCaptured = step.run(captured as TensorMap);
      expectClose(outCaptured, outEager, 1e-5);
      losses.push(outEager['loss']?.dataSync()[0] ?? Number.NaN);
      eager = { ...start, ...weightsOf(outEager) };
      captured = { ...start, ...weightsOf(outCaptured) };
    }
    expect(losses.at(-1)).toBeLessThan(losses[0] as number);
    step.dispose();
  });
});

function weightsOf({ w1, b1, w2 }: TensorMap): TensorMap {
  return { w1, b1, w2 } as TensorMap;
}

/** One SGD step of a two-layer network with cross-entropy: gather, one-hot, softmax and their gradients. */
function mlpStep({ w1, b1, w2, x, labels, rate }: TensorMap): TensorMap {
  const loss = (...weights: tf.Tensor[]) => {
    const [first, bias, second] = weights as [tf.Tensor2D, tf.Tensor1D, tf.Tensor2D];
    const hidden = tf.tanh(tf.add(tf.matMul(x as tf.Tensor2D, first), bias)) as tf.Tensor2D;
    const logits = tf.matMul(hidden, second);
    const wanted = tf.sum(tf.mul(logits, tf.oneHot(labels as tf.Tensor1D, 3)), -1);
    return tf.mean(tf.sub(tf.logSumExp(logits, -1), wanted)) as tf.Scalar;
  };
  const { value, grads } = tf.valueAndGrads(loss)([w1, b1, w2] as tf.Tensor[]);
  const update = (weight: tf.Tensor | undefined, index: number) =>
    tf.sub(weight as tf.Tensor, tf.mul(rate as tf.Tensor, grads[index] as tf.Tensor));
  return { w1: update(w1, 0), b1: update(b1, 1), w2: update(w2, 2), loss: value };
}
