import * as tf from '@tensorflow/tfjs-core';
import type { DecoderConfig } from '../data/config.ts';
import { activateGated } from './activation.ts';
import {
  attendInBlocks,
  type Block,
  causalBlocks,
  causalMask,
  joinHeads,
  rowsRead,
  splitHeads,
  wholeBlock,
} from './attention.ts';
import { takeRows, takeTokens } from './embedding.ts';
import { multiply, project } from './linear.ts';
import { rmsNorm } from './norm.ts';
import { type Rotation, rotate, rotation, scaledBy } from './rope.ts';
import { type Shapes, type Weights, weight } from './weights.ts';

/** Keys (after rotation) and values of every layer, each [B, kvHeads, S, headDim]. */
export type KeyValues = Readonly<{ keys: readonly tf.Tensor[]; values: readonly tf.Tensor[] }>;

/**
 * Keys and values of tokens before these. With `slot` [1, 1, S, 1] there is room for a new token, which goes where it is 1
 * (zero until then); without it new tokens are put behind.
 */
export type Cache = KeyValues & Readonly<{ slot?: tf.Tensor }>;

export type DecoderInput = Readonly<{
  /** [B, T, hidden]: what enters layer 0, as `embedTokens` or an adapter makes it */
  embeds: tf.Tensor;
  /** [B or 1, T], rotary positions; default 0 .. T-1 */
  positions?: tf.Tensor;
  /** additive and causal, [B or 1, 1, T, S]; default with the config's sliding window */
  mask?: tf.Tensor;
  /**
   * [B, M], flat positions b * T + t whose last state is wanted; default all. The last layer then has queries and
   * feed-forward at these alone: nothing else of it is read.
   */
  read?: tf.Tensor;
  /** with it S counts its tokens as well, and with a slot T is 1; `positions` and `mask` are then required to mean anything */
  cache?: Cache;
}>;

export type DecoderOutput = Readonly<{
  /** input of layer 0, then the output of every layer; the last one after the final norm. Each [B, T, hidden], the last [B, M, hidden] */
  hidden: readonly tf.Tensor[];
  /** [B, M, hidden] after the final norm: what the head reads; M is T where `read` is not given */
  last: tf.Tensor;
  keyValues: KeyValues;
}>;

/** Gemma multiplies word embeddings by sqrt(hidden); transformers 4 did so with visual tokens as well, 5 does not. */
export function embeddingScale(config: DecoderConfig): number {
  return config.family === 'gemma' ? Math.sqrt(config.hidden) : 1;
}

/** Word embeddings as layer 0 reads them: ids [B, T] -> [B, T, hidden]. */
export function embedTokens(weights: Weights, ids: tf.Tensor, config: DecoderConfig): tf.Tensor {
  const rows = takeRows(weight(weights, 'model.embed_tokens.weight'), ids);
  const scale = embeddingScale(config);
  return scale === 1 ? rows : tf.mul(rows, scale);
}

/**
 * The matrix that turns the last hidden state into logits, [vocab, hidden]: the model's own, or the embedding where the
 * configuration ties them and the checkpoint has none (see `resolveHead`).
 */
export function headMatrix(weights: Weights, config: DecoderConfig): tf.Tensor {
  const own = weights['lm_head.weight'];
  return own === undefined && config.tied
    ? weight(weights, 'model.embed_tokens.weight')
    : weight(weights, 'lm_head.weight');
}

/**
 * A tied checkpoint may store its head a second time. An equal copy is left out, so that both uses share one parameter; a
 * differing one is a head of its own, as transformers 5 reads it (transformers 4 ignored it).
 */
export function resolveHead(weights: Weights, config: DecoderConfig): Weights {
  const { 'lm_head.weight': own, ...rest } = weights;
  if (!config.tied || own === undefined) return weights;
  const embedding = weight(weights, 'model.embed_tokens.weight');
  const differs = tf.tidy(() => tf.max(tf.abs(tf.sub(own, embedding))).dataSync()[0] as number);
  return differs > 0 ? weights : rest;
}

