import * as tf from '@tensorflow/tfjs-core';
import type { EncoderConfig } from '../../data/config.ts';
import { epochOrder } from '../../data/order.ts';
import { type Preprocessor, parsePreprocessor, preprocessorJson } from '../../data/preprocess.ts';
import { stream } from '../../data/random.ts';
import type { Tokenizer } from '../../data/tokenizer.ts';
import { readWords } from '../../data/words.ts';
import { capture } from '../../engine/capture.ts';
import type { Weights } from '../../nn/weights.ts';
import { openHistory } from '../../train/history.ts';
import { train } from '../../train/loop.ts';
import type { Group, StepSpec } from '../../train/step.ts';
import type { Job, Metrics } from '../kind.ts';
import { initialWeights, QUICK } from './initialise.ts';
import type { Params } from './kind.ts';
import { retrieval } from './measure.ts';
import { encoderLoss } from './objective.ts';
import { type Pairs, pairBatch, patchesOf, pixelsOf } from './pairs.ts';
import { publishedWeights, writeEncoder } from './publish.ts';
import { loadPairs, readCaptions, textTokenizer } from './read.ts';
import { encoderConfig } from './towers.ts';

type EncoderJob = Job<Params, 'data' | 'words', 'encoder'>;

/** Images whose patches the first filters are drawn from; most images kept for retrieval. */
const [PATCH_IMAGES, HELD_OUT] = [500, 256];

export async function run(job: EncoderJob): Promise<Metrics> {
  const { params, input, output, log } = job;
  const folder = input.data as string;
  const captioned = await readCaptions(folder);
  const { words } = await readWords(input.words as string);
  const { files, tokenizer } = textTokenizer(params, captioned, words);
  const config = encoderConfig(params, markersOf(tokenizer));
  const pairs = await loadPairs(folder, captioned, tokenizer, params.text.positions);
  const { training, heldOut } = split(pairs, params.seed);
  const how = parsePreprocessor(preprocessorJson(params.family, params.imageSize), 'preprocessor_config.json');
  const fresh = freshWeights(params, config, training, how);
  const parameters = Object.values(fresh).reduce((sum, tensor) => sum + tensor.size, 0);
  const sizes = `${training.images.length} images, ${heldOut.images.length} more kept for retrieval`;
  log(`${params.family}: ${parameters} parameters; ${sizes}`);
  try {
    const { trained, metrics } = await trainTowers(job, config, fresh, training, how);
    const published = publishedWeights(trained, config, how, training, params.losses.mean > 0);
    tf.dispose(trained);
    const found = heldOut.images.length < 2 ? {} : { retrieval: await retrieval(published, config, how, heldOut) };
    await writeEncoder(output.encoder, config, published, files);
    tf.dispose(published);
    return { ...metrics, ...found, parameters };
  } finally {
    tf.dispose(fresh);
  }
}

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

/** The trained weights, which the caller disposes, and means over the last fifth of the steps. */
async function trainTowers(
  { params, scratch, signal, progress }: EncoderJob,
  config: EncoderConfig,
  weights: Weights,
  training: Pairs,
  how: Preprocessor,
): Promise<{ trained: Weights; metrics: Metrics }> {
  const history = openHistory(scratch);
  const count = training.images.length;
  const batchSize = Math.min(params.batchSize, count);
  const started = performance.now();
  let ran = 0;
  const trained = await train({
    weights,
    spec: stepSpec(params, config, Object.keys(weights)),
    schedule: { kind: 'cosine', totalSteps: params.steps, warmup: { steps: params.warmupSteps } },
    batch: (step) => {
      const chosen = epochOrder(params.seed, step, batchSize, count);
      return pairBatch(training, chosen, how, params.imageSize, params.seed, step);
    },
    compile: capture,
    scratch: { folder: scratch, everySeconds: params.checkpointSeconds },
    signal,
    report: ({ step, of, losses, rate, norm }) => {
      ran++;
      const values = { loss: losses['total'] as number, accuracy: 100 * (losses['accuracy'] as number) };
      history.add(step, values);
      progress(step + 1, of, { ...values, learningRate: rate * params.learningRate, norm });
    },
  });
  const secondsPerStep = (performance.now() - started) / 1000 / Math.max(1, ran);
  return { trained, metrics: { ...history.lastFifth(params.steps), steps: params.steps, secondsPerStep } };
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
