import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { readConfigOf } from '../../data/checkpoint.ts';
import type { TowerConfig } from '../../data/config.ts';
import { type ChatRecord, imagesOf, readDataset } from '../../data/dataset.ts';
import { copyWithImageToken } from '../../data/image-token.ts';
import { atInputSize } from '../../data/input-size.ts';
import { readPreprocessor } from '../../data/preprocess.ts';
import { loadTokenizer } from '../../data/tokenizer.ts';
import { capture } from '../../engine/capture.ts';
import { decoderShapes } from '../../nn/decoder.ts';
import { projectorShapes } from '../../nn/projector.ts';
import { featureDim, featureGrid } from '../../nn/sight.ts';
import { towerShapes } from '../../nn/vit.ts';
import { prefixed, type Shapes, type Weights } from '../../nn/weights.ts';
import { adapterConfig } from '../../train/adapter.ts';
import { openHistory } from '../../train/history.ts';
import { describeLessons, type Lessons, planLessons } from '../../train/lessons.ts';
import { train } from '../../train/loop.ts';
import { groupsOf, scheduleOf } from '../../train/optimisation.ts';
import type { StepSpec } from '../../train/step.ts';
import { loadTower } from '../../train/tower-file.ts';
import { selectTrainable } from '../../train/trainable.ts';
import type { Job, Metrics } from '../kind.ts';
import { llavaConfig, writeModel } from './finish.ts';
import type { Params } from './kind.ts';
import { finetuneLoss, type ModelShape } from './objective.ts';
import { PARTS } from './parts.ts';
import { loadLanguage, loadOrStartAdapter } from './start.ts';
import { cachedInput, pixelInput, type VisualInput } from './visual-input.ts';

type FinetuneJob = Job<Params, 'languageModel' | 'encoder' | 'data' | 'features' | 'adapter', 'model'>;

export async function run(job: FinetuneJob): Promise<Metrics> {
  const held: tf.TensorContainer[] = []; // released however the stage ends: its process goes on to the next
  try {
    return await finetune(job, (tensors) => {
      held.push(tensors as tf.TensorContainer);
      return tensors;
    });
  } finally {
    tf.dispose(held);
  }
}

/** `hold` takes tensors that are released when the stage is over. */
type Hold = <T extends tf.Tensor | Weights>(tensors: T) => T;

async function finetune(job: FinetuneJob, hold: Hold): Promise<Metrics> {
  const { params, input, output } = job;
  const folders = {
    languageModel: input.languageModel as string,
    encoder: input.encoder as string,
    data: input.data as string,
  };
  const encoder = await readConfigOf(folders.encoder, 'encoder');
  const how = await readPreprocessor(folders.encoder);
  const vision = atInputSize<TowerConfig>(encoder.vision, how);
  const decoder = await readConfigOf(folders.languageModel, 'language-model');
  const records = await readDataset(folders.data);
  const imageToken = await copyWithImageToken(folders.languageModel, output.model);
  const { language, text } = await loadLanguage(folders.languageModel, decoder, imageToken);
  hold(language);
  const model: ModelShape = { text, vision, layer: params.layer, scales: params.scales };
  const shapes = shapesOf(model);
  const trainable = selectTrainable(params.trainable, Object.keys(shapes));
  selectTrainable(Object.keys(params.learningRates), Object.keys(shapes)); // a rate for nothing is a mistake
  const lessons = planLessons(records, params, {
    tokenizer: await loadTokenizer(folders.languageModel),
    template: params.conversation,
    turns: params.turns,
    tokens: featureGrid(model) ** 2,
    maxTokens: params.maxTokens,
    ...(text.slidingWindow === undefined ? {} : { slidingWindow: text.slidingWindow }),
  });
  job.log(describeLessons(lessons, records.length));

  const tower = hold(await loadTower(folders.encoder, vision));
  const images = imagesOf(records);
  const frozen = !trainable.some((name) => name.startsWith(PARTS.vision));
  const cached = frozen && input.features !== undefined;
  const visual =
    cached && input.features !== undefined
      ? await cachedInput(input.features, images, model)
      : await pixelInput(join(folders.data, 'images'), how, images, tower, model);
  try {
    hold(visual.sample);
    const { adapter, standard } = await loadOrStartAdapter(params, input.adapter, language, text, visual);
    const weights = hold({
      ...prefixed(PARTS.projector, adapter),
      ...prefixed(PARTS.language, language),
      ...standard,
    });
    const published = prefixed(PARTS.vision, tower);
    const spec = stepSpec(params, model, trainable, shapes);
    const { trained, metrics } = await trainModel(job, spec, cached ? weights : { ...weights, ...published }, {
      records,
      lessons,
      visual,
    });
    hold(trained);
    const origin = { encoder: folders.encoder, conversation: params.conversation };
    await writeModel(output.model, { ...published, ...trained }, llavaConfig(model, imageToken), origin);
    return metrics;
  } finally {
    visual.close();
  }
}

/** Names and shapes of everything that could train. */
function shapesOf(model: ModelShape): Shapes {
  const { text, vision } = model;
  return {
    ...prefixed(PARTS.projector, projectorShapes(adapterConfig(featureDim(model), text.hidden))),
    ...prefixed(PARTS.language, decoderShapes(text)),
    ...prefixed(PARTS.vision, towerShapes(vision)),
  };
}

function stepSpec(params: Params, model: ModelShape, trainable: readonly string[], shapes: Shapes): StepSpec {
  const own = Object.fromEntries(trainable.map((name) => [name, shapes[name] as readonly number[]]));
  return {
    trainable,
    groups: groupsOf(params, own, params.learningRates),
    clip: params.clip,
    accumulation: params.accumulate,
    loss: (weights, batch) => finetuneLoss(weights, batch, model),
  };
}

type Material = Readonly<{ records: readonly ChatRecord[]; lessons: Lessons; visual: VisualInput }>;

async function trainModel(
  { params, scratch, signal, progress }: FinetuneJob,
  spec: StepSpec,
  weights: Weights,
  { records, lessons, visual }: Material,
): Promise<{ trained: Weights; metrics: Metrics }> {
  const history = openHistory(scratch);
  const started = performance.now();
  let ran = 0;
  const trained = await train({
    weights,
    spec,
    schedule: scheduleOf(params, lessons.steps),
    batch: async (step, micro) => {
      const names = lessons.chosen(step, micro).map((i) => records[i]?.image);
      return { ...(await visual.take(names)), ...lessons.texts(step, micro) };
    },
    compile: capture,
    scratch: { folder: scratch, everySeconds: params.checkpointSeconds },
    signal,
    report: ({ step, of, losses, rate, norm }) => {
      ran++;
      const loss = losses['total'] as number;
      history.add(step, { loss });
      progress(step + 1, of, { loss, learningRate: rate * params.learningRate, norm });
    },
  });
  const seconds = (performance.now() - started) / 1000;
  const metrics = { ...history.lastFifth(lessons.steps), steps: lessons.steps };
  return { trained, metrics: { ...metrics, secondsPerStep: ran === 0 ? 0 : seconds / ran } };
}