/** [..., hidden] -> logits [..., vocab]. */
export function logitsOf(weights: Weights, last: tf.Tensor, config: DecoderConfig): tf.Tensor {
  return multiply(last, headMatrix(weights, config));
}

/** All layers of a Llama, Gemma or Phi-3 decoder; logits are left to the caller, who may need them at few positions. */
export function decode(weights: Weights, input: DecoderInput, config: DecoderConfig): DecoderOutput {
  const length = input.embeds.shape[1] as number;
  const positions = input.positions ?? tf.reshape(tf.range(0, length, 1, 'float32'), [1, length]);
  const turned = rotation(positions, config.headDim, config.ropeTheta);
  const mask = input.mask ?? causalMask(length, config.slidingWindow);
  const context: Context = {
    keyTurn: turned,
    // the scores' scale 1 / sqrt(headDim) rides on the queries' rotation: two passes less per layer
    queryTurn: scaledBy(turned, 1 / Math.sqrt(config.headDim)),
    blocks: input.cache === undefined ? causalBlocks(mask) : wholeBlock(mask),
  };
  const ending = input.read === undefined ? context : contextAt(context, mask, input.read);
  const hidden = [input.embeds];
  const keys: tf.Tensor[] = [];
  const values: tf.Tensor[] = [];
  for (let i = 0; i < config.layers; i++) {
    const past = pastOf(input.cache, i);
    const seen = i === config.layers - 1 ? ending : context;
    const [x, key, value] = tf.tidy(() => layer(weights, i, hidden.at(-1) as tf.Tensor, seen, config, past));
    hidden.push(x);
    keys.push(key);
    values.push(value);
  }
  const last = rmsNorm(weights, 'model.norm', hidden.pop() as tf.Tensor, config.rmsEps, config.family === 'gemma');
  return { hidden: [...hidden, last], last, keyValues: { keys, values } };
}

/** What a layer knows of positions; `queryTurn` and `blocks` are about the tokens that `read` names, else about all. */
type Context = Readonly<{ queryTurn: Rotation; keyTurn: Rotation; blocks: readonly Block[]; read?: tf.Tensor }>;
type Past = Readonly<{ key: tf.Tensor; value: tf.Tensor; slot: tf.Tensor | undefined }>;

function contextAt({ queryTurn: { cos, sin }, keyTurn }: Context, mask: tf.Tensor, read: tf.Tensor): Context {
  const queryTurn = { cos: rowsRead(cos, read), sin: rowsRead(sin, read) };
  return { queryTurn, keyTurn, blocks: wholeBlock(rowsRead(mask, read)), read };
}

function pastOf(cache: Cache | undefined, i: number): Past | undefined {
  if (cache === undefined) return undefined;
  const key = cache.keys[i];
  const value = cache.values[i];
  if (key === undefined || value === undefined)
    throw new Error(`the cache has ${cache.keys.length} layers, not ${i + 1}`);
  return { key, value, slot: cache.slot };
}

/** One pre-norm block: x + attention, then + gated feed-forward; where only some tokens are read, of these alone. */
function layer(
  weights: Weights,
  index: number,
  x: tf.Tensor,
  { queryTurn, keyTurn, blocks, read }: Context,
  config: DecoderConfig,
  past: Past | undefined,
): Three {
  const name = `model.layers.${index}`;
  const plusOne = config.family === 'gemma';
  const normalOf = (states: tf.Tensor) => rmsNorm(weights, `${name}.input_layernorm`, states, config.rmsEps, plusOne);
  const own = read === undefined ? x : takeTokens(x, read); // [B, M, hidden]
  const all = normalOf(x);
  const asking = read === undefined ? all : normalOf(own);
  const [q, k, v] = queryKeyValue(weights, `${name}.self_attn`, { asking, all }, config);
  const queries = rotate(splitHeads(q, config.heads), queryTurn);
  const newKeys = rotate(splitHeads(k, config.kvHeads), keyTurn);
  const newValues = splitHeads(v, config.kvHeads);
  const keys = past === undefined ? newKeys : remember(past.key, newKeys, past.slot);
  const values = past === undefined ? newValues : remember(past.value, newValues, past.slot);
  const attended = joinHeads(attendInBlocks(queries, keys, values, blocks, 1));
  const middle = tf.add(own, project(weights, `${name}.self_attn.o_proj`, attended));
  const inner = rmsNorm(weights, `${name}.post_attention_layernorm`, middle, config.rmsEps, plusOne);
  return [tf.add(middle, feedForward(weights, `${name}.mlp`, inner, config)), keys, values];
}

