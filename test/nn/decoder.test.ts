import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, expect, test } from 'vitest';
import type { DecoderConfig } from '../../src/data/config.ts';
import { capture } from '../../src/engine/capture.ts';
import { openEngine } from '../../src/engine/open.ts';
import { causalMask, packedMask } from '../../src/nn/attention.ts';
import { decode, decoderShapes, embedTokens, headMatrix, resolveHead } from '../../src/nn/decoder.ts';
import { takeRows } from '../../src/nn/embedding.ts';
import { makeGenerator } from '../../src/nn/generate.ts';
import { type Prompts, roomFor } from '../../src/nn/prompts.ts';
import { planSplice } from '../../src/nn/splice.ts';
import type { Weights } from '../../src/nn/weights.ts';
import { apart, normal, randomWeights } from './random-weights.ts';

beforeAll(async () => void (await openEngine()));

const config: DecoderConfig = {
  family: 'llama',
  vocab: 20,
  hidden: 8,
  layers: 2,
  heads: 4,
  kvHeads: 2,
  headDim: 4,
  intermediate: 12,
  activation: 'silu',
  ropeTheta: 10000,
  rmsEps: 1e-5,
  tied: false,
  maxPositions: 64,
  eos: [2],
  dtype: 'float32',
};

const idsOf = (rows: number[][]): tf.Tensor => tf.tensor2d(rows, undefined, 'int32');

/** Texts side by side, padded on the right. */
function textsOf(weights: Weights, rows: number[][]): Prompts {
  const length = Math.max(...rows.map((row) => row.length));
  const padded = rows.map((row) => [...row, ...new Array<number>(length - row.length).fill(0)]);
  const present = rows.map((row) => Array.from({ length }, (_, t) => (t < row.length ? 1 : 0)));
  return { embeds: tf.tidy(() => embedTokens(weights, idsOf(padded), config)), present };
}

test('questions packed behind a prefix are read as if each stood there alone', () => {
  const weights = randomWeights(decoderShapes(config));
  const [prefix, first, second] = [[1, 4, 5], [6, 7], [8, 9, 10]]; // biome-ignore format: rows
  const read = (rows: number[][], segments: number[][], positions: number[][]): tf.Tensor =>
    decode(
      weights,
      {
        embeds: embedTokens(weights, idsOf(rows), config),
        positions: tf.tensor2d(positions),
        mask: packedMask(idsOf(segments)),
      },
      config,
    ).last;
  const packed = read(
    [[...prefix, ...first, ...second, 0]],
    [[0, 0, 0, 1, 1, 2, 2, 2, -1]],
    [[0, 1, 2, 3, 4, 3, 4, 5, 0]],
  );
  const alone = (question: number[]): tf.Tensor =>
    decode(weights, { embeds: embedTokens(weights, idsOf([[...prefix, ...question]]), config) }, config).last;
  expect(apart(tf.slice(packed, [0, 3, 0], [1, 2, 8]), tf.slice(alone(first), [0, 3, 0], [1, 2, 8]))).toBeLessThan(
    1e-5,
  );
  expect(apart(tf.slice(packed, [0, 5, 0], [1, 3, 8]), tf.slice(alone(second), [0, 3, 0], [1, 3, 8]))).toBeLessThan(
    1e-5,
  );
});

test.each([
  ['llama', {}],
  ['gemma', { tied: true, activation: 'gelu_pytorch_tanh' }],
  ['phi3', { kvHeads: 4, slidingWindow: 5 }],
] as const)('what is read of a %s is what the whole gives there, and so are its gradients', (family, changes) => {
  tf.tidy(() => {
    const own: DecoderConfig = { ...config, ...changes, family };
    const weights = randomWeights(decoderShapes(own));
    const [batch, length] = [2, 70]; // long enough for several blocks of queries
    const embeds = normal('embeds', [batch, length, own.hidden]);
    // padded with a place that is read twice, as rows with fewer targets are
    const read = idsOf([[69, 3, 40], [70, 139, 139]]); // biome-ignore format: rows
    const mix = normal('mix', [batch, 3, own.hidden]);
    const names = Object.keys(weights).filter((name) => name !== 'lm_head.weight' && !name.includes('embed_tokens'));
    const measured = (statesOf: (weights: Record<string, tf.Tensor>, x: tf.Tensor) => tf.Tensor) =>
      tf.valueAndGrads((x, ...tensors) => {
        const given = Object.fromEntries(names.map((name, i) => [name, tensors[i] as tf.Tensor]));
        return tf.sum(tf.mul(statesOf(given, x as tf.Tensor), mix)) as tf.Scalar;
      })([embeds, ...names.map((name) => weights[name] as tf.Tensor)]);
    const part = measured((given, x) => decode(given, { embeds: x, read }, own).last);
    const whole = measured((given, x) => {
      const flat = tf.reshape(decode(given, { embeds: x }, own).last, [batch * length, own.hidden]);
      return takeRows(flat, read);
    });
    expect(apart(part.value, whole.value)).toBeLessThan(1e-4);
    part.grads.forEach((gradient, i) => {
      expect(apart(gradient, whole.grads[i] as tf.Tensor), ['embeds', ...names][i]).toBeLessThan(1e-4);
    });
  });
});

