import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { capture } from '../../src/engine/capture.ts';
import { type Engine, openEngine } from '../../src/engine/open.ts';
import { expectClose } from './close.ts';
import { operations } from './operations.ts';

let engine: Engine;

beforeAll(async () => {
  engine = await openEngine('wasm');
});

describe('the WebAssembly engine', () => {
  it('says what it is', () => {
    expect(tf.getBackend()).toBe('wasm');
    expect(engine).toMatchObject({ name: 'wasm', threads: 1, gpu: false });
    expect(engine.description).toMatch(/^wasm \d+\.\d+\.\d+$/);
  });

  it('gives what the reference backend gives for every operation that models use', async () => {
    const evaluate = async (name: string, backend: string) => {
      await tf.setBackend(backend);
      const out = tf.tidy(() => operations[name]?.run(operations[name]?.inputs() ?? {}) as tf.Tensor);
      const values = { out: tf.tensor(await out.data(), out.shape, out.dtype) };
      out.dispose();
      return values;
    };
    const different: string[] = [];
    for (const name of Object.keys(operations)) {
      try {
        const [wasm, reference] = [await evaluate(name, 'wasm'), await evaluate(name, 'cpu')];
        expectClose(wasm, reference, 1e-4);
        tf.dispose([wasm, reference]);
      } catch (error) {
        different.push(`${name}: ${String(error).split('\n')[0]}`);
      }
    }
    await tf.setBackend('wasm');
    expect(different).toEqual([]);
  });

  it('multiplies transposed matrices without leaving a tensor or their bytes behind', () => {
    const [a, b] = [tf.ones([64, 32]) as tf.Tensor2D, tf.ones([64, 16]) as tf.Tensor2D];
    tf.dispose(tf.matMul(a, b, true, false));
    const before = tf.memory();
    const backendBefore = tf.backend().numDataIds();
    for (let i = 0; i < 3; i++) tf.dispose(tf.matMul(a, b, true, false));
    expect(tf.memory().numTensors).toBe(before.numTensors);
    expect(tf.memory().numBytes).toBe(before.numBytes);
    expect(tf.backend().numDataIds()).toBe(backendBefore);
  });

  it('runs a captured function eagerly', () => {
    const step = capture(({ x }) => ({ y: tf.square(x as tf.Tensor) }), { x: tf.scalar(3) });
    expect(step.mode).toBe('eager');
    expect(step.run({ x: tf.scalar(4) })['y']?.dataSync()[0]).toBe(16);
  });
});
