import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, expect, test } from 'vitest';
import { openEngine } from '../../src/engine/open.ts';
import { takeRows } from '../../src/nn/embedding.ts';
import { alignment, totalLoss, wordTargets } from '../../src/train/align.ts';
import { cosines, counted, headCrossEntropy, weightedMean } from '../../src/train/losses.ts';
import { type Pick, padPicks } from '../../src/train/sample-labels.ts';
import { compare, printWorstAtEnd } from './bound.ts';
import { asTensor, describeFolders, expected, foldersWith, type Golden, openGolden } from './golden.ts';
import { labelsOf, pickedAs, type Sea } from './sea-case.ts';

printWorstAtEnd();
beforeAll(async () => void (await openEngine()));

describeFolders('the alignment loss', foldersWith('sea'), '%s', (name) => {
  let golden: Golden;
  beforeAll(async () => {
    golden = await openGolden(name);
  });
  const cases = async (): Promise<readonly Sea[]> =>
    (await openGolden(name)).cases.filter(({ kind }) => kind === 'sea') as Sea[];
  const exactly = (c: Sea, key: string, actual: ArrayLike<number>): void =>
    expect(Array.from(actual), `${c.name} ${key}`).toEqual(
      Array.from(expected(golden, c.outputs[key] as string).values),
    );
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
        const each = (get: (pick: Pick) => number): number[] =>
          all.flat().map((pick) => (pick === undefined ? -1 : get(pick)));
        exactly(
          c,
          'picked_patch',
          each(({ patch }) => patch),
        );
        exactly(
          c,
          'picked_label',
          each(({ word }) => word),
        );
        exactly(
          c,
          'kept_window',
          kept.map(({ image, window }) => image * windows + window),
        );
        exactly(
          c,
          'kept_label',
          kept.map(({ word }) => word),
        );

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
    const shifted = Int32Array.from({ length: batch * length }, (_, i) =>
      (i + 1) % length === 0 ? -100 : (labels[i + 1] as number),
    );
    const targets = tf.tensor1d(shifted, 'int32');
    const losses = headCrossEntropy(tf.reshape(logits, [batch * length, vocab]), tf.eye(vocab), targets);
    const mean = weightedMean(losses, counted(targets));
    check(c, 'loss_g', mean);
    check(c, 'loss_g_paper', tf.div(tf.sum(losses), batch));
    check(c, 'loss', totalLoss(mean, align, c.lambda));
  }
});
