import * as tf from '@tensorflow/tfjs-core';
import type { DecoderConfig } from '../data/config.ts';
import { causalMask, HIDDEN, paddingMask } from './attention.ts';
import { type Compile, type Compiled, eagerly, type TensorMap } from './compile.ts';
import { decode, embedTokens, logitsOf } from './decoder.ts';
import { prefixed, type Weights } from './weights.ts';

export type Prompts = Readonly<{
  /** [B, T, hidden] as layer 0 reads them; anything at padding */
  embeds: tf.Tensor;
  /** per row and position 1 for a token, 0 for padding (on either side) */
  present: readonly (readonly number[])[];
}>;

export type GenerateOptions = Readonly<{
  maxNew: number;
  /** ids that end an answer; the one that did is its last id */
  stop: readonly number[];
}>;

export type Generator = Readonly<{
  /** Greedy answers, one list of new ids per prompt. Reads one id per row and token back, nothing else. */
  generate(weights: Weights, prompts: Prompts, options: GenerateOptions): readonly (readonly number[])[];
  /** The same, token by token: the answers so far after each. Where the caller stops early, so does the work. */
  stream(weights: Weights, prompts: Prompts, options: GenerateOptions): Iterable<readonly (readonly number[])[]>;
  dispose(): void;
}>;

/**
 * Greedy decoding of batches with a key-value cache. A new token costs one pass over the weights and the cache, however
 * many went before. With `compile` prompt lengths and cache sizes are rounded up to few sizes, so that the two programs
 * (all prompt tokens at once, then one token at a time) are compiled a few times only; without it they run as they stand.
 */
export function makeGenerator(config: DecoderConfig, compile?: Compile): Generator {
  const compiled = new Map<string, Compiled>();
  const roomOf = compile === undefined ? (length: number) => length : roomFor;
  const program = (name: string, fn: (x: TensorMap) => TensorMap) => (x: TensorMap) => {
    const known = compiled.get(name) ?? (compile ?? eagerly)(fn, x);
    compiled.set(name, known);
    return known.run(x);
  };
  const read = program('read', (x) => readPrompts(x, config));
  const extend = program('extend', (x) => extendByOne(x, config));
  const stream = (weights: Weights, prompts: Prompts, options: GenerateOptions) =>
    tokenByToken({ read, extend, roomOf }, prefixed('weight/', weights), prompts, config, options);
  return {
    stream,
    generate: (weights, prompts, options) => {
      let answers: readonly (readonly number[])[] = prompts.present.map(() => []);
      for (const soFar of stream(weights, prompts, options)) answers = soFar;
      return answers;
    },
    dispose: () => {
      for (const one of compiled.values()) one.dispose();
    },
  };
}

type Programs = Readonly<{
  read(x: TensorMap): TensorMap;
  extend(x: TensorMap): TensorMap;
  roomOf(length: number): number;
}>;

/** 16, 24, 32, 48, 64, 96, ...: at most half as much again is wasted. */
export function roomFor(length: number): number {
  let size = 16;
  while (size < length) size *= 2;
  return size * 0.75 >= length && size > 16 ? size * 0.75 : size;
}

function* tokenByToken(
  { read, extend, roomOf }: Programs,
  weights: TensorMap,
  { embeds, present }: Prompts,
  config: DecoderConfig,
  { maxNew, stop }: GenerateOptions,
): Iterable<readonly (readonly number[])[]> {
  const answers: number[][] = present.map(() => []);
  if (maxNew === 0 || present.length === 0) return;
  const slots = slotsOf(present, roomOf((embeds.shape[1] as number) + maxNew));
  let cache: TensorMap = {};
  try {
    for (let count = 0; count < maxNew; count++) {
      const { next, ...kept } = tf.tidy(() => {
        if (count > 0) return extend({ ...weights, ...cache, ...newToken(answers, slots, count - 1, config) });
        return withRoom(read({ ...weights, ...promptInputs(embeds, present, roomOf) }), slots);
      });
      tf.dispose(cache);
      cache = kept;
      const ids = (next as tf.Tensor).dataSync();
      (next as tf.Tensor).dispose();
      answers.forEach((answer, row) => {
        if (!stop.includes(answer.at(-1) ?? -1)) answer.push(ids[row] as number);
      });
      yield answers;
      if (answers.every((answer) => stop.includes(answer.at(-1) ?? -1))) break;
    }
  } finally {
    tf.dispose(cache);
  }
}

/** Which position each place of the cache holds, -1 for none: prompt tokens first, then new ones side by side. */
type Slots = Readonly<{ room: number; prompt: number; lengths: readonly number[]; positions: Int32Array }>;

function slotsOf(present: readonly (readonly number[])[], room: number): Slots {
  const positions = new Int32Array(present.length * room).fill(-1);
  const lengths = present.map((row, b) => {
    let length = 0;
    row.forEach((here, t) => {
      if (here === 1) positions[b * room + t] = length++;
    });
    if (length === 0) throw new Error(`prompt ${b} is empty`);
    return length;
  });
  return { room, prompt: present[0]?.length ?? 0, lengths, positions };
}

