import * as tf from '@tensorflow/tfjs-core';
import type { DinoConfig, TowerConfig, Transformer } from '../data/config.ts';
import { activate, activateGated } from './activation.ts';
import { attend, joinHeads, rowsRead, splitHeads } from './attention.ts';
import { takeTokens } from './embedding.ts';
import { linear } from './linear.ts';
import { layerNorm } from './norm.ts';
import { type Shapes, type Weights, weight } from './weights.ts';

/**
 * Which attention a block runs. `value` replaces attention by its value path (MaskCLIP); `surgery` attends values to
 * values and leaves out the feed-forward (CLIP-Surgery): both keep what a patch itself shows.
 */
export type BlockForm = 'standard' | 'value' | 'surgery';

/** What a block has to know of its tower. */
export type BlockConfig = Transformer & (Readonly<{ family: Exclude<TowerConfig['family'], DinoFamily> }> | Dino);
type DinoFamily = DinoConfig['family'];
type Dino = Pick<DinoConfig, 'family' | 'gated'>;

/** Published names of the parts of a block. */
type Names = Readonly<
  Record<'norm1' | 'query' | 'key' | 'value' | 'out' | 'norm2', string> & {
    mlp: readonly [first: string, second: string];
  }
>;

const paired: Names = {
  norm1: 'layer_norm1',
  query: 'self_attn.q_proj',
  key: 'self_attn.k_proj',
  value: 'self_attn.v_proj',
  out: 'self_attn.out_proj',
  norm2: 'layer_norm2',
  mlp: ['mlp.fc1', 'mlp.fc2'],
};
const vit: Names = {
  norm1: 'layernorm_before',
  query: 'attention.attention.query',
  key: 'attention.attention.key',
  value: 'attention.attention.value',
  out: 'attention.output.dense',
  norm2: 'layernorm_after',
  mlp: ['intermediate.dense', 'output.dense'],
};
const dino: Names = { ...vit, norm1: 'norm1', norm2: 'norm2', mlp: paired.mlp };
const NAMES = { clip: paired, siglip: paired, vit, dinov2: dino, dinov2_with_registers: dino } as const;

const isDino = (config: BlockConfig): config is Transformer & Dino =>
  config.family === 'dinov2' || config.family === 'dinov2_with_registers';

/** SwiGLU of DINOv2's largest: gate and value lie in one matrix. */
const GATED = ['mlp.weights_in', 'mlp.weights_out'] as const;

type BlockOptions = Readonly<{
  /** additive, [B or 1, 1, T, T] */
  mask?: tf.Tensor;
  form?: BlockForm;
  /** [B, M], flat positions b * T + t whose output alone is wanted of a standard block */
  read?: tf.Tensor;
}>;

/**
 * One pre-norm block of an image or text tower: [B, T, hidden] -> the same, or [B, M, hidden] where only some tokens are
 * read. `name` is `...layers.i` or `...layer.i`.
 */
export function encoderBlock(
  weights: Weights,
  name: string,
  x: tf.Tensor,
  config: BlockConfig,
  { mask, form = 'standard', read }: BlockOptions = {},
): tf.Tensor {
  return tf.tidy(() => {
    const { norm1, norm2 } = NAMES[config.family];
    const normalOf = (states: tf.Tensor) => layerNorm(weights, `${name}.${norm1}`, states, config.layerNormEps);
    const own = read === undefined ? x : takeTokens(x, read);
    const inner = normalOf(x);
    const asking = read === undefined ? inner : normalOf(own);
    const seen = mask !== undefined && read !== undefined ? rowsRead(mask, read) : mask;
    const attended = selfAttention(weights, name, { asking, inner }, config, form, seen);
    const middle = tf.add(own, layerScale(weights, `${name}.layer_scale1`, attended, config));
    if (form === 'surgery') return middle;
    const normal = layerNorm(weights, `${name}.${norm2}`, middle, config.layerNormEps);
    return tf.add(
      middle,
      layerScale(weights, `${name}.layer_scale2`, feedForward(weights, name, normal, config), config),
    );
  });
}

