import { decoderLayer, decoderPass, headPass } from '../../cost/decoder.ts';
import { operations } from '../../cost/pass.ts';
import { type InputShapes, type Priced, shapeOf } from '../../cost/shape.ts';
import { adapterParameters, bytesOf, parametersOf } from '../../cost/sizes.ts';
import { alignmentOperations, decoderFootprint, forward, projectorPasses, windowsOf } from '../../cost/training.ts';
import type { Params } from './kind.ts';

/** Sequences have their mean length: padding is not counted. */
export function pretrainCost(params: Params, inputs: InputShapes): Priced {
  const text = shapeOf(inputs['languageModel'], 'language-model');
  const data = shapeOf(inputs['data'], 'dataset');
  const features = shapeOf(inputs['features'], 'features');
  if (text === undefined || data === undefined || features === undefined) return { outputs: {} };
  const { batchSize, accumulate, align, maxTokens } = params;
  const steps = params.steps ?? Math.max(1, Math.ceil((params.epochs * data.records) / batchSize));
  const length = Math.min(maxTokens, data.tokens + features.tokens);
  const adapter = projectorPasses(features.dim, text.hidden, batchSize * features.tokens);
  const decoder = decoderPass(text, batchSize, { tokens: length, read: data.targets });
  const windows = windowsOf(features.tokens, align.window, align.edge);
  const words = align.dedupe
    ? (shapeOf(inputs['words'], 'words')?.words ?? Number.POSITIVE_INFINITY)
    : Number.POSITIVE_INFINITY;
  const flops =
    operations(adapter.first, { weights: true, input: false }) +
    operations(adapter.second, { weights: true, input: true }) +
    operations(decoder, { weights: false, input: true }) +
    operations(headPass(text, batchSize * data.targets), { weights: false, input: true }) +
    (align.weight === 0 ? 0 : alignmentOperations(Math.min(batchSize * windows, words), text.hidden));
  const shape = { input: features.dim, output: text.hidden };
  const read = steps * batchSize * (features.tokens * features.dim * 4 + data.tokens);
  return {
    work: {
      flops: steps * flops,
      again: steps * forward(decoder),
      read: read + bytesOf({ type: 'language-model', of: text }),
      decoded: 0,
      written: bytesOf({ type: 'adapter', of: shape }),
      weights: parametersOf({ type: 'language-model', of: text }) + adapterParameters(shape),
      trained: adapterParameters(shape),
      batch: batchSize / accumulate,
      passes: 3 * steps * accumulate,
      item: decoderFootprint(text, decoderLayer(text, 1, { tokens: length }), length, data.targets * text.vocab),
    },
    outputs: { adapter: { type: 'adapter', of: shape } },
  };
}
