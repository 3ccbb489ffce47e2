import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, expect, test } from 'vitest';
import { loadWeights, readConfigOf } from '../../src/data/checkpoint.ts';
import type { LlavaConfig } from '../../src/data/config.ts';
import { capture } from '../../src/engine/capture.ts';
import { openEngine } from '../../src/engine/open.ts';
import { seenMask } from '../../src/nn/attention.ts';
import { decode, embedTokens, headMatrix, logitsOf } from '../../src/nn/decoder.ts';
import { takeRows } from '../../src/nn/embedding.ts';
import { makeGenerator } from '../../src/nn/generate.ts';
import { LLAVA_PARTS, llavaFeatures, llavaShapes, visualTokens } from '../../src/nn/llava.ts';
import { planSplice, splice } from '../../src/nn/splice.ts';
import { type Weights, within } from '../../src/nn/weights.ts';
import { alignment, totalLoss, wordTargets } from '../../src/train/align.ts';
import { counted, headCrossEntropy, weightedMean } from '../../src/train/losses.ts';
import { padPicks } from '../../src/train/sample-labels.ts';
import { compare, printWorstAtEnd } from './bound.ts';
import {
  asTensor,
  type Case,
  describeFolders,
  expected,
  foldersWith,
  type Golden,
  ids,
  openGolden,
  referred,
  splitReference,
} from './golden.ts';
import { labelsOf, pickedAs, type Sea } from './sea-case.ts';

printWorstAtEnd();
beforeAll(async () => void (await openEngine()));

type Image = Readonly<{ pixel_values: string }>;

/** A LLaVA model and what its cases need: sequences of ids with their images spliced in, and losses of them. */
type Model = Readonly<{ golden: Golden; config: LlavaConfig; weights: Weights }>;

async function openModel(name: string): Promise<Model> {
  const golden = await openGolden(name);
  const config = await readConfigOf(golden.folder, 'model');
  return { golden, config, weights: await loadWeights(golden.folder, { expect: llavaShapes(config) }) };
}

/** Pixels of all images of some cases, [n, 3, H, W]; undefined when there is none. */
async function pixelsOf(cases: readonly Case[]): Promise<tf.Tensor | undefined> {
  const images = cases.flatMap((c) => (c['images'] ?? []) as Image[]);
  if (images.length === 0) return undefined;
  const stored = await Promise.all(images.map(({ pixel_values: reference }) => referred(reference)));
  return tf.stack(stored.map(asTensor));
}

const imagesIn = (c: Case): number => ((c['images'] ?? []) as unknown[]).length;

/** Embeddings of sequences in which the image id stands once per visual token, [B, T, hidden]. */
function embeddings(
  { config, weights }: Model,
  rows: readonly number[][],
  features: tf.Tensor | undefined,
  images: readonly number[],
): tf.Tensor {
  const words = embedTokens(within(weights, LLAVA_PARTS.language), ids(rows), config.text);
  if (features === undefined) return words;
  const plan = planSplice(rows, config.imageToken, images, features.shape[1] as number);
  return splice(words, visualTokens(weights, features, config), {
    source: tf.tensor1d(plan.source, 'int32'),
    position: tf.tensor1d(plan.position, 'int32'),
    used: tf.tensor1d(plan.used),
  });
}

function lossOf(
  { config, weights }: Model,
  last: tf.Tensor,
  labels: readonly number[][],
): { each: tf.Tensor; mean: tf.Tensor } {
  const targets = tf.tensor1d(
    labels.flatMap((row) => [...row.slice(1), -100]),
    'int32',
  );
  const head = headMatrix(within(weights, LLAVA_PARTS.language), config.text);
  const each = headCrossEntropy(tf.reshape(last, [-1, config.text.hidden]), head, targets);
  return { each, mean: weightedMean(each, counted(targets)) };
}

/** Gradients with respect to the named weights of a scalar made from a model with those weights exchanged. */
function gradientsOf(model: Model, names: readonly string[], scalar: (changed: Model) => tf.Tensor): tf.Tensor[] {
  const through = names.map((name) => model.weights[name] as tf.Tensor);
  return tf.grads((...changed: tf.Tensor[]) => {
    const own = Object.fromEntries(names.map((name, i) => [name, changed[i] as tf.Tensor]));
    return scalar({ ...model, weights: { ...model.weights, ...own } }) as tf.Scalar;
  })(through);
}

