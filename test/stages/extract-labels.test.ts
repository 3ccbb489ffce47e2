import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { loadWeights } from '../../src/data/checkpoint.ts';
import { saveCheckpoint } from '../../src/data/checkpoint-write.ts';
import type { EncoderConfig } from '../../src/data/config.ts';
import { openLabels } from '../../src/data/labels.ts';
import { readPixels } from '../../src/data/pixels.ts';
import { readPreprocessor } from '../../src/data/preprocess.ts';
import { loadTokenizer, textTowerIds } from '../../src/data/tokenizer.ts';
import { openEngine } from '../../src/engine/open.ts';
import { densePatches, type Readout } from '../../src/nn/readout.ts';
import { textEmbeds } from '../../src/nn/text.ts';
import { extractLabels, type Params } from '../../src/stages/extract-labels/kind.ts';
import { wordsSaid } from '../../src/stages/extract-labels/sign.ts';
import { type PortType, portsOf } from '../../src/stages/kind.ts';
import { kinds } from '../../src/stages/kinds.ts';
import { nearestWords, patchScores, topWords } from '../../src/train/top-words.ts';
import { writeDataset, writeLines } from './pictures.ts';
import { problemsOf, runStage, temporary } from './run-stage.ts';
import { writeEncoder } from './tiny-checkpoints.ts';

const root = temporary();
// the encoder knows the first five; the others are one unknown word to it, and so always equal
const WORDS = ['boat', 'sea', 'red', 'fish', 'traffic', 'zeppelin', 'quokka'];
const images = ['one.png', 'two.jpg', 'three.png'];
const encoders: Record<string, { folder: string; config: EncoderConfig }> = {};
let data: string;
let words: string;

beforeAll(async () => {
  await openEngine();
  for (const family of ['clip', 'siglip'] as const) {
    const folder = join(root, family);
    encoders[family] = { folder, config: await writeEncoder(folder, family, [...WORDS.slice(0, 5), 'a', 'of']) };
  }
  const captions = ['A red boat.', 'the sea', 'fish and boats'];
  data = await writeDataset(
    join(root, 'data'),
    images.map((image, i) => ({ image, caption: captions[i] as string })),
  );
  words = writeLines(join(root, 'words.txt'), WORDS);
});

type Matrix = readonly (readonly number[])[];
const unit = (row: readonly number[]): number[] => row.map((value) => value / Math.hypot(...row));
const dot = (a: readonly number[], b: readonly number[]): number =>
  a.reduce((sum, value, i) => sum + value * (b[i] as number), 0);

/** Cosines [image][patch][word] in plain JavaScript from what the two towers give for one image and one text at a time. */
async function cosines(family: string, readout: Readout, prompts = ['{word}']): Promise<readonly Matrix[]> {
  const { folder, config } = encoders[family] as (typeof encoders)[string];
  const [weights, tokenizer, how] = [
    await loadWeights(folder),
    await loadTokenizer(folder),
    await readPreprocessor(folder),
  ];
  const embed = (text: string): number[] => {
    const ids = tf.tensor2d(textTowerIds(tokenizer, [text], 6), [1, 6], 'int32');
    return unit([...textEmbeds(weights, ids, config.text).dataSync()]);
  };
  const targets = WORDS.map((word) => {
    const each = prompts.map((prompt) => embed(prompt.replaceAll('{word}', word)));
    return unit((each[0] as number[]).map((_, d) => each.reduce((sum, one) => sum + (one[d] as number), 0)));
  });
  const found: Matrix[] = [];
  for (const image of images) {
    const pixels = await readPixels([join(data, 'images', image)], how, 16);
    const patches = (densePatches(weights, pixels, config.vision, readout).arraySync() as number[][][])[0] ?? [];
    found.push(patches.map((patch) => targets.map((target) => dot(unit(patch), target))));
  }
  return found;
}

