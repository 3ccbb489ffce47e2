import * as tf from '@tensorflow/tfjs-core';
import { trainBytePairs } from '../../data/bpe.ts';
import { saveCheckpoint } from '../../data/checkpoint-write.ts';
import type { DecoderConfig } from '../../data/config.ts';
import { epochOrder } from '../../data/order.ts';
import {
  bytePairFiles,
  type SpecialTokens,
  specialList,
  tokenizerOf,
  writeTokenizer,
} from '../../data/tokenizer-write.ts';
import { capture } from '../../engine/capture.ts';
import type { TensorMap } from '../../nn/compile.ts';
import { decode, embedTokens, headMatrix } from '../../nn/decoder.ts';
import type { Weights } from '../../nn/weights.ts';
import { train } from '../../train/loop.ts';
import { headCrossEntropy, weightedMean } from '../../train/losses.ts';
import type { StepSpec } from '../../train/step.ts';
import type { Run } from '../kind.ts';
import { decoderConfig, initialWeights } from './architecture.ts';
import { readCorpus } from './corpus.ts';
import { heldOutAccuracy } from './evaluate.ts';
import type { Params } from './kind.ts';
import { packRows, type Rows } from './rows.ts';

const SPECIAL: SpecialTokens = {
  pad: '<pad>',
  bos: '<s>',
  eos: '</s>',
  unk: '<unk>',
  more: ['<|user|>', '<|assistant|>'],
};

export const run: Run<Params, 'corpus', 'model'> = async ({
  params,
  input,
  output,
  scratch,
  signal,
  progress,
  log,
}) => {
  const { documents, heldOut } = await readCorpus(input.corpus as string);
  const files = bytePairFiles(
    trainBytePairs(documents, params.symbols, specialList(SPECIAL)),
    SPECIAL,
    params.maxPositions,
  );
  const tokenizer = tokenizerOf(files);
  const config = decoderConfig(params, tokenizer);
  const rows = packRows(documents, tokenizer, params.length, params.answerWeight);
  const fresh = initialWeights(config, params.seed);
  const parameters = Object.values(fresh).reduce((sum, tensor) => sum + tensor.size, 0);
  log(
    `${config.family}: ${parameters} parameters, ${tokenizer.vocabSize} symbols; ${documents.length} documents in ${rows.count} rows`,
  );

  const started = performance.now();
  let loss = Number.NaN;
  const weights = await train({
    weights: fresh,
    spec: stepSpec(params, config, Object.keys(fresh)),
    schedule: { kind: 'cosine', totalSteps: params.steps, warmup: { steps: params.warmupSteps }, floor: 0.05 },
    batch: (step) => batchOf(rows, epochOrder(params.seed, step, params.batchSize, rows.count)),
    compile: capture,
    scratch: { folder: scratch, everySeconds: params.checkpointSeconds },
    signal,
    report: ({ step, of, losses, rate, norm }) => {
      loss = losses['total'] as number;
      progress(step + 1, of, { loss, learningRate: rate * learningRate(params), norm });
    },
  });
  const seconds = (performance.now() - started) / 1000;
  const accuracy = await heldOutAccuracy(weights, config, tokenizer, heldOut);
  await saveCheckpoint(output.model, config, weights);
  await writeTokenizer(output.model, files);
  tf.dispose([fresh, weights]);
  return { ...accuracy, loss, steps: params.steps, secondsPerStep: seconds / params.steps, parameters };
};

function learningRate({ learningRate: stated, hidden }: Params): number {
  return stated ?? 0.5 / hidden;
}

function stepSpec(params: Params, config: DecoderConfig, names: readonly string[]): StepSpec {
  const [beta1, beta2] = params.betas as [number, number];
  const adamw = { optimiser: 'adamw', rate: learningRate(params), beta1, beta2 } as const;
  return {
    trainable: names,
    groups: [
      { match: ['*norm.weight'], ...adamw },
      { match: ['*'], ...adamw, weightDecay: params.weightDecay },
    ],
    clip: 1,
    loss: (weights, batch) => ({ total: languageLoss(weights, batch, config) }),
  };
}

/** Weighted cross-entropy of the next token at every position: ids, next and weights [B, T]. */
function languageLoss(weights: Weights, { ids, next, weights: share }: TensorMap, config: DecoderConfig): tf.Tensor {
  const [batch, length] = (ids as tf.Tensor).shape as [number, number];
  const { last } = decode(weights, { embeds: embedTokens(weights, ids as tf.Tensor, config) }, config);
  const flat = tf.reshape(last, [batch * length, config.hidden]);
  const losses = headCrossEntropy(flat, headMatrix(weights, config), tf.reshape(next as tf.Tensor, [-1]));
  return weightedMean(losses, tf.reshape(share as tf.Tensor, [-1]));
}

function batchOf({ length, ids, next, weights }: Rows, chosen: readonly number[]): TensorMap {
  const shape: [number, number] = [chosen.length, length];
  const take = <A extends Int32Array | Float32Array>(from: A, to: A): A => {
    chosen.forEach((row, i) => {
      to.set(from.subarray(row * length, (row + 1) * length), i * length);
    });
    return to;
  };
  return {
    ids: tf.tensor2d(take(ids, new Int32Array(shape[0] * length)), shape, 'int32'),
    next: tf.tensor2d(take(next, new Int32Array(shape[0] * length)), shape, 'int32'),
    weights: tf.tensor2d(take(weights, new Float32Array(shape[0] * length)), shape),
  };
}