test('a causal mask with a window shows a query that many keys', () => {
  const shown = tf.equal(tf.reshape(causalMask(4, 2), [4, 4]), 0).arraySync();
  expect(shown).toEqual([[1, 0, 0, 0], [1, 1, 0, 0], [0, 1, 1, 0], [0, 0, 1, 1]]); // biome-ignore format: a matrix
});

test('answers of one program are the same for any mix of prompts, and end at a stop id', () => {
  const weights = randomWeights(decoderShapes(config));
  const generator = makeGenerator(config, capture);
  const prompts = [[1, 5, 9], [1, 7], [1, 3, 4, 6, 8]]; // biome-ignore format: rows
  const ask = (rows: number[][], maxNew: number, stop: number[] = []): readonly (readonly number[])[] => {
    const texts = textsOf(weights, rows);
    const answers = generator.generate(weights, texts, { maxNew, stop });
    texts.embeds.dispose();
    return answers;
  };
  const together = ask(prompts, 20);
  expect(together).toEqual(prompts.map((prompt) => ask([prompt], 20)[0]));
  const stop = together[0]?.[4] as number;
  const first = together[0]?.indexOf(stop) as number;
  expect(ask(prompts, 20, [stop])[0]).toEqual(together[0]?.slice(0, first + 1));
  expect(ask(prompts, 0)).toEqual([[], [], []]);
  expect(() => ask([[]], 3)).toThrow();
  generator.dispose();
});

test.each([
  ['a compiled program', capture, undefined],
  ['an eager one', undefined, undefined],
  ['one with a sliding window', undefined, 4],
] as const)('behind a shared beginning %s answers as if each prompt had it by itself', (_, compile, slidingWindow) => {
  const own: DecoderConfig = { ...config, ...(slidingWindow === undefined ? {} : { slidingWindow }) };
  const weights = randomWeights(decoderShapes(own));
  const generator = makeGenerator(own, compile);
  const beginnings = [[1, 5, 9, 3, 3, 4], [1, 7]]; // biome-ignore format: rows
  const of = [0, 0, 1, 0, 1, 0, 0];
  const rests = [[6], [8, 9, 2], [4, 4], [11, 6], [12], [13], [6, 14]]; // biome-ignore format: rows
  const limits = { maxNew: 40, stop: [] }; // more than a cache has room for at first
  const cut = generator.generate(
    weights,
    { ...textsOf(weights, rests), prefix: { ...textsOf(weights, beginnings), of } },
    limits,
  );
  const whole = rests.map((rest, b) => [...(beginnings[of[b] as number] as number[]), ...rest]);
  expect(cut).toEqual(whole.map((row) => generator.generate(weights, textsOf(weights, [row]), limits)[0]));
  expect(new Set(cut.map(String)).size).toBeGreaterThan(3);
  generator.dispose();
});

test('cache sizes are few and waste at most half of what is needed', () => {
  const sizes = new Set(Array.from({ length: 4096 }, (_, i) => roomFor(i + 1)));
  expect(sizes.size).toBeLessThan(20);
  for (let length = 17; length < 4096; length += 13) {
    expect(roomFor(length)).toBeGreaterThanOrEqual(length);
    expect(roomFor(length)).toBeLessThanOrEqual(1.5 * length);
  }
});

test('a second copy of a tied head is dropped, a head of its own is kept', () => {
  const tied: DecoderConfig = { ...config, tied: true };
  const weights = randomWeights(decoderShapes(tied));
  const table = weights['model.embed_tokens.weight'] as tf.Tensor;
  const copied = resolveHead({ ...weights, 'lm_head.weight': tf.clone(table) }, tied);
  expect(Object.keys(copied)).not.toContain('lm_head.weight');
  expect(headMatrix(copied, tied)).toBe(table);
  const other = normal('head', [20, 8]);
  expect(headMatrix(resolveHead({ ...weights, 'lm_head.weight': other }, tied), tied)).toBe(other);
});

test('image positions that do not fit the images are refused with both counts', () => {
  expect(() => planSplice([[1, 9, 9, 2]], 9, [1], 4)).toThrow('text 0 has 2 image positions for 1 images of 4 tokens');
  const { used } = planSplice([[1, 2, 3], [9, 9, 4]], 9, [1, 1], 2); // biome-ignore format: rows
  expect([...used]).toEqual([0, 0, 1, 1]);
});
