import * as tf from '@tensorflow/tfjs-core';
import { loadWeights, readConfigOf } from '../../data/checkpoint.ts';
import type { DecoderConfig } from '../../data/config.ts';
import { type ChatRecord, imagesOf, readDataset } from '../../data/dataset.ts';
import { loadTokenizer, type Tokenizer } from '../../data/tokenizer.ts';
import { capture } from '../../engine/capture.ts';
import type { TensorMap } from '../../nn/compile.ts';
import { decoderShapes, resolveHead } from '../../nn/decoder.ts';
import { prefixed, type Weights, weight, within } from '../../nn/weights.ts';
import { ProblemError } from '../../problem.ts';
import { adapterConfig, folded, PROJECTOR } from '../../train/adapter.ts';
import { writeAdapter } from '../../train/adapter-file.ts';
import { wordTargets } from '../../train/align.ts';
import { type AlignmentPairs, openAlignmentPairs, tokeniseWords } from '../../train/alignment-pairs.ts';
import { type CachedFeatures, openCachedFeatures } from '../../train/cached-features.ts';
import { openHistory } from '../../train/history.ts';
import { describeLessons, type Lessons, planLessons } from '../../train/lessons.ts';
import { train } from '../../train/loop.ts';
import { groupsOf, scheduleOf } from '../../train/optimisation.ts';
import { startAdapter } from '../../train/starting-adapter.ts';
import type { StepSpec } from '../../train/step.ts';
import type { Metrics, Run } from '../kind.ts';
import type { Params } from './kind.ts';
import { LANGUAGE, LOG_TEMPERATURE, pretrainLoss, TARGETS } from './objective.ts';

/** Images whose visual tokens set the scale of a fresh adapter. */
const SAMPLE = 50;

export const run: Run<Params, 'languageModel' | 'data' | 'features' | 'labels', 'adapter'> = async (job) => {
  const { params, input, output } = job;
  const config = await readConfigOf(input.languageModel as string, 'language-model');
  const tokenizer = await loadTokenizer(input.languageModel as string);
  const records = await readDataset(input.data as string);
  const images = imagesOf(records);
  const features = await openCachedFeatures(input.features as string, images);
  const held: Weights[] = []; // released however the stage ends: its process goes on to the next
  let pairs: AlignmentPairs | undefined;
  try {
    pairs = await openPairs(params, input.labels, features, images);
    const lessons = planLessons(records, params, {
      tokenizer,
      template: params.conversation,
      turns: 'dialogue',
      tokens: features.manifest.tokens,
      maxTokens: params.maxTokens,
    });
    job.log(describeLessons(lessons, records.length));
    const weights = await startingWeights(params, input.languageModel as string, config, features, images);
    const all = { ...weights, ...alignmentWeights(params, weights, tokenizer, pairs) };
    held.push(all);
    const { trained, metrics } = await trainAdapter(job, config, all, { records, lessons, features, pairs });
    const adapter = folded(within(trained, PROJECTOR), trained);
    held.push(trained, adapter);
    await writeAdapter(output.adapter, adapter, adapterConfig(features.manifest.dim, config.hidden), {
      layer: features.manifest.layer,
      ...(features.manifest.scales === undefined ? {} : { scales: features.manifest.scales }),
      conversation: params.conversation,
      languageFamily: config.family,
    });
    return metrics;
  } finally {
    tf.dispose(held as tf.TensorContainer[]);
    features.close();
    pairs?.close();
  }
};

async function openPairs(
  { seed, align }: Params,
  labels: string | undefined,
  features: CachedFeatures,
  images: readonly string[],
): Promise<AlignmentPairs | undefined> {
  if (align.weight === 0) return undefined;
  if (labels === undefined) {
    const message = `align.weight is ${align.weight}, but no labels are connected`;
    throw new ProblemError({
      code: 'labels-missing',
      message,
      hint: 'connect the labels of an extract-labels stage, or set align.weight: 0',
    });
  }
  const { window, edge, sample: choice, dedupe } = align;
  return openAlignmentPairs(labels, { seed, images, grid: features.manifest.grid, window, edge, choice, dedupe });
}

