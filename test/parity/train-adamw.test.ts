import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, expect, test } from 'vitest';
import { openEngine } from '../../src/engine/open.ts';
import { multiply } from '../../src/nn/linear.ts';
import { weight } from '../../src/nn/weights.ts';
import { rateAt, type Schedule, warmupSteps } from '../../src/train/schedule.ts';
import { freshState, makeStep, type StepSpec, scalarsAt } from '../../src/train/step.ts';
import { compare, printWorstAtEnd } from './bound.ts';
import { asTensor, type Case, describeFolders, expected, foldersWith, type Golden, openGolden } from './golden.ts';

printWorstAtEnd();
beforeAll(async () => void (await openEngine()));

type Settings = Readonly<{
  lr: number;
  weight_decay: number;
  total_steps: number;
  warmup_ratio: number;
  steps: number;
  accumulation: number;
  max_norm: number;
  betas: [number, number];
  eps: number;
  warmup_steps: number;
  inputs: Record<'x' | 'y' | 'w0' | 'b0', string>;
  outputs: Record<string, string>;
}>;

/** tanh regression: mean((3 tanh(x Wᵀ + b) - y)^2), as the fixtures' README describes it. */
function specOf(c: Settings): StepSpec {
  const adamw = { optimiser: 'adamw' as const, rate: c.lr, beta1: c.betas[0], beta2: c.betas[1], eps: c.eps };
  return {
    loss: (weights, { x, y }) => {
      const guess = tf.mul(
        tf.tanh(tf.add(multiply(x as tf.Tensor, weight(weights, 'weight')), weight(weights, 'bias'))),
        3,
      );
      return { total: tf.mean(tf.square(tf.sub(guess, y as tf.Tensor))) };
    },
    trainable: ['weight', 'bias'],
    groups: [
      { match: ['bias'], weightDecay: 0, ...adamw },
      { match: ['*'], weightDecay: c.weight_decay, ...adamw },
    ],
    clip: c.max_norm,
    accumulation: c.accumulation,
  };
}

describeFolders('AdamW', foldersWith('adamw'), '%s', (name) => {
  let golden: Golden;
  beforeAll(async () => {
    golden = await openGolden(name);
  });
  const rowsOf = (key: string, i: number): tf.Tensor =>
    tf.squeeze(tf.slice(asTensor(expected(golden, key)), i, 1), [0]);
  const stored = (key: string, i: number) => {
    const { shape, values } = expected(golden, key);
    const size = values.length / (shape[0] as number);
    return { shape: shape.slice(1), values: values.slice(i * size, (i + 1) * size) as Float32Array<ArrayBuffer> };
  };

  test('rates, gradients, clipping, weights and losses of every step are the reference', () => {
    for (const c of golden.cases as unknown as (Case & Settings)[]) {
      const spec = specOf(c);
      const schedule: Schedule = { kind: 'cosine', totalSteps: c.total_steps, warmup: { ratio: c.warmup_ratio } };
      expect(warmupSteps(schedule)).toBe(c.warmup_steps);
      const { gradient, apply } = makeStep(spec);
      let state: Record<string, tf.Tensor> = {
        'weight/weight': asTensor(expected(golden, c.inputs.w0)),
        'weight/bias': asTensor(expected(golden, c.inputs.b0)),
      };
      state = {
        ...state,
        ...freshState(spec, { weight: state['weight/weight'] as tf.Tensor, bias: state['weight/bias'] as tf.Tensor }),
      };
      for (let step = 0; step < c.steps; step++) {
        let sums = {};
        let loss = 0;
        for (let micro = 0; micro < c.accumulation; micro++) {
          const at = step * c.accumulation + micro;
          const batch = { 'batch/x': rowsOf(c.inputs.x, at), 'batch/y': rowsOf(c.inputs.y, at) };
          const { 'loss/total': total, ...rest } = gradient({ ...state, ...batch, ...sums });
          loss += ((total as tf.Tensor).dataSync()[0] as number) / c.accumulation;
          sums = rest;
        }
        const factor = rateAt(schedule, step);
        const { norm, ...next } = apply({ ...state, ...sums, ...scalarsAt(spec, step, factor) });
        const at = (key: string): string => `${c.name} step ${step} ${key}`;
        const check = (key: string, actual: tf.Tensor): void =>
          compare(`${name} ${key}`, at(key), actual, stored(c.outputs[key] as string, step));
        const summed = sums as Record<string, tf.Tensor>;
        check('lr', tf.scalar(c.lr * factor));
        check('loss', tf.scalar(loss));
        check('grad_weight', summed['sum/weight'] as tf.Tensor);
        check('grad_bias', summed['sum/bias'] as tf.Tensor);
        check('norm', norm as tf.Tensor);
        check('weight', next['weight/weight'] as tf.Tensor);
        check('bias', next['weight/bias'] as tf.Tensor);
        state = next as Record<string, tf.Tensor>;
      }
    }
  });
});
