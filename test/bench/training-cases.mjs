// The training steps of experiments/mini.yaml, and of a decoder of 20M parameters, on drawn data of the same shapes: the
// losses of the stages themselves, their optimiser groups, and what a twin elsewhere needs to do the same.
import * as tf from '@tensorflow/tfjs-core';
import { IGNORE, IMAGE_ID } from '../../dist/data/conversation.js';
import { stream } from '../../dist/data/random.js';
import { prefixed, within } from '../../dist/nn/weights.js';
import { finetuneLoss } from '../../dist/stages/finetune/objective.js';
import { PARTS } from '../../dist/stages/finetune/parts.js';
import { LANGUAGE, LOG_TEMPERATURE, pretrainLoss, TARGETS } from '../../dist/stages/pretrain/objective.js';
import { initialWeights as encoderWeights, QUICK } from '../../dist/stages/train-encoder/initialise.js';
import { encoderLoss } from '../../dist/stages/train-encoder/objective.js';
import { encoderConfig } from '../../dist/stages/train-encoder/towers.js';
import { initialWeights as decoderWeights } from '../../dist/stages/train-language-model/architecture.js';
import { languageLoss } from '../../dist/stages/train-language-model/objective.js';
import { adapterConfig, freshAdapter, PROJECTOR, standardisation } from '../../dist/train/adapter.js';
import { textTensors } from '../../dist/train/generation.js';
import { groupsOf } from '../../dist/train/optimisation.js';
import { groupOf } from '../../dist/train/trainable.js';

/** What the mini stages log: visual tokens and their width, padded lengths, targets of a batch, words with labels. */
const mini = { batch: 32, patches: 64, dim: 128, length1: 96, length2: 152, targets: 584, words: 328 };

const decoder = (changes) => ({
  ...{ family: 'gemma', vocab: 700, hidden: 64, layers: 3, heads: 4, kvHeads: 1, headDim: 16, intermediate: 192 },
  ...{ activation: 'gelu_pytorch_tanh', ropeTheta: 10000, rmsEps: 1e-6, tied: true, maxPositions: 512, eos: [2] },
  dtype: 'float32',
  ...changes,
});
const large = {
  ...{ family: 'llama', vocab: 8192, hidden: 384, layers: 8, heads: 6, kvHeads: 6, headDim: 64, intermediate: 1024 },
  ...{ activation: 'silu', rmsEps: 1e-5, tied: false },
};

const tiny = { ...mini, batch: 2, targets: 36 };

/** @typedef {{ weights: object, batch: object, spec: object, twin: object }} Case `batch`: tensors of one batch */

/** The cases by name; `smoke` has the same parts in tiny sizes. */
export const cases = {
  'stage 1': (smoke) => stageOne(smoke ? tiny : mini, 0),
  'stage 1, SEA': (smoke) => stageOne(smoke ? tiny : mini, 1),
  'stage 2': (smoke) => stageTwo(smoke ? tiny : mini, false),
  'stage 2, encoder': (smoke) => stageTwo(smoke ? tiny : mini, true),
  encoder: (smoke) => encoder(smoke ? 4 : 64),
  language: (smoke) => language(decoder({}), smoke ? [2, 16] : [16, 128]),
  '20M decoder': (smoke) =>
    language(decoder(smoke ? { ...large, layers: 1, vocab: 512 } : large), smoke ? [1, 16] : [4, 128]),
};

/** Optimiser settings of every parameter that trains, as the twin reads them. */
export function optimisersOf({ trainable, groups }) {
  return Object.fromEntries(
    trainable.map((name) => {
      const { match: _, ...settings } = groupOf(groups, name);
      return [name, settings];
    }),
  );
}

const drawn = (name, shape, draw) => {
  const random = stream(1, 'bench', name);
  return tf.tensor(
    Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => draw(random)),
    shape,
  );
};
const normal = (name, shape) => drawn(name, shape, (random) => random.normal());
const whole = (name, shape, below) => drawn(name, shape, (random) => random.int(below)).toInt();

const adam = { accumulate: 1, weightDecay: 0, clip: 1, betas: [0.9, 0.999] };

function specOf(params, weights, trainable, loss, rates = {}) {
  const shapes = Object.fromEntries(trainable.map((name) => [name, weights[name].shape]));
  return { loss, trainable, groups: groupsOf({ ...adam, ...params }, shapes, rates), clip: 1 };
}

function adapterWeights({ dim }, hidden) {
  const vector = (value) => new Float32Array(dim).fill(value);
  return {
    ...prefixed(PROJECTOR, freshAdapter(1, adapterConfig(dim, hidden))),
    ...standardisation({ mean: vector(0.1), std: vector(0.9) }),
  };
}

/** An image at the start, then turns of which the tail is to be learnt; `turns` of them see the image and themselves alone. */
function texts({ batch, patches, targets }, length, vocab, turns) {
  const random = stream(1, 'bench', 'texts');
  const each = Math.floor(targets / batch);
  const sequences = Array.from({ length: batch }, () => {
    const shared = turns === 0 ? length : patches + 4;
    const segment = (at) => (at < shared ? 0 : 1 + Math.floor(((at - shared) * turns) / (length - shared)));
    const segments = Array.from({ length }, (_, at) => segment(at));
    const ids = Array.from({ length }, (_, at) => (at > 0 && at <= patches ? IMAGE_ID : 3 + random.int(vocab - 3)));
    const labels = ids.map((id, at) => (at >= length - each ? id : IGNORE));
    const positions = segments.map((own, at) => (own === 0 ? at : shared + at - segments.indexOf(own)));
    return { ids, labels, segments, positions };
  });
  const options = { tokens: patches, pad: 0, packed: turns > 0, share: 1 / (each * batch) };
  return textTensors(sequences, { length, targets, most: each }, options);
}

