import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { tensorFlowBackend } from '../../src/engine/binding.ts';
import { type Engine, openEngine } from '../../src/engine/open.ts';

let engine: Engine;

beforeAll(async () => {
  engine = await openEngine('node');
});

describe('the TensorFlow engine', () => {
  it('says what it is', () => {
    expect(engine.name).toBe('tensorflow');
    expect(engine.description).toMatch(/^tensorflow \d+\.\d+\.\d+ cpu (avx512|avx2|avx|sse41|x64|arm64)$/);
    expect(engine.gpu).toBe(false);
    expect(engine.threads).toBeGreaterThan(0);
    expect(engine.peakMemory()).toBeGreaterThan(100 * 2 ** 20);
  });

  it('is opened once, and does not become another', async () => {
    expect(await openEngine('node')).toBe(engine);
    await expect(openEngine('wasm')).rejects.toThrow('open as "node"');
  });

  it('gathers without reading the indices back, and still refuses one that is out of range', () => {
    const backend = tensorFlowBackend();
    if (backend === undefined) throw new Error('TensorFlow is not active');
    const [table, indices] = [
      tf.tensor2d([
        [1, 2],
        [3, 4],
      ]),
      tf.tensor1d([1, 0], 'int32'),
    ];
    const readSync = backend.readSync.bind(backend);
    let reads = 0;
    backend.readSync = (id) => {
      reads++;
      return readSync(id);
    };
    const rows = tf.gather(table, indices);
    expect(reads).toBe(0);
    expect(rows.arraySync()).toEqual([
      [3, 4],
      [1, 2],
    ]);
    backend.readSync = readSync;
    expect(() => tf.gather(table, tf.tensor1d([2], 'int32')).dataSync()).toThrow(/not in \[0, 2\)/);
  });
});
