import * as tf from '@tensorflow/tfjs-core';
import type { DecoderConfig } from '../../data/config.ts';
import { stream } from '../../data/random.ts';
import type { Tokenizer } from '../../data/tokenizer.ts';
import { decoderShapes } from '../../nn/decoder.ts';
import { ProblemError } from '../../problem.ts';
import type { Params } from './kind.ts';

/** transformers' configuration; only Gemma's head is its embedding. */
export function decoderConfig(params: Params, tokenizer: Tokenizer): DecoderConfig {
  const { family, hidden, layers, heads, kvHeads = heads, intermediate, ropeTheta, maxPositions } = params;
  const headDim = params.headDim ?? hidden / heads;
  if (!Number.isInteger(headDim) || headDim % 2 === 1)
    throw unfit(`headDim is ${headDim}; rotary positions need an even number`);
  if (heads % kvHeads !== 0) throw unfit(`${heads} heads cannot share ${kvHeads} key heads`);
  const gemma = family === 'gemma';
  const { bos, eos, pad } = tokenizer;
  return {
    family,
    vocab: tokenizer.vocabSize,
    hidden,
    layers,
    heads,
    kvHeads,
    headDim,
    intermediate,
    activation: gemma ? 'gelu_pytorch_tanh' : 'silu',
    ropeTheta,
    rmsEps: gemma ? 1e-6 : 1e-5,
    tied: gemma,
    maxPositions,
    eos: eos === undefined ? [] : [eos],
    ...(bos === undefined ? {} : { bos }),
    ...(pad === undefined ? {} : { pad }),
    dtype: 'float32',
  };
}

const unfit = (message: string) => new ProblemError({ code: 'unfit-architecture', message });

/**
 * Fresh weights: matrices normal with sd .7 / sqrt(hidden), those that write to the residual stream also divided by
 * sqrt(2 layers); head .04; embeddings .3, or .04 where they are scaled by sqrt(hidden) (Gemma); norms neutral.
 */
export function initialWeights(config: DecoderConfig, seed: number): Record<string, tf.Tensor> {
  const entries = Object.entries(decoderShapes(config)).map(([name, shape]) => {
    const values = new Float32Array(shape.reduce((a, b) => a * b, 1));
    if (name.includes('norm')) values.fill(config.family === 'gemma' ? 0 : 1);
    else {
      const random = stream(seed, 'initialise', name);
      const sd = deviation(name, config);
      for (let i = 0; i < values.length; i++) values[i] = sd * random.normal();
    }
    return [name, tf.tensor(values, [...shape], 'float32')] as const;
  });
  return Object.fromEntries(entries);
}

function deviation(name: string, { family, hidden, layers }: DecoderConfig): number {
  if (name === 'model.embed_tokens.weight') return family === 'gemma' ? 0.04 : 0.3;
  if (name === 'lm_head.weight') return 0.04;
  const residual = name.includes('o_proj') || name.includes('down_proj') ? 1 / Math.sqrt(2 * layers) : 1;
  return (0.7 / Math.sqrt(hidden)) * residual;
}
