import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, expect, test } from 'vitest';
import type { TextConfig, VisionConfig } from '../../src/data/config.ts';
import { capture } from '../../src/engine/capture.ts';
import { openEngine } from '../../src/engine/open.ts';
import { densePatches, type Readout } from '../../src/nn/readout.ts';
import { textEmbeds, textShapes } from '../../src/nn/text.ts';
import { imageEmbeds, visionFeatures, visionHidden, visionShapes } from '../../src/nn/vit.ts';
import type { Weights } from '../../src/nn/weights.ts';
import { apart, normal, randomWeights } from './random-weights.ts';

beforeAll(async () => void (await openEngine()));

const base = { hidden: 8, layers: 2, heads: 2, intermediate: 16, layerNormEps: 1e-5, channels: 3 };
const clip: VisionConfig = {
  ...base,
  family: 'clip',
  activation: 'quick_gelu',
  imageSize: 8,
  patchSize: 4,
  projection: 6,
};
const siglip: VisionConfig = {
  ...base,
  family: 'siglip',
  activation: 'gelu_pytorch_tanh',
  imageSize: 9,
  patchSize: 4,
  projection: 8,
};
const text = {
  ...base,
  family: 'clip',
  activation: 'quick_gelu',
  vocab: 12,
  positions: 6,
  projection: 6,
  bos: 0,
  eos: 2,
  pad: 1,
} as const;

const pixelsOf = (config: VisionConfig): tf.Tensor => normal('pixels', [3, 3, config.imageSize, config.imageSize]);

test('for a single patch the value path is the whole attention', () => {
  const config: VisionConfig = { ...siglip, imageSize: 4 };
  const weights = randomWeights(visionShapes(config));
  const read = (readout: Readout): tf.Tensor => densePatches(weights, pixelsOf(config), config, readout);
  expect(apart(read('value'), read('projection'))).toBeLessThan(1e-5);
  expect(apart(read('surgery'), read('projection'))).toBeGreaterThan(1e-2); // it leaves the feed-forward out
});

test('where queries and keys are values and the feed-forward is nothing, surgery is the plain block', () => {
  for (const config of [clip, siglip]) {
    const name = `vision_model.encoder.layers.${config.layers - 1}`;
    const made = randomWeights(visionShapes(config));
    const weights: Record<string, tf.Tensor> = { ...made };
    for (const part of ['weight', 'bias']) {
      for (const map of ['q', 'k'])
        weights[`${name}.self_attn.${map}_proj.${part}`] = made[`${name}.self_attn.v_proj.${part}`] as tf.Tensor;
      weights[`${name}.mlp.fc2.${part}`] = tf.zerosLike(made[`${name}.mlp.fc2.${part}`] as tf.Tensor);
    }
    const read = (readout: Readout): tf.Tensor => densePatches(weights, pixelsOf(config), config, readout);
    expect(apart(read('surgery'), read('projection'))).toBeLessThan(1e-5);
    expect(apart(read('value'), read('projection'))).toBeGreaterThan(1e-3);
  }
});

test('features are the hidden state asked for, without the class token, and no later block is needed', () => {
  const made = randomWeights(visionShapes(clip));
  const weights = Object.fromEntries(
    Object.entries(made).filter(([name]) => !name.includes('layers.1') && !name.includes('post_')),
  );
  const hidden = visionHidden(made, pixelsOf(clip), clip);
  const features = visionFeatures(weights, pixelsOf(clip), clip, -2);
  expect(features.shape).toEqual([3, 4, 8]);
  expect(apart(features, tf.slice(hidden[1] as tf.Tensor, [0, 1, 0], [3, 4, 8]))).toBe(0);
  expect(() => visionFeatures(weights, pixelsOf(clip), clip, -4)).toThrow('layer -4 of a tower with 2 blocks');
});

test('an image of another size is refused with both sizes', () => {
  const weights = randomWeights(visionShapes(clip));
  expect(() => visionHidden(weights, normal('x', [1, 3, 9, 8]), clip)).toThrow(
    'pixels are [1,3,9,8], the tower reads [1,3,8,8]',
  );
});

test('a text is pooled at its first end, whatever follows', () => {
  const weights = randomWeights(textShapes(text));
  const embed = (row: number[], config: TextConfig): tf.Tensor =>
    textEmbeds(weights, tf.tensor2d([row], undefined, 'int32'), config);
  const own = { ...text, eos: 7 };
  expect(apart(embed([0, 3, 7, 7, 7, 7], own), embed([0, 3, 7, 5, 7, 4], own))).toBeLessThan(1e-6);
  // eos 2 is the old way to say: the highest id
  expect(apart(embed([0, 3, 11, 11, 11, 11], text), embed([0, 3, 11, 5, 2, 4], text))).toBeLessThan(1e-6);
  expect(apart(embed([0, 3, 7, 7, 7, 7], own), embed([0, 4, 7, 7, 7, 7], own))).toBeGreaterThan(1e-3);
});

test('a captured tower gives what the eager one gives, and neither leaves a tensor behind', () => {
  for (const config of [clip, siglip]) {
    const weights = randomWeights(visionShapes(config));
    const pixels = pixelsOf(config);
    const forward = (own: Weights, x: tf.Tensor) => ({
      image: imageEmbeds(own, visionHidden(own, x, config).at(-1) as tf.Tensor, config),
      dense: densePatches(own, x, config, 'surgery'),
    });
    const before = tf.memory().numTensors;
    const eager = tf.tidy(() => forward(weights, pixels));
    const program = capture(({ pixels: x, ...own }) => forward(own, x as tf.Tensor), { ...weights, pixels });
    const captured = program.run({ ...weights, pixels });
    expect(apart(captured['image'] as tf.Tensor, eager.image)).toBeLessThan(1e-5);
    expect(apart(captured['dense'] as tf.Tensor, eager.dense)).toBeLessThan(1e-5);
    program.dispose();
    tf.dispose([eager, captured]);
    expect(tf.memory().numTensors).toBe(before);
  }
});
