import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { saveCheckpoint } from '../../data/checkpoint-write.ts';
import type { EncoderConfig } from '../../data/config.ts';
import { epochOrder } from '../../data/order.ts';
import { type Preprocessor, parsePreprocessor, preprocessorJson } from '../../data/preprocess.ts';
import { stream } from '../../data/random.ts';
import type { Tokenizer } from '../../data/tokenizer.ts';
import { writeTokenizer } from '../../data/tokenizer-write.ts';
import { capture } from '../../engine/capture.ts';
import { type Weights, weight } from '../../nn/weights.ts';
import { train } from '../../train/loop.ts';
import type { Group, StepSpec } from '../../train/step.ts';
import type { Run } from '../kind.ts';
import { folded } from './calibrate.ts';
import { initialWeights, QUICK } from './initialise.ts';
import type { Params } from './kind.ts';
import { retrieval, spaceStatistics } from './measure.ts';
import { encoderLoss } from './objective.ts';
import { type Pairs, pairBatch, patchesOf, pixelsOf } from './pairs.ts';
import { listedWords, loadPairs, readCaptions, textTokenizer } from './read.ts';
import { encoderConfig } from './towers.ts';

/** Images whose patches the first filters are drawn from; images that the space is centred on; most images kept for retrieval. */
const [PATCH_IMAGES, CENTRE_IMAGES, HELD_OUT] = [500, 2000, 256];

export const run: Run<Params, 'data' | 'words', 'encoder'> = async ({
  params,
  input,
  output,
  scratch,
  signal,
  progress,
  log,
}) => {
  const folder = input.data as string;
  const captioned = await readCaptions(folder);
  const { files, tokenizer } = textTokenizer(params, captioned, await listedWords(input.words as string));
  const { training, heldOut } = split(
    await loadPairs(folder, captioned, tokenizer, params.text.positions),
    params.seed,
  );
  const config = encoderConfig(params, markersOf(tokenizer));
  const how = parsePreprocessor(preprocessorJson(params.family, params.imageSize), 'preprocessor_config.json');
  const fresh = freshWeights(params, config, training, how);
  const parameters = Object.values(fresh).reduce((sum, tensor) => sum + tensor.size, 0);
  log(
    `${params.family}: ${parameters} parameters; ${training.images.length} images, ${heldOut.images.length} kept for retrieval`,
  );

  const started = performance.now();
  const batchSize = Math.min(params.batchSize, training.images.length);
  let last: Readonly<Record<string, number>> = {};
  const weights = await train({
    weights: fresh,
    spec: stepSpec(params, config, Object.keys(fresh)),
    schedule: { kind: 'cosine', totalSteps: params.steps, warmup: { steps: params.warmupSteps } },
    batch: (step) => {
      const chosen = epochOrder(params.seed, step, batchSize, training.images.length);
      return pairBatch(training, chosen, how, params.imageSize, params.seed, step);
    },
    compile: capture,
    scratch: { folder: scratch, everySeconds: params.checkpointSeconds },
    signal,
    report: ({ step, of, losses, rate, norm }) => {
      last = { loss: losses['total'] as number, accuracy: 100 * (losses['accuracy'] as number) };
      progress(step + 1, of, { ...last, learningRate: rate * params.learningRate, norm });
    },
  });
  const seconds = (performance.now() - started) / 1000;
  const published = publish(weights, params, config, how, training);
  const found = heldOut.images.length < 2 ? {} : { retrieval: await retrieval(published, config, how, heldOut) };
  await saveCheckpoint(output.encoder, config, published);
  await writeTokenizer(output.encoder, files);
  await writePreprocessor(output.encoder, params);
  tf.dispose([fresh, weights, published]);
  return { ...last, ...found, steps: params.steps, secondsPerStep: seconds / params.steps, parameters };
};

function markersOf({ vocabSize, bos, eos, pad }: Tokenizer) {
  if (eos === undefined || pad === undefined) throw new Error('a text tower needs an end and a padding token');
  return { vocab: vocabSize, bos: bos ?? pad, eos, pad };
}