describeFolders('LLaVA models', foldersWith('llava'), '%s', (name) => {
  let model: Model;
  beforeAll(async () => {
    model = await openModel(name);
  });
  const of = (kind: string): readonly Case[] => model.golden.cases.filter((c) => c.kind === kind);
  const check = (family: string, key: string, actual: tf.Tensor): void =>
    compare(`${name} ${family}`, key, actual, expected(model.golden, key));
  const language = (): Weights => within(model.weights, LLAVA_PARTS.language);

  test('features, visual tokens, spliced embeddings, logits, losses and gradients are the reference', async () => {
    for (const c of of('llava')) {
      const pixels = await pixelsOf([c]);
      tf.tidy(() => {
        const { config } = model;
        const rows = [c['input_ids'] as number[]];
        const labels = [c['labels'] as number[]];
        const features = pixels && llavaFeatures(model.weights, pixels, config);
        if (features !== undefined) {
          check('features', c['features'] as string, features);
          check('visual tokens', c['visual_tokens'] as string, visualTokens(model.weights, features, config));
        }
        const forward = (own: Model): tf.Tensor =>
          decode(language(), { embeds: embeddings(own, rows, features, [imagesIn(c)]) }, config.text).last;
        const embeds = embeddings(model, rows, features, [imagesIn(c)]);
        check('inputs embeds', c['inputs_embeds'] as string, tf.squeeze(embeds, [0]));
        const last = forward(model);
        check('logits', c['logits'] as string, tf.squeeze(logitsOf(language(), last, config.text), [0]));
        const { each, mean } = lossOf(model, last, labels);
        check('token losses', c['token_loss'] as string, tf.slice(each, 0, each.size - 1));
        check('losses', c['loss'] as string, mean);
        const keys = (c['grad'] ?? {}) as Record<string, string>;
        if (Object.keys(keys).length === 0) return;
        const found = gradientsOf(model, Object.keys(keys), (own) => lossOf(own, forward(own), labels).mean);
        Object.values(keys).forEach((key, i) => void check('gradients', key, found[i] as tf.Tensor));
      });
      pixels?.dispose();
    }
  });

  test('greedy answers about images are the reference', async () => {
    const generator = makeGenerator(model.config.text, capture);
    for (const c of of('llava_generate')) {
      const pixels = await pixelsOf([c]);
      const rows = [c['prompt_ids'] as number[]];
      const embeds = tf.tidy(() =>
        embeddings(model, rows, pixels && llavaFeatures(model.weights, pixels, model.config), [imagesIn(c)]),
      );
      const prompts = { embeds, present: rows.map((row) => row.map(() => 1)) };
      const answer = (stop: readonly number[], want: readonly number[]): void =>
        expect(generator.generate(language(), prompts, { maxNew: want.length, stop }), c.name).toEqual([want]);
      answer([], c['new_ids'] as number[]);
      answer(c['stop_ids'] as number[], c['new_ids_with_stop'] as number[]);
      tf.dispose([embeds, ...(pixels ? [pixels] : [])]);
    }
    generator.dispose();
  });

  test('a padded batch gives the reference logits, loss and gradients', async () => {
    for (const c of of('llava_batch')) {
      const batch = await openBatch(model, c);
      tf.tidy(() => {
        const last = batch.last(model);
        const present = tf.tensor2d(c['attention_mask'] as number[][]);
        check(
          'batched logits',
          c['logits'] as string,
          tf.mul(logitsOf(language(), last, model.config.text), tf.expandDims(present, -1)),
        );
        check('batched losses', c['loss'] as string, batch.loss(model));
        const keys = (c['grad'] ?? {}) as Record<string, string>;
        if (Object.keys(keys).length === 0) return;
        const found = gradientsOf(model, Object.keys(keys), batch.loss);
        Object.values(keys).forEach((key, i) => void check('batched gradients', key, found[i] as tf.Tensor));
      });
      batch.features.dispose();
    }
  });
});

type Batch = Readonly<{ features: tf.Tensor; last(model: Model): tf.Tensor; loss(model: Model): tf.Tensor }>;

/** A `llava_batch` case as functions of the model. */
async function openBatch(model: Model, c: Case): Promise<Batch> {
  const members = (c['members'] as string[]).map(
    (name) => model.golden.cases.find((other) => other.name === name) as Case,
  );
  const pixels = (await pixelsOf(members)) as tf.Tensor;
  const features = llavaFeatures(model.weights, pixels, model.config);
  pixels.dispose();
  const rows = c['input_ids'] as number[][];
  const last = (own: Model): tf.Tensor => {
    const places = tf.tensor2d((c['attention_mask'] as number[][]).map((row) => row.map((here, t) => (here ? t : -1))));
    const mask = seenMask(places, places, own.config.text.slidingWindow);
    const embeds = embeddings(own, rows, features, members.map(imagesIn));
    return decode(within(own.weights, LLAVA_PARTS.language), { embeds, mask }, own.config.text).last;
  };
  return { features, last, loss: (own) => lossOf(own, last(own), c['labels'] as number[][]).mean };
}

