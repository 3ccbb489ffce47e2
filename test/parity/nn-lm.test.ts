import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, expect, test } from 'vitest';
import { loadWeights, readConfigOf } from '../../src/data/checkpoint.ts';
import type { DecoderConfig } from '../../src/data/config.ts';
import { capture } from '../../src/engine/capture.ts';
import { openEngine } from '../../src/engine/open.ts';
import { seenMask } from '../../src/nn/attention.ts';
import { decode, embedTokens, headMatrix, logitsOf, resolveHead } from '../../src/nn/decoder.ts';
import { makeGenerator } from '../../src/nn/generate.ts';
import type { Weights } from '../../src/nn/weights.ts';
import { counted, headCrossEntropy, weightedMean } from '../../src/train/losses.ts';
import { compare, printWorstAtEnd } from './bound.ts';
import { type Case, describeFolders, expected, foldersWith, type Golden, ids, openGolden } from './golden.ts';

printWorstAtEnd();
beforeAll(async () => void (await openEngine()));

/** hidden [T, d] and the labels of the next positions -> loss of every position but the last. */
function tokenLoss(weights: Weights, last: tf.Tensor, labels: readonly number[], config: DecoderConfig): tf.Tensor {
  const [, length, dim] = last.shape as [number, number, number];
  const rows = tf.reshape(tf.slice(last, [0, 0, 0], [1, length - 1, dim]), [length - 1, dim]);
  return headCrossEntropy(rows, headMatrix(weights, config), tf.tensor1d(labels.slice(1), 'int32'));
}