async function labelsOf(folder: string) {
  const labels = await openLabels(folder);
  const rows = labels.manifest.images.map((_, i) => {
    const [found, scores] = [new Int32Array(labels.words.size), new Float32Array(labels.words.size)];
    labels.words.readInto(found, 0, i);
    labels.scores.readInto(scores, 0, i);
    return { words: [...found], scores: [...scores] };
  });
  labels.close();
  return { manifest: labels.manifest, rows };
}

const extract = (family: string, params: Partial<Params>) =>
  runStage(extractLabels, params, { encoder: encoders[family]?.folder ?? family, data, words });

/** Both unknown words are one to the encoder: which of them comes first is a matter of rounding. */
const known = (word: number): number => Math.min(word, 5);

/** Every patch has the `top` words of the highest scores, best first, without those below zero. */
function expectNearest(rows: readonly { words: number[]; scores: number[] }[], scores: readonly Matrix[], top: number) {
  rows.forEach((row, image) => {
    (scores[image] as Matrix).forEach((own, patch) => {
      const order = own.map((_, word) => word).sort((a, b) => (own[b] as number) - (own[a] as number));
      const [found, at] = [row.words.slice(patch * top, patch * top + top), patch * top];
      found.forEach((word, i) => {
        const expected = order[i] as number;
        const score = own[expected] as number;
        // float16 has 11 significant bits
        expect(Math.abs((row.scores[at + i] as number) - score)).toBeLessThan(2 ** -11 * Math.abs(score) + 1e-5);
        expect(known(word)).toBe((own[expected] as number) < 0 ? -1 : known(expected));
      });
    });
  });
}

describe.each(['clip', 'siglip'])('labels of %s', (family) => {
  test.each(['projection', 'value', 'surgery'] as const)(
    'are the nearest words by the read-out %s',
    async (readout) => {
      const cosine = await cosines(family, readout);
      for (const [name, sign] of [
        ['positive', 1],
        ['negative', -1],
      ] as const) {
        const { output } = await extract(family, { readout, sign: name, top: 4, batchSize: 2 });
        const { manifest, rows } = await labelsOf(output('labels'));
        expect(manifest).toMatchObject({ words: WORDS, top: 4, readout, sign, grid: [4, 4], images, minScore: 0 });
        const all = cosine.flat(2);
        expect(manifest.sample?.images).toBe(3);
        expect(manifest.sample?.belowZero).toBeCloseTo((100 * all.filter((c) => sign * c < 0).length) / all.length, 4);
        const scores = cosine.map((patches) => patches.map((row) => row.map((value) => sign * value)));
        expectNearest(rows, scores, 4);
      }
    },
  );

  test('are the words nearest in the mean of several prompts', async () => {
    const prompts = ['a {word}', 'red {word} of {word}'];
    const { output } = await extract(family, { prompts, sign: 'positive', top: 3 });
    const { rows } = await labelsOf(output('labels'));
    expectNearest(rows, await cosines(family, 'surgery', prompts), 3);
    const plain = await extract(family, { sign: 'positive', top: 3 });
    expect(rows).not.toEqual((await labelsOf(plain.output('labels'))).rows);
  });
});

test('of equal scores the lower index comes first', () => {
  const { words: found } = topWords(tf.tensor2d([[0.5, 0.25, 0.5, 0.75, 0.25, 0.5]]), 5);
  expect([...found.dataSync()]).toEqual([3, 0, 2, 5, 1]);
});

test.each([1, -1] as const)(
  'a chunk of patches at a time gives the same words as all at once (sign %i)',
  async (sign) => {
    const [patches, list] = [
      tf.randomNormal([900, 4], 0, 1, 'float32', 1),
      tf.randomNormal([40_000, 4], 0, 1, 'float32', 2),
    ];
    const unit = tf.div(list, tf.norm(list, 2, 1, true)) as tf.Tensor2D;
    const chunked = await nearestWords(patches as tf.Tensor2D, unit, sign, 3); // 36 million scores
    for (const start of [0, 700]) {
      const whole = topWords(patchScores(tf.slice(patches, [start, 0], [200, 4]), unit, sign), 3);
      const [ids, scores] = [await whole.words.data(), await whole.scores.data()];
      const differing = ids.filter((id, i) => id !== chunked.words[3 * start + i]).length;
      expect(differing).toBeLessThan(6); // scores that are equal but for rounding
      for (const [i, score] of scores.entries()) expect(chunked.scores[3 * start + i]).toBeCloseTo(score, 5);
    }
  },
);

