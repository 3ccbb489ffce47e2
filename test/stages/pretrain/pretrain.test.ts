import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type * as tf from '@tensorflow/tfjs-core';
import { afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { loadAdapter } from '../../../src/data/adapter.ts';
import { openEngine } from '../../../src/engine/open.ts';
import { pretrain } from '../../../src/stages/pretrain/kind.ts';
import { codesOf, runStage } from '../run-stage.ts';
import { makeTinyModels, type TinyModels, writeData, writeTinyLabels } from '../tiny-models.ts';

let tiny: TinyModels;
beforeAll(async () => {
  await openEngine();
  tiny = await makeTinyModels();
});
// a few tiny steps are not worth a graph each; the tests that are about graphs capture
beforeEach(() => void vi.stubEnv('SEA_CAPTURE', 'off'));
afterEach(() => void vi.unstubAllEnvs());

const folder = (): string => mkdtempSync(join(tmpdir(), 'pretrain-'));
const inputs = () => ({
  languageModel: tiny.languageModel,
  data: tiny.data,
  features: tiny.features,
  labels: tiny.labels,
});
const params = { steps: 6, batchSize: 4, learningRate: 0.02, projector: { standardise: true, gain: 0.5 } };
const sea = { ...params, align: { weight: 1, temperature: { initial: 0.1 } } };
const bytes = (adapter: string): Buffer => readFileSync(join(adapter, 'mm_projector.safetensors'));

async function valuesOf(adapter: string): Promise<number[]> {
  const tensors = await loadAdapter(adapter);
  return Object.values(tensors).flatMap((tensor: tf.Tensor) => [...tensor.dataSync()]);
}

function largestDifference(a: readonly number[], b: readonly number[]): number {
  expect(a.length).toBe(b.length);
  return Math.max(...a.map((value, i) => Math.abs(value - (b[i] as number))));
}

test('writes an adapter in the naming of LLaVA, with what it was trained for', async () => {
  const { output, metrics, steps } = await runStage(pretrain, params, inputs());
  const tensors = await loadAdapter(output('adapter'));
  expect(Object.fromEntries(Object.entries(tensors).map(([name, { shape }]) => [name, shape]))).toEqual({
    'multi_modal_projector.linear_1.weight': [16, 12],
    'multi_modal_projector.linear_1.bias': [16],
    'multi_modal_projector.linear_2.weight': [16, 16],
    'multi_modal_projector.linear_2.bias': [16],
  });
  const config = JSON.parse(readFileSync(join(output('adapter'), 'config.json'), 'utf8'));
  expect(config).toMatchObject({
    mm_hidden_size: 12,
    hidden_size: 16,
    mm_vision_select_layer: -2,
    conversation_template: 'plain',
  });
  expect(metrics['loss']).toBeCloseTo(steps.at(-1)?.['loss'] as number, 6); // a fifth of 6 steps is the last one
  expect(metrics['lossCaption']).toBeLessThan(steps[0]?.['lossCaption'] as number);
});

test('the alignment loss pulls visual tokens to their words, and its pairs are drawn anew every step', async () => {
  const { steps, metrics } = await runStage(pretrain, { ...sea, steps: 30 }, inputs());
  const mean = (from: readonly (typeof metrics)[]) =>
    from.reduce((sum, { lossAlign }) => sum + (lossAlign as number), 0) / from.length;
  expect(mean(steps.slice(-8))).toBeLessThan(0.9 * mean(steps.slice(0, 4)));
  expect(new Set(steps.map(({ lossAlign }) => lossAlign)).size).toBe(30);
  for (const { pairs, temperature } of steps) {
    expect(pairs).toBeGreaterThan(1);
    expect(pairs).toBeLessThanOrEqual(5); // one patch a word
    expect(temperature).toBeGreaterThan(0);
  }
  expect(metrics['temperature']).not.toBeCloseTo(0.1, 4);
  const fixed = await runStage(
    pretrain,
    { ...sea, align: { weight: 1, temperature: { initial: 0.1, learnable: false } } },
    inputs(),
  );
  expect(fixed.metrics['temperature']).toBeCloseTo(0.1, 6);
});

test('labels of another encoder, with another grid, are paired with the features by position', async () => {
  const names = Array.from({ length: 6 }, (_, i) => `picture-${i}.png`);
  const [own, coarse] = [folder(), folder()];
  await writeTinyLabels(own, names, 4);
  await writeTinyLabels(coarse, names, 2);
  const same = await runStage(pretrain, sea, { ...inputs(), labels: own });
  const other = await runStage(pretrain, sea, { ...inputs(), labels: coarse });
  for (const { pairs } of other.steps) expect(pairs).toBeGreaterThan(1);
  expect(other.metrics['lossAlign']).not.toBeCloseTo(same.metrics['lossAlign'] as number, 4);
});

test('labels change nothing when the alignment weighs nothing', async () => {
  const { labels: _, ...unlabelled } = inputs();
  const [a, b] = [await runStage(pretrain, params, inputs()), await runStage(pretrain, params, unlabelled)];
  expect(bytes(a.output('adapter')).equals(bytes(b.output('adapter')))).toBe(true);
});

test('an interrupted training goes on to the same bytes and metrics', async () => {
  vi.stubEnv('SEA_CAPTURE', 'on');
  const whole = await runStage(pretrain, sea, inputs());
  const scratch = folder();
  await expect(runStage(pretrain, sea, inputs(), { scratch, stopAt: 5 })).rejects.toThrow('interrupted');
  const resumed = await runStage(pretrain, sea, inputs(), { scratch });
  expect(resumed.steps).toHaveLength(1);
  expect(bytes(resumed.output('adapter')).equals(bytes(whole.output('adapter')))).toBe(true);
  const { secondsPerStep: _a, ...before } = whole.metrics;
  const { secondsPerStep: _b, ...after } = resumed.metrics;
  expect(after).toEqual(before);
});

test('captured steps are the eager ones', async () => {
  vi.stubEnv('SEA_CAPTURE', 'on');
  const captured = await runStage(pretrain, sea, inputs());
  vi.stubEnv('SEA_CAPTURE', 'off');
  const eager = await runStage(pretrain, sea, inputs());
  expect(
    largestDifference(
      captured.steps.map(({ loss }) => loss as number),
      eager.steps.map(({ loss }) => loss as number),
    ),
  ).toBeLessThan(1e-4);
  expect(
    largestDifference(await valuesOf(captured.output('adapter')), await valuesOf(eager.output('adapter'))),
  ).toBeLessThan(1e-3);
});

test('micro-batches together give the mean over all targets of the batch', async () => {
  const whole = await runStage(pretrain, params, inputs());
  const split = await runStage(pretrain, { ...params, accumulate: 2 }, inputs());
  expect(
    largestDifference(
      whole.steps.map(({ loss }) => loss as number),
      split.steps.map(({ loss }) => loss as number),
    ),
  ).toBeLessThan(1e-4);
  expect(await codesOf(runStage(pretrain, { ...params, accumulate: 3 }, inputs()))).toEqual(['uneven-batch']);
});

test('says what is wrong with its inputs', async () => {
  const { labels: _, ...unlabelled } = inputs();
  expect(await codesOf(runStage(pretrain, sea, unlabelled))).toEqual(['labels-missing']);
  const wide = { ...sea, align: { ...sea.align, window: 99, edge: 'drop' as const } };
  expect(await codesOf(runStage(pretrain, wide, inputs()))).toEqual(['window-too-large']);
  const other = folder();
  await writeData(other, { prefix: 'other' });
  expect(await codesOf(runStage(pretrain, params, { ...inputs(), data: other }))).toEqual([
    'features-of-another-dataset',
  ]);
  const names = Array.from({ length: 6 }, (_, i) => `picture-${i}.png`);
  const few = folder();
  await writeTinyLabels(few, names.slice(0, 3));
  expect(await codesOf(runStage(pretrain, sea, { ...inputs(), labels: few }))).toEqual(['labels-of-another-dataset']);
  expect(await codesOf(runStage(pretrain, { ...params, maxTokens: 16 }, inputs()))).toEqual(['nothing-to-learn']);
});

test('a loss that is not a number stops the training and names the step', async () => {
  const wild = { ...params, learningRate: 1e30, clip: 1e30, steps: 20 };
  await expect(runStage(pretrain, wild, inputs())).rejects.toThrow(/^step \d+: .*(NaN|Infinity)/);
});
