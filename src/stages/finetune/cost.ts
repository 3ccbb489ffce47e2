import { type InputShapes, type Priced, shapeOf } from '../../cost/shape.ts';
import { adapterParameters, bytesOf, parametersOf } from '../../cost/sizes.ts';
import { towerParameters } from '../../cost/towers.ts';
import {
  picturesDecoded,
  stepOperations,
  stepOperationsAgain,
  trainingFootprint,
  visualTokens,
} from '../../cost/training.ts';
import type { Params } from './kind.ts';

/** A part of which some parameters train counts as one that trains. Sequences have their mean length, without padding. */
export function finetuneCost(params: Params, inputs: InputShapes): Priced {
  const text = shapeOf(inputs['languageModel'], 'language-model');
  const encoder = shapeOf(inputs['encoder'], 'encoder');
  const data = shapeOf(inputs['data'], 'dataset');
  if (text === undefined || encoder === undefined || data === undefined) return { outputs: {} };
  const { batchSize, accumulate, maxTokens, trainable, layer, scales } = params;
  const { vision } = encoder;
  const model = { vision, layer, scales, text };
  const trains = {
    projector: trainsPart(trainable, 'projector'),
    language: trainsPart(trainable, 'language'),
    vision: trainsPart(trainable, 'vision'),
  };
  const seen = trains.vision || inputs['features'] === undefined;
  const steps = params.steps ?? Math.max(1, Math.ceil((params.epochs * data.records) / batchSize));
  const length = Math.min(maxTokens, data.tokens + visualTokens(model));
  const batch = { rows: batchSize, length, targets: batchSize * data.targets };
  const adapter = adapterParameters({ input: vision.hidden * scales.length, output: text.hidden });
  const [tower, language] = [towerParameters(vision), parametersOf({ type: 'language-model', of: text })];
  const decoded = seen ? picturesDecoded(data.images, steps * batchSize, vision.imageSize) * data.imageBytes : 0;
  const features = seen ? 0 : 4 * steps * batchSize * visualTokens(model) * vision.hidden * scales.length;
  const written = { type: 'model', of: model } as const;
  return {
    work: {
      flops: steps * stepOperations(model, batch, trains, seen),
      again: steps * stepOperationsAgain(model, batch, trains),
      read: decoded + features + bytesOf({ type: 'language-model', of: text }),
      decoded,
      written: bytesOf(written),
      weights: language + adapter + (seen ? tower : 0),
      trained: (trains.language ? language : 0) + (trains.projector ? adapter : 0) + (trains.vision ? tower : 0),
      batch: batchSize / accumulate,
      passes: 3 * steps * accumulate,
      item: trainingFootprint(model, length, data.targets, trains),
    },
    outputs: { model: written },
  };
}

function trainsPart(trainable: readonly string[], part: string): boolean {
  return trainable.some((pattern) => pattern === '*' || pattern.startsWith(`${part}.`));
}