test('words below the least score are left out, but stored with their scores', async () => {
  const { output, metrics } = await extract('clip', { sign: 'positive', top: 7, minScore: 0.2 });
  const all = (await labelsOf(output('labels'))).rows.flatMap(({ words: found, scores }) =>
    found.map((word, i) => ({ word, score: scores[i] as number })),
  );
  expect(all.filter(({ word }) => word >= 0).length).toBeGreaterThan(0);
  expect(all.every(({ word, score }) => word >= 0 === score >= Math.fround(0.2))).toBe(true);
  expect(metrics['labelsPerPatch']).toBeCloseTo(all.filter(({ word }) => word >= 0).length / 48, 6);
  expect(metrics['belowZero']).toBeCloseTo((100 * all.filter(({ score }) => score < 0).length) / all.length, 4);
  const labels = await openLabels(output('labels'));
  const stored = new Int32Array(labels.nearest.size);
  labels.nearest.readInto(stored, 0, 0);
  labels.close();
  expect([...stored.subarray(0, 7)].sort()).toEqual([0, 1, 2, 3, 4, 5, 6]);
  const used = new Set(all.flatMap(({ word }) => (word < 0 ? [] : [word])));
  expect(metrics['utilisation']).toBeCloseTo((100 * used.size) / WORDS.length, 4);
});

test('auto takes the sign under which the words of captions stand out more', async () => {
  const first = await cosines('clip', 'surgery');
  const said = [['boat', 'red'], ['sea'], ['fish']];
  const contrast = (sign: number): number =>
    first.reduce((sum, patches, image) => {
      const top = WORDS.map((_, word) => Math.max(...patches.map((row) => sign * (row[word] as number))));
      const mean = (own: boolean): number => {
        const chosen = top.filter((_, word) => (said[image] as string[]).includes(WORDS[word] as string) === own);
        return chosen.reduce((a, b) => a + b, 0) / chosen.length;
      };
      return sum + (mean(true) - mean(false)) / images.length;
    }, 0);
  const { metrics, output } = await extract('clip', { top: 2 });
  expect(metrics['criterion.positive']).toBeCloseTo(contrast(1), 4);
  expect(metrics['criterion.negative']).toBeCloseTo(contrast(-1), 4);
  expect(metrics['sign']).toBe(contrast(1) >= contrast(-1) ? 1 : -1);
  const { manifest } = await labelsOf(output('labels'));
  expect(manifest.sample?.contrast?.positive).toBeCloseTo(contrast(1), 4);
  expect(manifest.sign).toBe(metrics['sign']);
});

test('an encoder whose images point the other way gets the other sign and the same labels', async () => {
  const { folder, config } = encoders['clip'] as (typeof encoders)[string];
  const turned = join(root, 'turned');
  await writeEncoder(turned, 'clip', [...WORDS.slice(0, 5), 'a', 'of']);
  const weights = await loadWeights(folder);
  const projection = tf.neg(weights['visual_projection.weight'] as tf.Tensor);
  await saveCheckpoint(turned, config, { ...weights, 'visual_projection.weight': projection });
  tf.dispose([weights, projection]);
  const [plain, other] = [await extract('clip', { top: 2 }), await extract(turned, { top: 2 })];
  expect(other.metrics['sign']).toBe(-(plain.metrics['sign'] as number));
  expect((await labelsOf(other.output('labels'))).rows).toEqual((await labelsOf(plain.output('labels'))).rows);
});