/** Inputs of the first program; the prompts are padded to the length that there is room for. */
function promptInputs(
  embeds: tf.Tensor,
  present: readonly (readonly number[])[],
  roomOf: Programs['roomOf'],
): TensorMap {
  const [batch, length] = embeds.shape as [number, number, number];
  const room = roomOf(length);
  const { positions } = slotsOf(present, room);
  const shown = Float32Array.from(positions, (position) => (position < 0 ? 0 : 1));
  const last = present.map((row, b) => b * room + row.lastIndexOf(1));
  return {
    embeds: tf.pad(embeds as tf.Tensor3D, [[0, 0], [0, room - length], [0, 0]]), // biome-ignore format: a shape
    present: tf.tensor2d(shown, [batch, room]),
    positions: tf.tensor2d(positions.map((position) => Math.max(0, position)), [batch, room], 'int32'), // biome-ignore format: short
    last: tf.tensor1d(last, 'int32'),
  };
}

/** All prompt tokens at once: the first new id of each row, and keys and values of every layer. */
function readPrompts(x: TensorMap, config: DecoderConfig): TensorMap {
  const { embeds, present, positions, last } = x as {
    embeds: tf.Tensor;
    present: tf.Tensor;
    positions: tf.Tensor;
    last: tf.Tensor;
  };
  const weights = weightsIn(x);
  const [batch, length] = embeds.shape as [number, number, number];
  const mask = tf.add(causalMask(length, config.slidingWindow), paddingMask(present));
  const output = decode(weights, { embeds, positions, mask, read: tf.reshape(last, [batch, 1]) }, config);
  const ends = tf.reshape(output.last, [batch, config.hidden]);
  return { next: greedy(weights, ends, config), ...cacheMap(output.keyValues) };
}

/** Inputs of the second program for the token that each row got last, its `index`-th new one. */
function newToken(
  answers: readonly (readonly number[])[],
  slots: Slots,
  index: number,
  config: DecoderConfig,
): TensorMap {
  const { room, prompt, lengths, positions } = slots;
  const at = prompt + index;
  lengths.forEach((length, b) => {
    positions[b * room + at] = length + index;
  });
  const window = config.slidingWindow ?? Number.POSITIVE_INFINITY;
  const mask = Float32Array.from(positions, (position, i) => {
    const query = (lengths[Math.floor(i / room)] as number) + index;
    return position >= 0 && query - position < window ? 0 : HIDDEN;
  });
  const batch = answers.length;
  return {
    token: tf.tensor2d(answers.map((answer) => answer.at(-1) as number), [batch, 1], 'int32'), // biome-ignore format: short
    position: tf.tensor2d(lengths.map((length) => length + index), [batch, 1], 'int32'), // biome-ignore format: short
    mask: tf.tensor4d(mask, [batch, 1, 1, room]),
    slot: tf.tensor4d(
      Float32Array.from({ length: room }, (_, i) => (i === at ? 1 : 0)),
      [1, 1, room, 1],
    ),
  };
}

/** One token per row: the next id, and the cache with this token in it. */
function extendByOne(x: TensorMap, config: DecoderConfig): TensorMap {
  const { token, position, mask, slot } = x as {
    token: tf.Tensor;
    position: tf.Tensor;
    mask: tf.Tensor;
    slot: tf.Tensor;
  };
  const weights = weightsIn(x);
  const part = (name: string): tf.Tensor[] =>
    Array.from({ length: config.layers }, (_, i) => x[`${name}/${i}`] as tf.Tensor);
  const cache = { keys: part('keys'), values: part('values'), slot };
  const input = { embeds: embedTokens(weights, token, config), positions: position, mask, cache };
  const { last, keyValues } = decode(weights, input, config);
  return { next: greedy(weights, tf.reshape(last, [-1, config.hidden]), config), ...cacheMap(keyValues) };
}

function weightsIn(x: TensorMap): Weights {
  const entries = Object.entries(x).filter(([name]) => name.startsWith('weight/'));
  return Object.fromEntries(entries.map(([name, tensor]) => [name.slice('weight/'.length), tensor]));
}

function greedy(weights: Weights, rows: tf.Tensor, config: DecoderConfig): tf.Tensor {
  return tf.argMax(logitsOf(weights, rows, config), -1);
}

function cacheMap({ keys, values }: { keys: readonly tf.Tensor[]; values: readonly tf.Tensor[] }): TensorMap {
  const entries = [...keys.map((key, i) => [`keys/${i}`, key]), ...values.map((value, i) => [`values/${i}`, value])];
  return Object.fromEntries(entries);
}

/**
 * Makes the prompt's keys and values [B, kvHeads, rounded T, headDim] as long as the cache. Places of new tokens must be
 * zero, so what the rounding added is cut off first.
 */
function withRoom(output: TensorMap, { prompt, room }: Slots): TensorMap {
  const entries = Object.entries(output).map(([name, tensor]) => {
    if (name === 'next') return [name, tensor];
    const own = tf.slice(tensor, [0, 0, 0, 0], [-1, -1, prompt, -1]) as tf.Tensor4D;
    return [name, tf.pad(own, [[0, 0], [0, 0], [0, room - prompt], [0, 0]])]; // biome-ignore format: a shape
  });
  return Object.fromEntries(entries);
}
