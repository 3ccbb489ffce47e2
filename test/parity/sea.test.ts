import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { openEngine } from '../../src/engine/open.ts';
import { takeRows } from '../../src/nn/embedding.ts';
import { alignment, totalLoss, wordTargets } from '../../src/train/align.ts';
import { counted, cosines, headCrossEntropy, weightedMean } from '../../src/train/losses.ts';
import { type Pick, padPicks, picks, type SampleSettings } from '../../src/train/sample-labels.ts';
import { patchScores, topWords } from '../../src/train/top-words.ts';
import { compare, printWorstAtEnd } from './bound.ts';
import { asTensor, type Case, expected, foldersWith, type Golden, openGolden } from './golden.ts';

printWorstAtEnd();
beforeAll(async () => void (await openEngine()));

type Sea = Case &
  Readonly<{
    n: number;
    sign: 1 | -1;
    grid: [number, number];
    k: number;
    edge: 'keep' | 'drop';
    lambda: number;
    label_tokens: number[][];
    inputs: Record<string, string>;
    outputs: Record<string, string>;
  }>;

/** Label ids and scores of every patch as stored: -1 and 0 where there is none. */
function labelsOf(patches: tf.Tensor, words: tf.Tensor, c: Sea): { words: Int32Array; scores: Float32Array } {
  const top = topWords(patchScores(patches, words, c.sign), c.n);
  const found = top.words.shape[1] as number;
  const ids = top.words.dataSync() as Int32Array;
  const values = top.scores.dataSync() as Float32Array;
  const rows = patches.shape[0] as number;
  const out = { words: new Int32Array(rows * c.n).fill(-1), scores: new Float32Array(rows * c.n) };
  for (let row = 0; row < rows; row++) {
    for (let j = 0; j < found; j++) {
      const score = values[row * found + j] as number;
      if (score < 0) continue;
      out.words[row * c.n + j] = ids[row * found + j] as number;
      out.scores[row * c.n + j] = score;
    }
  }
  return out;
}

/** The picks of a batch as the reference stores them. */
export function pickedAs(golden: Golden, c: Sea, labels: { words: Int32Array; scores: Float32Array }) {
  const [images, windows] = expected(golden, c.inputs['u_patch'] as string).shape as [number, number];
  const patches = c.grid[0] * c.grid[1];
  const draw = (key: string, image: number) =>
    expected(golden, c.inputs[key] as string).values.slice(image * windows, (image + 1) * windows);
  const settings: SampleSettings = { grid: c.grid, window: c.k, edge: c.edge, choice: 'weighted', dedupe: true };
  const { all, kept } = picks(
    Array.from({ length: images }, (_, i) => ({
      words: labels.words.slice(i * patches * c.n, (i + 1) * patches * c.n),
      scores: labels.scores.slice(i * patches * c.n, (i + 1) * patches * c.n),
      top: c.n,
    })),
    Array.from({ length: images }, (_, i) => ({
      patch: draw('u_patch', i),
      label: draw('u_label', i),
      priority: draw('priority', i),
    })),
    settings,
  );
  return { images, windows, patches, all, kept };
}

describe.each(foldersWith('sea'))('%s', (name) => {
  let golden: Golden;
  beforeAll(async () => {
    golden = await openGolden(name);
  });
  const cases = async (): Promise<readonly Sea[]> => (await openGolden(name)).cases.filter(({ kind }) => kind === 'sea') as Sea[];
  const exactly = (c: Sea, key: string, actual: ArrayLike<number>): void =>
    expect(Array.from(actual), `${c.name} ${key}`).toEqual(Array.from(expected(golden, c.outputs[key] as string).values));
  const check = (c: Sea, key: string, actual: tf.Tensor): void =>
    compare(`${name} ${key}`, c.outputs[key] as string, actual, expected(golden, c.outputs[key] as string));

  test('labels, picks, targets, losses and gradients are the reference, edge cases included', async () => {
    for (const c of await cases()) {
      tf.tidy(() => {
        const input = (key: string): tf.Tensor => asTensor(expected(golden, c.inputs[key] as string));
        const v = input('v');
        const labels = labelsOf(tf.reshape(v, [-1, v.shape[2] as number]), input('t'), c);
        exactly(c, 'label_idx', labels.words);
        const shape = expected(golden, c.outputs['label_score'] as string).shape;
        check(c, 'label_score', tf.tensor(labels.scores, [...shape]));
        const { images, windows, patches, all, kept } = pickedAs(golden, c, labels);
        const each = (get: (pick: Pick) => number): number[] => all.flat().map((pick) => (pick === undefined ? -1 : get(pick)));
        exactly(c, 'picked_patch', each(({ patch }) => patch));
        exactly(c, 'picked_label', each(({ word }) => word));
        exactly(c, 'kept_window', kept.map(({ image, window }) => image * windows + window));
        exactly(c, 'kept_label', kept.map(({ word }) => word));

        const dim = input('x_v').shape[2] as number;
        const table = wordTargets(input('emb'), c.label_tokens);
        const size = images * windows;
        const padded = padPicks(kept, size, patches);
        const t = takeRows(table, tf.tensor1d(padded.words, 'int32'));
        check(c, 't', tf.slice(t, [0, 0], [kept.length, dim]));
        const mask = tf.tensor1d(padded.kept);
        const lossOf = (xv: tf.Tensor, logTau: tf.Tensor): tf.Scalar => {
          const x = takeRows(tf.reshape(xv, [-1, dim]), tf.tensor1d(padded.rows, 'int32'));
          return alignment(x, t, logTau, mask) as tf.Scalar;
        };
        const { value, grads } = tf.valueAndGrads(lossOf)([input('x_v'), input('log_tau')]);
        check(c, 'loss_a', value);
        check(c, 'grad_x_v', grads[0] as tf.Tensor);
        check(c, 'grad_log_tau', grads[1] as tf.Tensor);
        const rows = takeRows(tf.reshape(input('x_v'), [-1, dim]), tf.tensor1d(padded.rows, 'int32'));
        const similarities = tf.mul(cosines(rows, t), tf.exp(tf.neg(input('log_tau'))));
        check(c, 'logits', tf.slice(similarities, [0, 0], [kept.length, kept.length]));
        checkGeneration(c, input('lm_logits'), expected(golden, c.inputs['lm_labels'] as string).values, value);
      });
    }
  });

  /** Eq. 10 as transformers averages it and as the paper writes it, and Eq. 11. */
  function checkGeneration(c: Sea, logits: tf.Tensor, labels: ArrayLike<number>, align: tf.Tensor): void {
    const [batch, length, vocab] = logits.shape as [number, number, number];
    const shifted = Int32Array.from({ length: batch * length }, (_, i) => ((i + 1) % length === 0 ? -100 : (labels[i + 1] as number)));
    const targets = tf.tensor1d(shifted, 'int32');
    const losses = headCrossEntropy(tf.reshape(logits, [batch * length, vocab]), tf.eye(vocab), targets);
    const mean = weightedMean(losses, counted(targets));
    check(c, 'loss_g', mean);
    check(c, 'loss_g_paper', tf.div(tf.sum(losses), batch));
    check(c, 'loss', totalLoss(mean, align, c.lambda));
  }
});
