import { decoderLayer, decoderPass, headPass } from '../../cost/decoder.ts';
import { operations } from '../../cost/pass.ts';
import type { Priced } from '../../cost/shape.ts';
import { parametersOf } from '../../cost/sizes.ts';
import { decoderFootprint } from '../../cost/training.ts';
import type { DecoderConfig } from '../../data/config.ts';
import type { Params } from './kind.ts';

export function languageModelCost(params: Params): Priced {
  const { steps, batchSize, length } = params;
  const text = configOf(params);
  const everything = { weights: true, input: true };
  const perStep =
    operations(decoderPass(text, batchSize, { tokens: length }), everything) +
    operations(headPass(text, batchSize * length), everything);
  const parameters = parametersOf({ type: 'language-model', of: text });
  return {
    work: {
      flops: steps * perStep,
      again: steps * decoderPass(text, batchSize, { tokens: length }).forward,
      read: 0,
      decoded: 0,
      written: 4 * parameters,
      weights: parameters,
      trained: parameters,
      batch: batchSize,
      passes: 3 * steps,
      item: decoderFootprint(text, decoderLayer(text, 1, { tokens: length }), length, length * text.vocab),
    },
    outputs: { model: { type: 'language-model', of: text } },
  };
}

/** What the parameters say of the model; the vocabulary comes out near `symbols`. */
function configOf(params: Params): DecoderConfig {
  const { family, hidden, layers, heads, kvHeads = heads, headDim = hidden / heads, intermediate, symbols } = params;
  const { ropeTheta, maxPositions } = params;
  return {
    family,
    hidden,
    layers,
    heads,
    kvHeads,
    headDim,
    intermediate,
    vocab: symbols,
    activation: family === 'gemma' ? 'gelu_pytorch_tanh' : 'silu',
    ropeTheta,
    rmsEps: 1e-6,
    tied: family === 'gemma',
    maxPositions,
    eos: [],
    dtype: 'float32',
  };
}