/** Frozen language model, fresh adapter and its standardisation, under the names of the step. */
async function startingWeights(
  { seed, projector }: Params,
  folder: string,
  config: DecoderConfig,
  features: CachedFeatures,
  images: readonly string[],
): Promise<Weights> {
  const language = resolveHead(await loadWeights(folder, { expect: decoderShapes(config) }), config);
  const sample = features.take(images.slice(0, SAMPLE));
  const { adapter, standard } = startAdapter(
    {
      seed,
      sample,
      ...(projector.standardise ? { statistics: features.manifest } : {}),
      ...(projector.gain === undefined ? {} : { gain: projector.gain }),
    },
    language,
    config,
  );
  sample.dispose();
  return { ...prefixed(LANGUAGE, language), ...prefixed(PROJECTOR, adapter), ...standard };
}

/** Word targets of the frozen embedding (Eq. 8) and the log temperature; none without alignment. */
function alignmentWeights(
  { align }: Params,
  weights: Weights,
  tokenizer: Tokenizer,
  pairs: AlignmentPairs | undefined,
): Weights {
  if (pairs === undefined) return {};
  const embedding = weight(weights, `${LANGUAGE}model.embed_tokens.weight`);
  return {
    [TARGETS]: wordTargets(embedding, tokeniseWords(tokenizer, pairs.words), align.target),
    [LOG_TEMPERATURE]: tf.scalar(Math.log(align.temperature.initial)),
  };
}

type Material = Readonly<{
  records: readonly ChatRecord[];
  lessons: Lessons;
  features: CachedFeatures;
  pairs: AlignmentPairs | undefined;
}>;

async function trainAdapter(
  job: Parameters<typeof run>[0],
  config: DecoderConfig,
  weights: Weights,
  { records, lessons, features, pairs }: Material,
): Promise<{ trained: Weights; metrics: Metrics }> {
  const { params, scratch, signal, progress } = job;
  const history = openHistory(scratch);
  const counts = new Map<number, number>(); // pairs of the step under way
  const batch = (step: number, micro: number): TensorMap => {
    const names = lessons.chosen(step, micro).map((i) => records[i]?.image);
    const drawn = pairs?.take(step, names);
    counts.set(step, (micro === 0 ? 0 : (counts.get(step) ?? 0)) + (drawn?.pairs ?? 0));
    return { features: features.take(names), ...lessons.texts(step, micro), ...drawn?.tensors };
  };
  const started = performance.now();
  let ran = 0;
  const trained = await train({
    weights,
    spec: stepSpec(params, config, weights),
    schedule: scheduleOf(params, lessons.steps),
    batch,
    compile: capture,
    scratch: { folder: scratch, everySeconds: params.checkpointSeconds },
    signal,
    report: ({ step, of, losses, rate, norm }) => {
      ran++;
      const values = {
        loss: losses['total'] as number,
        lossCaption: losses['caption'] as number,
        lossAlign: losses['align'] ?? 0,
        temperature: losses['temperature'] ?? params.align.temperature.initial,
        pairs: counts.get(step) ?? 0,
      };
      counts.delete(step);
      history.add(step, values);
      progress(step + 1, of, { ...values, learningRate: rate * params.learningRate, norm });
    },
  });
  const seconds = (performance.now() - started) / 1000;
  const metrics = { ...history.lastFifth(lessons.steps), steps: lessons.steps };
  return { trained, metrics: { ...metrics, secondsPerStep: ran === 0 ? 0 : seconds / ran } };
}

function stepSpec(params: Params, config: DecoderConfig, weights: Weights): StepSpec {
  const { align } = params;
  const adapts = Object.keys(weights).filter((name) => name.startsWith(PROJECTOR));
  const trainable = align.weight > 0 && align.temperature.learnable ? [...adapts, LOG_TEMPERATURE] : adapts;
  const shapes = Object.fromEntries(trainable.map((name) => [name, weight(weights, name).shape]));
  const { learningRate: temperatureRate } = align.temperature;
  return {
    trainable,
    groups: groupsOf(params, shapes, temperatureRate === undefined ? {} : { [LOG_TEMPERATURE]: temperatureRate }),
    clip: params.clip,
    accumulation: params.accumulate,
    loss: (all, batch) => pretrainLoss(all, batch, config, align.weight),
  };
}