/** Every tenth image at most, and no more than HELD_OUT, is kept away from training. */
function split({ images, captions }: Pairs, seed: number): Readonly<{ training: Pairs; heldOut: Pairs }> {
  const order = stream(seed, 'split').shuffle(images.map((_, i) => i));
  const kept = Math.min(HELD_OUT, Math.floor(images.length / 10));
  const pick = (indices: readonly number[]): Pairs => ({
    images: indices.map((i) => images[i] as Pairs['images'][number]),
    captions: indices.map((i) => captions[i] as Pairs['captions'][number]),
  });
  return { training: pick(order.slice(kept)), heldOut: pick(order.slice(0, kept)) };
}

function freshWeights(
  params: Params,
  config: EncoderConfig,
  training: Pairs,
  how: Preprocessor,
): Record<string, tf.Tensor> {
  const pixels = pixelsOf(training.images.slice(0, PATCH_IMAGES), how, params.imageSize);
  const patches = patchesOf(pixels, params.patchSize);
  const weights = initialWeights(config, params.seed, patches);
  tf.dispose([pixels, patches]);
  return weights;
}

function stepSpec(params: Params, config: EncoderConfig, names: readonly string[]): StepSpec {
  const muon = (match: string, share = 1): Group => ({
    match: [match],
    optimiser: 'muon',
    rate: params.muonLearningRate * share,
  });
  const adamw = { optimiser: 'adamw', rate: params.learningRate, beta1: 0.9, beta2: 0.98 } as const;
  // with quick_gelu the two feed-forward matrices have another natural size, and so another step
  const quick = config.family === 'clip' ? QUICK : 1;
  return {
    trainable: names,
    groups: [
      muon('*.layers.*.self_attn.*_proj.weight'),
      muon('*.layers.*.mlp.fc1.weight', 1 / quick),
      muon('*.layers.*.mlp.fc2.weight', quick),
      { match: ['*bias*', '*norm*', 'scale.*', '*class_embedding'], ...adamw },
      { match: ['*'], ...adamw, weightDecay: params.weightDecay },
    ],
    clip: 1,
    loss: (weights, { pixels, ids }) => {
      const { loss, accuracy } = encoderLoss(weights, pixels as tf.Tensor, ids as tf.Tensor, config, params.losses);
      return { total: loss, parts: { accuracy } };
    },
  };
}

/** The weights as transformers has them: centring folded in, the scalars of the published loss under their names. */
function publish(
  weights: Weights,
  params: Params,
  config: EncoderConfig,
  how: Preprocessor,
  training: Pairs,
): Record<string, tf.Tensor> {
  const sample: Pairs = {
    images: training.images.slice(0, CENTRE_IMAGES),
    captions: training.captions.slice(0, CENTRE_IMAGES),
  };
  return tf.tidy(() => {
    const { image, text } = spaceStatistics(weights, config, how, sample, params.losses.mean > 0);
    const towers = Object.entries(weights).filter(([name]) => name.startsWith('vision') || name.startsWith('text'));
    const scale = weight(weights, 'scale.global');
    const scalars =
      config.family === 'clip'
        ? { logit_scale: tf.clone(scale) }
        : { logit_scale: tf.reshape(scale, [1]), logit_bias: tf.reshape(weight(weights, 'bias.global'), [1]) };
    const kept = Object.fromEntries(towers.map(([name, tensor]) => [name, tf.clone(tensor)]));
    return { ...kept, ...folded(weights, config, image, text), ...scalars };
  });
}

async function writePreprocessor(folder: string, { family, imageSize }: Params): Promise<void> {
  await mkdir(folder, { recursive: true });
  await writeFile(
    join(folder, 'preprocessor_config.json'),
    `${JSON.stringify(preprocessorJson(family, imageSize), null, 2)}\n`,
  );
}
