import * as tf from '@tensorflow/tfjs-core';
import type { Transformer } from '../data/config.ts';
import { activate } from './activation.ts';
import { attend, joinHeads, splitHeads } from './attention.ts';
import { linear } from './linear.ts';
import { layerNorm } from './norm.ts';
import type { Shapes, Weights } from './weights.ts';

/**
 * Which attention a block runs. `value` replaces attention by its value path (MaskCLIP); `surgery` attends values to
 * values and leaves out the feed-forward (CLIP-Surgery): both keep what a patch itself shows.
 */
export type BlockForm = 'standard' | 'value' | 'surgery';

/** One pre-norm block of a CLIP or SigLIP tower: [B, T, hidden] -> the same. `name` is `...encoder.layers.i`. */
export function encoderBlock(
  weights: Weights,
  name: string,
  x: tf.Tensor,
  config: Transformer,
  options: Readonly<{ mask?: tf.Tensor; form?: BlockForm }> = {},
): tf.Tensor {
  return tf.tidy(() => {
    const inner = layerNorm(weights, `${name}.layer_norm1`, x, config.layerNormEps);
    const form = options.form ?? 'standard';
    const attended = selfAttention(weights, `${name}.self_attn`, inner, config, form, options.mask);
    const middle = tf.add(x, attended);
    if (form === 'surgery') return middle;
    const normal = layerNorm(weights, `${name}.layer_norm2`, middle, config.layerNormEps);
    return tf.add(middle, mlp(weights, `${name}.mlp`, normal, config));
  });
}

/** fc2(act(fc1(x))), [..., hidden] -> the same. */
export function mlp(weights: Weights, name: string, x: tf.Tensor, config: Transformer): tf.Tensor {
  return linear(weights, `${name}.fc2`, activate(config.activation, linear(weights, `${name}.fc1`, x)));
}

function selfAttention(
  weights: Weights,
  name: string,
  x: tf.Tensor,
  config: Transformer,
  form: BlockForm,
  mask: tf.Tensor | undefined,
): tf.Tensor {
  const value = linear(weights, `${name}.v_proj`, x);
  const out = (mixed: tf.Tensor) => linear(weights, `${name}.out_proj`, mixed);
  if (form === 'value') return out(value);
  const v = splitHeads(value, config.heads);
  if (form === 'surgery') return out(joinHeads(attend(v, v, v, mask)));
  const q = splitHeads(linear(weights, `${name}.q_proj`, x), config.heads);
  const k = splitHeads(linear(weights, `${name}.k_proj`, x), config.heads);
  return out(joinHeads(attend(q, k, v, mask)));
}

/** Parameter names and shapes of one block. */
export function encoderBlockShapes(name: string, { hidden, intermediate }: Transformer): Shapes {
  return {
    ...linearShapes(`${name}.self_attn.q_proj`, hidden, hidden),
    ...linearShapes(`${name}.self_attn.k_proj`, hidden, hidden),
    ...linearShapes(`${name}.self_attn.v_proj`, hidden, hidden),
    ...linearShapes(`${name}.self_attn.out_proj`, hidden, hidden),
    ...normShapes(`${name}.layer_norm1`, hidden),
    ...linearShapes(`${name}.mlp.fc1`, intermediate, hidden),
    ...linearShapes(`${name}.mlp.fc2`, hidden, intermediate),
    ...normShapes(`${name}.layer_norm2`, hidden),
  };
}

export function linearShapes(name: string, out: number, input: number): Shapes {
  return { [`${name}.weight`]: [out, input], [`${name}.bias`]: [out] };
}

export function normShapes(name: string, hidden: number): Shapes {
  return { [`${name}.weight`]: [hidden], [`${name}.bias`]: [hidden] };
}
