import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, test } from 'vitest';
import { loadWeights, readConfigOf, readPairedConfig } from '../../src/data/checkpoint.ts';
import type { EncoderConfig } from '../../src/data/config.ts';
import { openEngine } from '../../src/engine/open.ts';
import { pairShapes } from '../../src/nn/pair.ts';
import { densePatches } from '../../src/nn/readout.ts';
import { resized, s2Features } from '../../src/nn/s2.ts';
import { textEmbeds, textLastHidden } from '../../src/nn/text.ts';
import { imageEmbeds, patchTokens, postNorm, towerShapes, visionFeatures, visionHidden } from '../../src/nn/vit.ts';
import { type Weights, weight } from '../../src/nn/weights.ts';
import { cosines, unitRows } from '../../src/train/losses.ts';
import { compare, printWorstAtEnd } from './bound.ts';
import { asTensor, type Case, describeFolders, expected, foldersWith, type Golden, openGolden } from './golden.ts';

printWorstAtEnd();
beforeAll(async () => void (await openEngine()));

async function openEncoder(folder: string): Promise<{ config: EncoderConfig; weights: Weights }> {
  const config = await readPairedConfig(folder);
  return { config, weights: await loadWeights(folder, { expect: pairShapes(config) }) };
}

describeFolders('paired encoders', foldersWith('vision', 'text', 'similarity'), '%s', (name) => {
  let golden: Golden;
  let config: EncoderConfig;
  let weights: Weights;
  beforeAll(async () => {
    golden = await openGolden(name);
    ({ config, weights } = await openEncoder(golden.folder));
  });
  const of = (kind: string): readonly Case[] => golden.cases.filter((c) => c.kind === kind);
  const check = (family: string, key: string, actual: tf.Tensor): void =>
    compare(`${name} ${family}`, key, actual, expected(golden, key));
  const pixelsOf = (c: Case): tf.Tensor =>
    tf.stack((c['inputs'] as string[]).map((key) => asTensor(expected(golden, key))));

  test('hidden states, image embeddings and dense patches are the reference', () => {
    for (const c of of('vision')) {
      tf.tidy(() => {
        const pixels = pixelsOf(c);
        const hidden = visionHidden(weights, pixels, config.vision);
        (c['hidden_states'] as string[]).forEach(
          (key, i) => void check('vision hidden states', key, hidden[i] as tf.Tensor),
        );
        const last = hidden.at(-1) as tf.Tensor;
        check('image embeds', c['image_embeds'] as string, imageEmbeds(weights, last, config.vision));
        const dense = densePatches(weights, pixels, config.vision, 'projection');
        for (const key of ['patch_embeds', 'patch_head']) {
          if (typeof c[key] === 'string') check('dense patches', c[key], dense);
        }
        const norm = c['patch_post_layernorm'];
        if (typeof norm === 'string')
          check('post_layernorm', norm, patchTokens(postNorm(weights, last, config.vision), config.vision));
        const channelsLast = visionHidden(
          weights,
          tf.transpose(pixels, [0, 2, 3, 1]),
          config.vision,
          0,
        )[0] as tf.Tensor;
        check('channels last', (c['hidden_states'] as string[])[0] as string, channelsLast);
      });
    }
  });

  test('text states and embeddings are the reference', () => {
    for (const c of of('text')) {
      tf.tidy(() => {
        const ids = asTensor(expected(golden, c['ids'] as string));
        const embeds = textEmbeds(weights, ids, config.text);
        check('text embeds', c['embeds'] as string, embeds);
        check('text embeds', c['normalized'] as string, unitRows(embeds));
        const key = c['last_hidden'];
        if (typeof key !== 'string') return;
        const some = tf.slice(ids, [0, 0], [expected(golden, key).shape[0] as number, -1]);
        check('text states', key, textLastHidden(weights, some, config.text));
      });
    }
  });

  test('similarities of images, patches and words are the reference', () => {
    for (const c of of('similarity')) {
      tf.tidy(() => {
        const [vision, read] = [of('vision')[0], of('text')[0]] as [Case, Case];
        const pixels = tf.gather(pixelsOf(vision), places(c['images'], vision['batch']));
        const ids = asTensor(expected(golden, read['ids'] as string));
        const text = textEmbeds(weights, tf.gather(ids, places(c['words'], read['words'])), config.text);
        const image = imageEmbeds(
          weights,
          visionHidden(weights, pixels, config.vision).at(-1) as tf.Tensor,
          config.vision,
        );
        const scaled = tf.mul(cosines(image, text), tf.exp(weight(weights, 'logit_scale')));
        check(
          'logits per image',
          c['logits_per_image'] as string,
          config.family === 'siglip' ? tf.add(scaled, weight(weights, 'logit_bias')) : scaled,
        );
        const dense = densePatches(weights, pixels, config.vision, 'projection');
        const [batch, patches, dim] = dense.shape as [number, number, number];
        const cos = tf.reshape(cosines(tf.reshape(dense, [batch * patches, dim]), text), [batch, patches, -1]);
        check('patch-word cosines', c['patch_word_cos'] as string, cos);
      });
    }
  });
});

/** Where the names of a case stand in the list of the case that they are taken from. */
function places(names: unknown, list: unknown): tf.Tensor1D {
  const at = (name: string): number => (list as string[]).indexOf(name);
  return tf.tensor1d((names as string[]).map(at), 'int32');
}

describeFolders('vision-only encoders', foldersWith('vision-only'), '%s', (name) => {
  test('hidden states are the reference, at the trained size and at others', async () => {
    const golden = await openGolden(name);
    const { vision } = await readConfigOf(golden.folder, 'encoder');
    if (!('trainedSize' in vision)) throw new Error(`${name} has a text tower`);
    const weights = await loadWeights(golden.folder, { expect: towerShapes(vision) });
    for (const c of golden.cases.filter(({ kind }) => kind === 'vision-only')) {
      const config = { ...vision, imageSize: c['size'] as number };
      tf.tidy(() => {
        const pixels = tf.stack((c['inputs'] as string[]).map((key) => asTensor(expected(golden, key))));
        const hidden = visionHidden(weights, pixels, config);
        const keys = c['hidden_states'] as string[];
        if (hidden.length !== keys.length) throw new Error(`${hidden.length} hidden states, not ${keys.length}`);
        keys.forEach((key, i) => {
          compare(`${name} vision hidden states`, key, hidden[i] as tf.Tensor, expected(golden, key));
        });
      });
    }
  });
});

describeFolders('features at several scales', foldersWith('s2'), '%s', (name) => {
  test('features at several scales and the resized images are the reference', async () => {
    const golden = await openGolden(name);
    const { config, weights } = await openEncoder(join(golden.folder, golden.notes['tower'] as string));
    const layer = Number(/hidden state (-?\d+)/.exec(golden.notes['feature'] as string)?.[1]);
    for (const c of golden.cases.filter(({ kind }) => kind === 's2')) {
      tf.tidy(() => {
        const input = asTensor(expected(golden, c['input'] as string));
        for (const [size, key] of Object.entries(c['resized'] as Record<string, string>)) {
          compare('s2 resized', key, resized(input, Number(size)), expected(golden, key));
        }
        const encode = (tiles: tf.Tensor): tf.Tensor => visionFeatures(weights, tiles, config.vision, layer);
        const features = s2Features(encode, input, { sizes: c['sizes'] as number[], tile: c['tile'] as number });
        compare('s2 features', c['output'] as string, features, expected(golden, c['output'] as string));
      });
    }
  });
});
