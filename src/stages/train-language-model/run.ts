import * as tf from '@tensorflow/tfjs-core';
import { trainBytePairs } from '../../data/bpe.ts';
import { saveCheckpoint } from '../../data/checkpoint-write.ts';
import type { DecoderConfig } from '../../data/config.ts';
import { epochOrder } from '../../data/order.ts';
import type { TemplateName } from '../../data/template.ts';
import {
  bytePairFiles,
  type SpecialTokens,
  specialList,
  tokenizerOf,
  writeTokenizer,
} from '../../data/tokenizer-write.ts';
import { capture } from '../../engine/capture.ts';
import type { Weights } from '../../nn/weights.ts';
import { openHistory } from '../../train/history.ts';
import { train } from '../../train/loop.ts';
import type { Group, StepSpec } from '../../train/step.ts';
import type { Job, Metrics } from '../kind.ts';
import { decoderConfig, initialWeights } from './architecture.ts';
import { readCorpus } from './corpus.ts';
import { heldOutAccuracy } from './evaluate.ts';
import type { Params } from './kind.ts';
import { languageLoss } from './objective.ts';
import { batchOf, packRows, type Rows } from './rows.ts';

type LanguageJob = Job<Params, 'corpus', 'model'>;

const SPECIAL: SpecialTokens = {
  pad: '<pad>',
  bos: '<s>',
  eos: '</s>',
  unk: '<unk>',
  more: ['<|user|>', '<|assistant|>'],
};

/** How dialogues are written in the corpus. */
const TEMPLATE: TemplateName = 'short';

export async function run(job: LanguageJob): Promise<Metrics> {
  const { params, input, output, log } = job;
  const { documents, heldOut } = await readCorpus(input.corpus as string);
  const pairs = trainBytePairs(documents, params.symbols, specialList(SPECIAL));
  const files = bytePairFiles(pairs, SPECIAL, params.maxPositions);
  const tokenizer = tokenizerOf(files);
  const config = decoderConfig(params, tokenizer);
  const rows = packRows(documents, tokenizer, params.length, params.answerWeight);
  const fresh = initialWeights(config, params.seed);
  const parameters = Object.values(fresh).reduce((sum, tensor) => sum + tensor.size, 0);
  const sizes = `${documents.length} documents in ${rows.count} rows of ${rows.length} tokens`;
  log(`${config.family}: ${parameters} parameters, ${tokenizer.vocabSize} symbols; ${sizes}`);
  try {
    const { trained, metrics } = await trainDecoder(job, config, fresh, rows);
    const accuracy = await heldOutAccuracy(trained, config, tokenizer, heldOut);
    await saveCheckpoint(output.model, config, trained, { extra: { conversation_template: TEMPLATE } });
    await writeTokenizer(output.model, files);
    tf.dispose(trained);
    return { ...accuracy, ...metrics, parameters };
  } finally {
    tf.dispose(fresh);
  }
}

/** The trained weights, which the caller disposes, and means over the last fifth of the steps. */
async function trainDecoder(
  { params, scratch, signal, progress }: LanguageJob,
  config: DecoderConfig,
  weights: Weights,
  rows: Rows,
): Promise<{ trained: Weights; metrics: Metrics }> {
  const history = openHistory(scratch);
  const started = performance.now();
  let ran = 0;
  const trained = await train({
    weights,
    spec: stepSpec(params, config, Object.keys(weights)),
    schedule: { kind: 'cosine', totalSteps: params.steps, warmup: { steps: params.warmupSteps }, floor: 0.05 },
    batch: (step) => batchOf(rows, epochOrder(params.seed, step, params.batchSize, rows.count)),
    compile: capture,
    scratch: { folder: scratch, everySeconds: params.checkpointSeconds },
    signal,
    report: ({ step, of, losses, rate, norm }) => {
      ran++;
      const loss = losses['total'] as number;
      history.add(step, { loss });
      progress(step + 1, of, { loss, learningRate: rate * learningRate(params), norm });
    },
  });
  const secondsPerStep = (performance.now() - started) / 1000 / Math.max(1, ran);
  return { trained, metrics: { ...history.lastFifth(params.steps), steps: params.steps, secondsPerStep } };
}

function learningRate({ learningRate: stated, hidden }: Params): number {
  return stated ?? 0.5 / hidden;
}

function stepSpec(params: Params, config: DecoderConfig, names: readonly string[]): StepSpec {
  const [beta1, beta2] = params.betas as [number, number];
  const adamw = { optimiser: 'adamw', rate: learningRate(params), beta1, beta2 } as const;
  const { muonLearningRate: rate } = params;
  const muon: Group[] = rate === undefined ? [] : [{ match: ['*.layers.*_proj.weight'], optimiser: 'muon', rate }];
  return {
    trainable: names,
    groups: [
      ...muon,
      { match: ['*norm.weight'], ...adamw },
      { match: ['*'], ...adamw, weightDecay: params.weightDecay },
    ],
    clip: 1,
    loss: (weights, batch) => ({ total: languageLoss(weights, batch, config) }),
  };
}