/** DINOv2 weighs every dimension of what a branch adds. */
function layerScale(weights: Weights, name: string, x: tf.Tensor, config: BlockConfig): tf.Tensor {
  return isDino(config) ? tf.mul(x, weight(weights, `${name}.lambda1`)) : x;
}

function feedForward(weights: Weights, name: string, x: tf.Tensor, config: BlockConfig): tf.Tensor {
  if (!isDino(config) || !config.gated) {
    const [first, second] = NAMES[config.family].mlp;
    return mlp(weights, [`${name}.${first}`, `${name}.${second}`], x, config);
  }
  const [gate, up] = tf.split(linear(weights, `${name}.${GATED[0]}`, x), 2, -1) as [tf.Tensor, tf.Tensor];
  return linear(weights, `${name}.${GATED[1]}`, activateGated('silu', gate, up));
}

/** second(act(first(x))), [..., hidden] -> the same. */
export function mlp(
  weights: Weights,
  [first, second]: readonly [first: string, second: string],
  x: tf.Tensor,
  { activation }: Transformer,
): tf.Tensor {
  return linear(weights, second, activate(activation, linear(weights, first, x)));
}

/** Tokens `asking` [B, M, hidden] attend to all `inner` ones [B, T, hidden]; only the standard form has M differ from T. */
function selfAttention(
  weights: Weights,
  name: string,
  { asking, inner }: Readonly<{ asking: tf.Tensor; inner: tf.Tensor }>,
  config: BlockConfig,
  form: BlockForm,
  mask: tf.Tensor | undefined,
): tf.Tensor {
  const names = NAMES[config.family];
  const value = linear(weights, `${name}.${names.value}`, inner);
  const out = (mixed: tf.Tensor) => linear(weights, `${name}.${names.out}`, mixed);
  if (form === 'value') return out(value);
  const v = splitHeads(value, config.heads);
  if (form === 'surgery') return out(joinHeads(attend(v, v, v, mask)));
  const q = splitHeads(linear(weights, `${name}.${names.query}`, asking), config.heads);
  const k = splitHeads(linear(weights, `${name}.${names.key}`, inner), config.heads);
  return out(joinHeads(attend(q, k, v, mask)));
}

/** Parameter names and shapes of one block. */
export function encoderBlockShapes(name: string, config: BlockConfig): Shapes {
  const { hidden, intermediate } = config;
  const { norm1, query, key, value, out, norm2, mlp: own } = NAMES[config.family];
  const gated = isDino(config) && config.gated;
  const [first, second] = gated ? GATED : own;
  const scales: Shapes = isDino(config)
    ? { [`${name}.layer_scale1.lambda1`]: [hidden], [`${name}.layer_scale2.lambda1`]: [hidden] }
    : {};
  return {
    ...linearShapes(`${name}.${query}`, hidden, hidden),
    ...linearShapes(`${name}.${key}`, hidden, hidden),
    ...linearShapes(`${name}.${value}`, hidden, hidden),
    ...linearShapes(`${name}.${out}`, hidden, hidden),
    ...normShapes(`${name}.${norm1}`, hidden),
    ...linearShapes(`${name}.${first}`, gated ? 2 * intermediate : intermediate, hidden),
    ...linearShapes(`${name}.${second}`, hidden, intermediate),
    ...normShapes(`${name}.${norm2}`, hidden),
    ...scales,
  };
}

export function linearShapes(name: string, out: number, input: number): Shapes {
  return { [`${name}.weight`]: [out, input], [`${name}.bias`]: [out] };
}

export function normShapes(name: string, hidden: number): Shapes {
  return { [`${name}.weight`]: [hidden], [`${name}.bias`]: [hidden] };
}
