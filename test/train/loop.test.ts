import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, expect, test } from 'vitest';
import type { DecoderConfig } from '../../src/data/config.ts';
import { stream } from '../../src/data/random.ts';
import { capture } from '../../src/engine/capture.ts';
import { openEngine } from '../../src/engine/open.ts';
import type { TensorMap } from '../../src/nn/compile.ts';
import { decode, decoderShapes, embedTokens, headMatrix } from '../../src/nn/decoder.ts';
import type { Weights } from '../../src/nn/weights.ts';
import { ProblemError } from '../../src/problem.ts';
import { type StepReport, type Training, train } from '../../src/train/loop.ts';
import { counted, headCrossEntropy, weightedMean } from '../../src/train/losses.ts';
import type { StepSpec } from '../../src/train/step.ts';

beforeAll(async () => void (await openEngine()));

const config: DecoderConfig = {
  family: 'llama', vocab: 20, hidden: 8, layers: 1, heads: 2, kvHeads: 1, headDim: 4, intermediate: 12, activation: 'silu',
  ropeTheta: 10000, rmsEps: 1e-5, tied: false, maxPositions: 64, eos: [2], dtype: 'float32',
}; // biome-ignore format: a table of numbers

const folder = (): string => mkdtempSync(join(tmpdir(), 'loop-'));

function freshWeights(): Weights {
  return Object.fromEntries(
    Object.entries(decoderShapes(config)).map(([name, shape]) => {
      const random = stream(1, 'init', name);
      const size = shape.reduce((a, b) => a * b, 1);
      const values = Float32Array.from({ length: size }, () => (shape.length === 1 ? 1 : 0.3 * random.normal()));
      return [name, tf.tensor(values, [...shape])];
    }),
  );
}

const spec: StepSpec = {
  loss: (weights, { ids, labels }) => {
    const { last } = decode(weights, { embeds: embedTokens(weights, ids as tf.Tensor, config) }, config);
    const rows = tf.reshape(last, [-1, config.hidden]);
    const losses = headCrossEntropy(rows, headMatrix(weights, config), labels as tf.Tensor);
    const mean = weightedMean(losses, counted(labels as tf.Tensor));
    return { total: mean, parts: { text: mean } };
  },
  trainable: Object.keys(decoderShapes(config)),
  groups: [{ match: ['*'], optimiser: 'adamw', rate: 0.01 }],
  clip: 1,
};

function batch(step: number, micro: number): TensorMap {
  const random = stream(3, 'batch', step, micro);
  const ids = Int32Array.from({ length: 3 * 6 }, () => random.int(config.vocab));
  return {
    ids: tf.tensor2d(ids, [3, 6]),
    labels: tf.tensor1d(
      ids.map((id) => (id + 1) % config.vocab),
      'int32',
    ),
  };
}

type Recorded = Readonly<{ weights: Weights; reports: StepReport[] }>;

async function run(weights: Weights, changes: Partial<Training> = {}): Promise<Recorded> {
  const reports: StepReport[] = [];
  const trained = await train({
    weights,
    spec,
    schedule: { kind: 'cosine', totalSteps: 8, warmup: { ratio: 0.03 } },
    batch,
    compile: capture,
    scratch: { folder: folder() },
    report: (report) => void reports.push(report),
    ...changes,
  });
  return { weights: trained, reports };
}

const bytes = (weights: Weights): string[] =>
  Object.entries(weights).map(
    ([name, tensor]) => `${name} ${Buffer.from(tensor.dataSync().buffer).toString('base64')}`,
  );

test('training lowers the loss and logs every step', async () => {
  const weights = freshWeights();
  const { reports } = await run(weights, { schedule: { kind: 'cosine', totalSteps: 30, warmup: { steps: 2 } } });
  expect(reports.map(({ step }) => step)).toEqual(Array.from({ length: 30 }, (_, i) => i));
  expect(reports[0]?.rate).toBe(0);
  expect(reports.at(-1)?.losses['total']).toBeLessThan((reports[0]?.losses['total'] as number) - 0.3);
  expect(reports[5]?.losses['text']).toBe(reports[5]?.losses['total']);
});

test('a run that is stopped and resumed ends with the same bytes as an undisturbed one', async () => {
  for (const accumulation of [1, 2]) {
    const weights = freshWeights();
    const own = { spec: { ...spec, accumulation } };
    const undisturbed = await run(weights, own);
    const scratch = { folder: folder() };
    const stop = new AbortController();
    const first: StepReport[] = [];
    const report = (r: StepReport): void => {
      first.push(r);
      if (r.step === 3) stop.abort(new Error('stopped by the test'));
    };
    await expect(run(weights, { ...own, scratch, signal: stop.signal, report })).rejects.toThrow('stopped by the test');
    const resumed = await run(weights, { ...own, scratch });
    expect(resumed.reports.map(({ step }) => step)).toEqual([4, 5, 6, 7]);
    expect([...first, ...resumed.reports]).toEqual(undisturbed.reports);
    expect(bytes(resumed.weights)).toEqual(bytes(undisturbed.weights));
  }
});

test('a captured run and an eager one agree within float noise', async () => {
  const weights = freshWeights();
  const captured = await run(weights);
  process.env['SEA_CAPTURE'] = 'off';
  const plain = await run(weights).finally(() => delete process.env['SEA_CAPTURE']);
  captured.reports.forEach(({ losses }, i) => {
    expect(losses['total']).toBeCloseTo(plain.reports[i]?.losses['total'] as number, 4);
  });
});

test('a loss that is not a number stops with the step named and keeps the state from before it', async () => {
  const weights = freshWeights();
  const scratch = { folder: folder(), everySteps: 1 };
  const poisoned = (step: number, micro: number): TensorMap => ({
    ...batch(step, micro),
    poison: tf.scalar(step === 5 ? Number.NaN : 0),
  });
  const poisonable: StepSpec = {
    ...spec,
    loss: (own, { poison, ...rest }) => {
      const { total } = spec.loss(own, rest);
      return { total: tf.add(total, poison as tf.Tensor) };
    },
  };
  const failing = run(weights, { spec: poisonable, batch: poisoned, scratch });
  await expect(failing).rejects.toThrow(ProblemError);
  await expect(failing).rejects.toThrow(/step 5: total is NaN/);
  const resumed = await run(weights, { scratch });
  expect(resumed.reports.map(({ step }) => step)).toEqual([5, 6, 7]);
});

test('frozen weights stay as they are and the trained ones change', async () => {
  const weights = freshWeights();
  const before = bytes(weights);
  const trainable = ['model.norm.weight', 'lm_head.weight'];
  const { weights: trained } = await run(weights, { spec: { ...spec, trainable } });
  expect(bytes(weights)).toEqual(before);
  for (const name of Object.keys(weights)) {
    const same = Buffer.from((trained[name] as tf.Tensor).dataSync().buffer).equals(
      Buffer.from((weights[name] as tf.Tensor).dataSync().buffer),
    );
    expect(same, name).toBe(!trainable.includes(name));
  }
});

test('training leaves no tensor behind but the trained weights', async () => {
  for (const mode of ['captured', 'off']) {
    for (const accumulation of [1, 3]) {
      if (mode === 'off') process.env['SEA_CAPTURE'] = 'off';
      const weights = freshWeights();
      const before = tf.memory().numTensors;
      const { weights: trained } = await run(weights, { spec: { ...spec, accumulation } });
      expect(tf.memory().numTensors).toBe(before + Object.keys(trained).length);
      delete process.env['SEA_CAPTURE'];
    }
  }
});
