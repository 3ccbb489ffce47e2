import * as tf from '@tensorflow/tfjs-core';
import type { DecoderConfig } from '../../data/config.ts';
import { stream } from '../../data/random.ts';
import { capture } from '../../engine/capture.ts';
import { openEngine } from '../../engine/open.ts';
import type { PaceAnswer, PaceRequest } from '../../executors/pace.ts';
import type { TensorMap } from '../../nn/compile.ts';
import { prefixed } from '../../nn/weights.ts';
import { freshState, makeStep, type StepSpec, scalarsAt } from '../../train/step.ts';
import { initialWeights } from './architecture.ts';
import { languageLoss } from './objective.ts';

// The program of `measurePace`: a training step of a mini language model, captured, as often as it is told to.

/** The language model of experiments/mini.yaml and a batch of it. */
const config: DecoderConfig = {
  family: 'gemma',
  vocab: 700,
  hidden: 64,
  layers: 3,
  heads: 4,
  kvHeads: 1,
  headDim: 16,
  intermediate: 192,
  activation: 'gelu_pytorch_tanh',
  ropeTheta: 1e4,
  rmsEps: 1e-6,
  tied: true,
  maxPositions: 512,
  eos: [2],
  dtype: 'float32',
};
const [ROWS, LENGTH] = [16, 128];

/** Runs one step and waits for its loss. */
function makeWork(): () => void {
  const weights = initialWeights(config, 0);
  const spec: StepSpec = {
    loss: (all, batch) => ({ total: languageLoss(all, batch, config) }),
    trainable: Object.keys(weights),
    groups: [{ match: ['*'], optimiser: 'adamw', rate: 1e-3 }],
    clip: 1,
  };
  const random = stream(0, 'pace');
  const draw = (): tf.Tensor =>
    tf.tensor2d(
      Int32Array.from({ length: ROWS * LENGTH }, () => random.int(config.vocab)),
      [ROWS, LENGTH],
    );
  const batch = { ids: draw(), next: draw(), weights: tf.ones([ROWS, LENGTH]) };
  const inputs: TensorMap = {
    ...prefixed('weight/', weights),
    ...freshState(spec, weights),
    ...scalarsAt(spec, 0, 1),
    ...prefixed('batch/', batch),
  };
  const step = capture(makeStep(spec).whole, inputs);
  return () => {
    const out = step.run(inputs);
    out['loss/total']?.dataSync();
    tf.dispose(out as tf.TensorContainerObject);
  };
}

const say = (answer: PaceAnswer): void => void process.send?.(answer);

process.on('disconnect', () => process.exit(0));
const engine = await openEngine();
const work = makeWork();
for (let i = 0; i < 3; i++) work(); // the first allocate
process.on('message', ({ milliseconds }: PaceRequest) => {
  const start = performance.now();
  let steps = 0;
  do {
    work();
    steps++;
  } while (performance.now() - start < milliseconds);
  say({ rate: (1000 * steps) / (performance.now() - start), engine: engine.description });
});
say({ engine: engine.description });
