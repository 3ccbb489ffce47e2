import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import v8 from 'node:v8';
import vm from 'node:vm';
import * as tf from '@tensorflow/tfjs-core';
import { expect, test } from 'vitest';
import type { DecoderConfig } from '../../src/data/config.ts';
import { stream } from '../../src/data/random.ts';
import { tensorFlowBackend } from '../../src/engine/binding.ts';
import { capture } from '../../src/engine/capture.ts';
import { openEngine } from '../../src/engine/open.ts';
import { initialWeights } from '../../src/stages/train-language-model/architecture.ts';
import { languageLoss } from '../../src/stages/train-language-model/objective.ts';
import { train } from '../../src/train/loop.ts';

const config: DecoderConfig = {
  family: 'gemma', vocab: 200, hidden: 32, layers: 2, heads: 4, kvHeads: 1, headDim: 8, intermediate: 64,
  activation: 'gelu_pytorch_tanh', ropeTheta: 10000, rmsEps: 1e-6, tied: true, maxPositions: 64, eos: [2], dtype: 'float32',
}; // biome-ignore format: a table of numbers

v8.setFlagsFromString('--expose_gc');
const collect = vm.runInNewContext('gc') as () => void;

/** Tensors of both sides of the addon, and resident memory without what JavaScript could give back. */
function held() {
  collect();
  const native = tensorFlowBackend()?.binding.getNumOfTensors();
  return { tensors: tf.memory().numTensors, native, resident: process.memoryUsage.rss() };
}

/** Batches of two lengths, so that two graphs are at work. */
function batch(step: number) {
  const [rows, length] = [4, step % 2 === 0 ? 16 : 24];
  const random = stream(1, 'memory', step);
  const draw = () =>
    tf.tensor2d(
      Int32Array.from({ length: rows * length }, () => random.int(200)),
      [rows, length],
    );
  return { ids: draw(), next: draw(), weights: tf.ones([rows, length]) };
}

test('a thousand captured steps end with the tensors and, within 5 %, the resident memory of step 50', async () => {
  await openEngine('node');
  const weights = initialWeights(config, 1);
  const readings: ReturnType<typeof held>[] = [];
  const trained = await train({
    weights,
    spec: {
      loss: (all, x) => ({ total: languageLoss(all, x, config) }),
      trainable: Object.keys(weights),
      groups: [{ match: ['*'], optimiser: 'adamw', rate: 1e-3 }],
      clip: 1,
    },
    schedule: { kind: 'cosine', totalSteps: 1000, warmup: { steps: 10 } },
    batch,
    compile: capture,
    scratch: { folder: mkdtempSync(join(tmpdir(), 'memory-')) },
    report: ({ step }) => void ((step === 50 || step === 999) && readings.push(held())),
  });
  const [early, late] = readings as [ReturnType<typeof held>, ReturnType<typeof held>];
  expect([late.tensors, late.native]).toEqual([early.tensors, early.native]);
  const growth = late.resident / early.resident - 1;
  process.stdout.write(`resident memory from step 50 to 1000: ${(100 * growth).toFixed(2)} %\n`);
  expect(growth).toBeLessThan(0.05);
  tf.dispose([weights, trained]);
});