describeFolders('language models', foldersWith('lm', 'gradients', 'generate', 'batch'), '%s', (name) => {
  let golden: Golden;
  let weights: Weights;
  let config: DecoderConfig;
  beforeAll(async () => {
    golden = await openGolden(name);
    config = await readConfigOf(golden.folder, 'language-model');
    weights = resolveHead(await loadWeights(golden.folder), config);
  });
  const of = (kind: string): readonly Case[] => golden.cases.filter((c) => c.kind === kind);
  const check = (family: string, key: string, actual: tf.Tensor): void =>
    compare(`${name} ${family}`, key, actual, expected(golden, key));

  test('logits, hidden states and losses of every string are the reference', () => {
    for (const c of of('lm')) {
      if ((c['ids'] as number[]).length === 0) continue;
      tf.tidy(() => {
        const output = decode(weights, { embeds: embedTokens(weights, ids(c['ids']), config) }, config);
        const [, length, dim] = output.last.shape as [number, number, number];
        ((c['hidden_states'] ?? []) as string[]).forEach((key, i) => {
          check('hidden states', key, tf.reshape(output.hidden[i] as tf.Tensor, [length, dim]));
        });
        if (typeof c['logits'] === 'string') {
          check('logits', c['logits'], logitsOf(weights, tf.reshape(output.last, [length, dim]), config));
        }
        if (typeof c['token_loss'] !== 'string') return;
        const labels = c['labels'] as number[];
        const losses = tokenLoss(weights, output.last, labels, config);
        check('token losses', c['token_loss'], losses);
        if (typeof c['loss'] === 'string') {
          check('losses', c['loss'], weightedMean(losses, counted(tf.tensor1d(labels.slice(1), 'int32'))));
        }
      });
    }
  });

  test('gradients of the loss with respect to weights and embeddings are the reference', () => {
    for (const c of of('gradients')) {
      const keys = c['tensors'] as Record<string, string>;
      tf.tidy(() => {
        const named = Object.keys(keys).filter((key) => key !== 'inputs_embeds');
        // a tied head is the embedding: transformers gives both names one gradient
        const parameter = (key: string): string => (key in weights ? key : 'model.embed_tokens.weight');
        const embeds = embedTokens(weights, ids(c['ids']), config);
        const labels = c['labels'] as number[];
        const loss = (own: Weights, x: tf.Tensor): tf.Scalar => {
          const losses = tokenLoss(own, decode(own, { embeds: x }, config).last, labels, config);
          return weightedMean(losses, counted(tf.tensor1d(labels.slice(1), 'int32'))) as tf.Scalar;
        };
        const through = named.map((key) => weights[parameter(key)] as tf.Tensor);
        const gradients = tf.grads((...changed: tf.Tensor[]) => {
          const own = {
            ...weights,
            ...Object.fromEntries(named.map((key, i) => [parameter(key), changed[i] as tf.Tensor])),
          };
          return loss(own, embedTokens(own, ids(c['ids']), config));
        })(through);
        named.forEach((key, i) => void check('gradients', keys[key] as string, gradients[i] as tf.Tensor));
        const dEmbeds = tf.grad((x) => loss(weights, x))(embeds);
        check('gradients', keys['inputs_embeds'] as string, tf.reshape(dEmbeds, dEmbeds.shape.slice(1)));
      });
    }
  });

  test('a batch of texts of different length gives what each gives alone', () => {
    for (const c of of('batch')) {
      tf.tidy(() => {
        const present = tf.tensor2d(c['attention_mask'] as number[][]);
        const [batch, length] = present.shape;
        const places = tf.tensor2d(
          (c['attention_mask'] as number[][]).map((row) => row.map((here, t) => (here ? t : -1))),
        );
        const mask = seenMask(places, places, config.slidingWindow);
        const { last } = decode(weights, { embeds: embedTokens(weights, ids(c['input_ids']), config), mask }, config);
        const logits = tf.mul(logitsOf(weights, last, config), tf.reshape(present, [batch, length, 1]));
        check('batched logits', c['logits'] as string, logits);
        const labels = (c['labels'] as number[][]).flatMap((row) => [...row.slice(1), -100]);
        const rows = tf.reshape(last, [batch * length, config.hidden]);
        const targets = tf.tensor1d(labels, 'int32');
        const losses = headCrossEntropy(rows, headMatrix(weights, config), targets);
        check('batched losses', c['loss'] as string, weightedMean(losses, counted(targets)));
      });
    }
  });

  test('greedy answers are the reference, alone and in batches padded on either side', () => {
    const all = of('generate') as unknown as readonly Generate[];
    const generator = makeGenerator(config, capture);
    const ask = (cases: readonly Generate[], side: 'left' | 'right', stop: (c: Generate) => readonly number[]) => {
      const { embeds, present } = promptsOf(
        cases.map((c) => c.prompt_ids),
        side,
        weights,
        config,
      );
      const maxNew = Math.max(...cases.map((c) => c.new_ids.length));
      const stopIds = [...new Set(cases.flatMap((c) => stop(c)))];
      const answers = generator.generate(weights, { embeds, present }, { maxNew, stop: stopIds });
      embeds.dispose();
      return answers;
    };
    for (const c of all) {
      expect(
        ask([c], 'right', () => []),
        c.name,
      ).toEqual([c.new_ids]);
      expect(
        ask([c], 'left', () => c.stop_ids),
        c.name,
      ).toEqual([c.new_ids_with_stop]);
    }
    for (const side of ['left', 'right'] as const) {
      expect(
        ask(all, side, () => []),
        `batch padded ${side}`,
      ).toEqual(all.map((c) => c.new_ids));
    }
    generator.dispose();
  });

  test('decoding leaves no tensor behind', () => {
    const generator = makeGenerator(config, capture);
    const [c] = of('generate') as unknown as readonly Generate[];
    if (c === undefined) return;
    const { embeds, present } = promptsOf([c.prompt_ids], 'right', weights, config);
    const before = tf.memory().numTensors;
    generator.generate(weights, { embeds, present }, { maxNew: 6, stop: [] });
    expect(tf.memory().numTensors).toBe(before);
    generator.dispose();
    embeds.dispose();
  });
});

type Generate = Readonly<{
  name: string;
  prompt_ids: number[];
  new_ids: number[];
  stop_ids: number[];
  new_ids_with_stop: number[];
}>;

function promptsOf(rows: readonly number[][], side: 'left' | 'right', weights: Weights, config: DecoderConfig) {
  const length = Math.max(...rows.map((row) => row.length));
  const pad = (row: readonly number[], filler: number, values: readonly number[]): number[] => {
    const gap = new Array<number>(length - row.length).fill(filler);
    return side === 'left' ? [...gap, ...values] : [...values, ...gap];
  };
  const present = rows.map((row) =>
    pad(
      row,
      0,
      row.map(() => 1),
    ),
  );
  const embeds = tf.tidy(() => embedTokens(weights, ids(rows.map((row) => pad(row, 3, row))), config));
  return { embeds, present };
}