test('words of a caption count whole, in any case, and phrases in a row', () => {
  const said = (caption: string, list: readonly string[]): string[] =>
    list.filter((_, i) => wordsSaid(caption, list)[i] === 1);
  const list = ['boat', 'traffic light', 'light', 'Fish', 'at', '!'];
  expect(said('A Boat at the traffic-light; FISH!', list)).toEqual(['boat', 'traffic light', 'light', 'Fish', 'at']);
  expect(said('boathouse lights', list)).toEqual([]);
  expect(said('', list)).toEqual([]);
});

test.each([
  [{ top: 8 }, 'too-few-words', 'top 8 of a list of 7 words'],
  [{ sign: 'auto', top: 1 }, 'no-caption-words', 'no caption has words of the list'],
] as const)('%j is refused where it cannot be met', async (params, code, message) => {
  const other = await writeDataset(join(root, `plain-${code}`), [{ image: 'one.png', caption: 'something else' }]);
  const input = { encoder: encoders['clip']?.folder as string, data: other, words };
  const [problem] = await problemsOf(runStage(extractLabels, params, input));
  expect(problem?.code).toBe(code);
  expect(problem?.message).toContain(message);
});

test('an extraction that was stopped goes on behind its last file, with the words and the sign it had', async () => {
  const whole = await extract('clip', { top: 2, imagesPerShard: 1 });
  const input = { encoder: encoders['clip']?.folder as string, data, words };
  const scratch = join(root, 'stopped');
  const first = runStage(extractLabels, { top: 2, imagesPerShard: 1 }, input, { scratch, stopAt: 2 });
  await expect(first).rejects.toThrow('interrupted');
  expect(readdirSync(join(scratch, 'labels'))).toEqual(['labels-00000.safetensors', 'labels-00001.safetensors']);
  const before = statSync(join(scratch, 'labels', 'labels-00001.safetensors')).mtimeMs;
  const resumed = await runStage(extractLabels, { top: 2, imagesPerShard: 1 }, input, { scratch });
  const files = readdirSync(whole.output('labels'));
  expect(files).toEqual([
    'labels-00000.safetensors',
    'labels-00001.safetensors',
    'labels-00002.safetensors',
    'manifest.json',
  ]);
  for (const file of files) {
    const [a, b] = [whole, resumed].map(({ output }) => readFileSync(join(output('labels'), file)));
    expect(a?.equals(b as Buffer)).toBe(true);
  }
  expect(statSync(join(resumed.output('labels'), 'labels-00001.safetensors')).mtimeMs).toBe(before);
  expect(resumed.metrics).toEqual(whole.metrics);
});

test('weights that overflow stop it, naming the image', async () => {
  const { folder, config } = encoders['clip'] as (typeof encoders)[string];
  const broken = join(root, 'broken');
  await writeEncoder(broken, 'clip', WORDS.slice(0, 5));
  const weights = await loadWeights(folder);
  const projection = tf.fill((weights['visual_projection.weight'] as tf.Tensor).shape, 3e38); // finite, its products are not
  await saveCheckpoint(broken, config, { ...weights, 'visual_projection.weight': projection });
  tf.dispose([weights, projection]);
  const input = { encoder: broken, data, words };
  const [problem] = await problemsOf(runStage(extractLabels, { sign: 'positive', top: 1 }, input));
  expect(problem).toMatchObject({ code: 'not-finite' });
  expect(problem?.message).toMatch(/a patch of one\.png has the score NaN/);
});

test('what is in the patches is read for a diagnosis alone, which no other stage reads', () => {
  const reading = (wanted: PortType): readonly string[] =>
    kinds.flatMap(({ kind, inputs }) =>
      typeof inputs !== 'function' && Object.values(portsOf(inputs, {})).some(({ type }) => type === wanted)
        ? kind
        : [],
    );
  expect(reading('truth')).toEqual(['label-statistics']);
  expect(reading('statistics')).toEqual([]);
});