/** @returns {Case} */
function stageOne(sizes, lambda) {
  const config = decoder({});
  const align = {
    [TARGETS]: normal('targets', [sizes.words, config.hidden]),
    [LOG_TEMPERATURE]: tf.scalar(Math.log(0.07)),
  };
  const weights = {
    ...prefixed(LANGUAGE, decoderWeights(config, 1)),
    ...adapterWeights(sizes, config.hidden),
    ...(lambda === 0 ? {} : align),
  };
  const adapts = Object.keys(weights).filter((name) => name.startsWith(PROJECTOR));
  const trainable = lambda === 0 ? adapts : [...adapts, LOG_TEMPERATURE];
  // one patch of every 2 x 2 window, no word twice
  const pairs = Math.min((sizes.batch * sizes.patches) / 4, sizes.words);
  const chosen = {
    rows: whole('rows', [pairs], sizes.batch * sizes.patches),
    words: tf.range(0, pairs, 1, 'int32'),
    kept: tf.concat([tf.ones([pairs - 8]), tf.zeros([8])]),
  };
  return {
    weights,
    batch: {
      features: normal('features', [sizes.batch, sizes.patches, sizes.dim]),
      ...texts(sizes, sizes.length1, config.vocab, 0),
      ...(lambda === 0 ? {} : chosen),
    },
    spec: specOf({ learningRate: 4e-3 }, weights, trainable, (all, x) => pretrainLoss(all, x, config, lambda)),
    twin: { loss: 'pretrain', config, lambda },
  };
}

/** `through`: the encoder trains as well, so the step begins at pixels. @returns {Case} */
function stageTwo(sizes, through) {
  const text = decoder({ vocab: 701 });
  const config = clip();
  const model = { text, vision: config.vision, layer: -2, scales: [1] };
  const tower = within(encoderWeights(config, 1, normal('patches', [400, 192])), 'vision_model.');
  const weights = {
    ...prefixed(LANGUAGE, decoderWeights(text, 1)),
    ...adapterWeights(sizes, text.hidden),
    ...(through ? prefixed(`${PARTS.vision}vision_model.`, tower) : {}),
  };
  const trainable = Object.keys(weights).filter((name) => !name.startsWith('standardise.'));
  const params = { learningRate: 1e-3, betas: [0.9, 0.99] };
  const rates = { 'projector.*': 4e-3, 'vision.*': 3e-4 };
  const images = through
    ? { pixels: normal('pixels', [sizes.batch, 64, 64, 3]) }
    : { features: normal('features', [sizes.batch, sizes.patches, sizes.dim]) };
  return {
    weights,
    batch: { ...images, ...texts(sizes, sizes.length2, text.vocab, 4) },
    spec: specOf(params, weights, trainable, (all, x) => finetuneLoss(all, x, model), rates),
    twin: { loss: 'finetune', config: text, vision: config.vision },
  };
}

/** @returns {Case} */
function language(config, [rows, length]) {
  const weights = decoderWeights(config, 1);
  const adamw = { optimiser: 'adamw', rate: 0.5 / config.hidden, beta1: 0.9, beta2: 0.95 };
  return {
    weights,
    batch: {
      ids: whole('ids', [rows, length], config.vocab),
      next: whole('next', [rows, length], config.vocab),
      weights: drawn('share', [rows, length], (random) => 1 + 3 * random.int(2)),
    },
    spec: {
      loss: (all, x) => ({ total: languageLoss(all, x, config) }),
      trainable: Object.keys(weights),
      groups: [
        { match: ['*norm.weight'], ...adamw },
        { match: ['*'], ...adamw, weightDecay: 0.05 },
      ],
      clip: 1,
    },
    twin: { loss: 'language', config },
  };
}

/** The encoder's configuration with its default sizes. */
function clip() {
  const vision = { heads: 4, layers: 2, hidden: 128, intermediate: 256 };
  const text = { heads: 4, layers: 1, hidden: 96, intermediate: 384, positions: 32 };
  const params = { family: 'clip', imageSize: 64, patchSize: 8, projection: 64, vision, text };
  return encoderConfig(params, { vocab: 340, bos: 1, eos: 339, pad: 0 });
}

/** @returns {Case} */
function encoder(batch) {
  const config = clip();
  const weights = encoderWeights(config, 1, normal('patches', [400, 192]));
  const muon = (match, share) => ({ match: [match], optimiser: 'muon', rate: 0.02 * share });
  const adamw = { optimiser: 'adamw', rate: 2e-3, beta1: 0.9, beta2: 0.98 };
  // eleven words and the end of text, which also pads
  const ids = tf.concat([whole('captions', [batch, 11], 338), tf.fill([batch, 21], 339, 'int32')], 1);
  return {
    weights,
    batch: { pixels: normal('pixels', [batch, 64, 64, 3]), ids },
    spec: {
      trainable: Object.keys(weights),
      groups: [
        muon('*.layers.*.self_attn.*_proj.weight', 1),
        muon('*.layers.*.mlp.fc1.weight', 1 / QUICK),
        muon('*.layers.*.mlp.fc2.weight', QUICK),
        { match: ['*bias*', '*norm*', 'scale.*', '*class_embedding'], ...adamw },
        { match: ['*'], ...adamw, weightDecay: 0.02 },
      ],
      clip: 1,
      loss: (all, x) => {
        const { loss, accuracy } = encoderLoss(all, x.pixels, x.ids, config, { global: 1, mean: 1, pooled: 1 });
        return { total: loss, parts: { accuracy } };
      },
    },
    twin: { loss: 'encoder', config },
  };
}