describeFolders('the chain from pixels to the loss', foldersWith('sea_end_to_end'), '%s, end to end', (name) => {
  test('the total loss from pixels to the adapter and the temperature is the reference', async () => {
    const golden = await openGolden(name);
    for (const c of golden.cases.filter(({ kind }) => kind === 'sea_end_to_end') as (Sea & {
      llava_case: string;
      v: string;
      t: string;
      images: string[];
      words: string[];
    })[]) {
      const [modelName, caseName] = splitReference(c.llava_case);
      const model = await openModel(modelName);
      const batch = await openBatch(model, model.golden.cases.find((other) => other.name === caseName) as Case);
      const { patches, words } = await pairOf(c);
      const check = (key: string, actual: tf.Tensor): void =>
        compare(`${name} end to end`, c.outputs[key] as string, actual, expected(golden, c.outputs[key] as string));
      tf.tidy(() => {
        const labels = labelsOf(tf.reshape(patches, [-1, patches.shape[2] as number]), words, c);
        const { images, windows, patches: count, all, kept } = pickedAs(golden, c, labels);
        const exactly = (key: string, values: ArrayLike<number>): void =>
          expect(Array.from(values), `${c.name} ${key}`).toEqual(
            Array.from(expected(golden, c.outputs[key] as string).values),
          );
        exactly('label_idx', labels.words);
        exactly(
          'picked_patch',
          all.flat().map((pick) => pick?.patch ?? -1),
        );
        exactly(
          'picked_label',
          all.flat().map((pick) => pick?.word ?? -1),
        );
        exactly(
          'kept_window',
          kept.map(({ image, window }) => image * windows + window),
        );
        exactly(
          'kept_label',
          kept.map(({ word }) => word),
        );
        const padded = padPicks(kept, images * windows, count);
        const table = model.weights[`${LLAVA_PARTS.language}model.embed_tokens.weight`] as tf.Tensor;
        const targets = takeRows(wordTargets(table, c.label_tokens), tf.tensor1d(padded.words, 'int32'));
        const align = (own: Model, logTau: tf.Tensor): tf.Tensor => {
          const tokens = visualTokens(own.weights, batch.features, own.config);
          const x = takeRows(tf.reshape(tokens, [-1, own.config.text.hidden]), tf.tensor1d(padded.rows, 'int32'));
          return alignment(x, targets, logTau, tf.tensor1d(padded.kept));
        };
        const logTau = asTensor(expected(golden, c.inputs['log_tau'] as string));
        const total = (own: Model, tau: tf.Tensor): tf.Tensor => totalLoss(batch.loss(own), align(own, tau), c.lambda);
        check('x_v', visualTokens(model.weights, batch.features, model.config));
        check('loss_a', align(model, logTau));
        check('loss_g', batch.loss(model));
        check('loss', total(model, logTau));
        check('grad_log_tau', tf.grad((tau) => total(model, tau))(logTau));
        const names = Object.keys(c.outputs)
          .filter((key) => key.startsWith('grad/'))
          .map((key) => key.slice('grad/'.length));
        const found = gradientsOf(model, names, (own) => total(own, logTau));
        names.forEach((key, i) => void check(`grad/${key}`, found[i] as tf.Tensor));
      });
    }
  });
});

/** The patches and word embeddings that the case takes from another folder, in the case's order. */
async function pairOf(c: {
  v: string;
  t: string;
  images: string[];
  words: string[];
}): Promise<{ patches: tf.Tensor; words: tf.Tensor }> {
  const [folder] = splitReference(c.v);
  const source = await openGolden(folder);
  const all = asTensor(await referred(c.v));
  const batch = source.cases.find(({ kind }) => kind === 'vision')?.['batch'] as string[];
  const listed = source.cases.find(({ kind }) => kind === 'text')?.['words'] as string[];
  const rows = (names: readonly string[], of: readonly string[]): tf.Tensor1D =>
    tf.tensor1d(
      names.map((item) => of.indexOf(item)),
      'int32',
    );
  return {
    patches: tf.gather(all, rows(c.images, batch)),
    words: tf.gather(asTensor(await referred(c.t)), rows(c.words, listed)),
  };
}