type Three = [tf.Tensor, tf.Tensor, tf.Tensor];

/** Keys or values so far [B, kvHeads, S, headDim] and the new ones. */
function remember(past: tf.Tensor, own: tf.Tensor, slot: tf.Tensor | undefined): tf.Tensor {
  return slot === undefined ? tf.concat([past, own], 2) : tf.add(past, tf.mul(own, slot));
}

/** Queries of the tokens `asking`, keys and values of all. Phi-3 stores the three matrices as one: [q | k | v]. */
function queryKeyValue(
  weights: Weights,
  name: string,
  { asking, all }: Readonly<{ asking: tf.Tensor; all: tf.Tensor }>,
  config: DecoderConfig,
): Three {
  const { family, heads, kvHeads, headDim } = config;
  const widths = [heads * headDim, kvHeads * headDim, kvHeads * headDim];
  if (family === 'phi3' && asking === all)
    return tf.split(project(weights, `${name}.qkv_proj`, all), widths, -1) as Three;
  const [q, k, v] = (
    family === 'phi3'
      ? tf.split(weight(weights, `${name}.qkv_proj.weight`), widths, 0)
      : ['q', 'k', 'v'].map((letter) => weight(weights, `${name}.${letter}_proj.weight`))
  ) as Three;
  return [multiply(asking, q), multiply(all, k), multiply(all, v)];
}

/** Phi-3 stores gate and up as one: [gate | up]. */
function feedForward(weights: Weights, name: string, x: tf.Tensor, config: DecoderConfig): tf.Tensor {
  const [gate, up] = (
    config.family === 'phi3'
      ? tf.split(project(weights, `${name}.gate_up_proj`, x), 2, -1)
      : [project(weights, `${name}.gate_proj`, x), project(weights, `${name}.up_proj`, x)]
  ) as [tf.Tensor, tf.Tensor];
  return project(weights, `${name}.down_proj`, activateGated(config.activation, gate, up));
}

/** Parameter names and shapes as published; a tied head is not a parameter of its own. */
export function decoderShapes(config: DecoderConfig): Shapes {
  const { hidden, vocab, layers } = config;
  const perLayer = Array.from({ length: layers }, (_, i) => layerShapes(`model.layers.${i}`, config));
  return {
    'model.embed_tokens.weight': [vocab, hidden],
    ...Object.assign({}, ...perLayer),
    'model.norm.weight': [hidden],
    ...(config.tied ? {} : { 'lm_head.weight': [vocab, hidden] }),
  };
}

function layerShapes(name: string, config: DecoderConfig): Shapes {
  const { hidden, intermediate, heads, kvHeads, headDim } = config;
  const [query, key] = [heads * headDim, kvHeads * headDim];
  const fused: Shapes = {
    [`${name}.self_attn.qkv_proj.weight`]: [query + 2 * key, hidden],
    [`${name}.mlp.gate_up_proj.weight`]: [2 * intermediate, hidden],
  };
  const separate: Shapes = {
    [`${name}.self_attn.q_proj.weight`]: [query, hidden],
    [`${name}.self_attn.k_proj.weight`]: [key, hidden],
    [`${name}.self_attn.v_proj.weight`]: [key, hidden],
    [`${name}.mlp.gate_proj.weight`]: [intermediate, hidden],
    [`${name}.mlp.up_proj.weight`]: [intermediate, hidden],
  };
  return {
    [`${name}.input_layernorm.weight`]: [hidden],
    ...(config.family === 'phi3' ? fused : separate),
    [`${name}.self_attn.o_proj.weight`]: [hidden, query],
    [`${name}.post_attention_layernorm.weight`]: [hidden],
    [`${name}.mlp.down_proj.weight`]: [hidden, intermediate],
  };
}
