import * as tf from '@tensorflow/tfjs-core';
import type { DecoderConfig } from '../data/config.ts';
import { HIDDEN } from './attention.ts';
import { type Compile, type Compiled, eagerly, type TensorMap } from './compile.ts';
import { decode, embedTokens, logitsOf } from './decoder.ts';
import { layOut, type Prompts, promptTensors, readPrompts, roomFor } from './prompts.ts';
import { prefixed, type Weights } from './weights.ts';

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

/** Places of a cache beyond those in use: most answers are far shorter than they may be, and every place costs time. */
const AHEAD = 16;

/**
 * Greedy decoding of batches with a key-value cache that grows. A new token costs one pass over the weights and the cache,
 * however many went before. With `compile` prompt lengths and cache sizes are rounded up to few sizes, so that the programs
 * (all prompt tokens at once, then one token at a time) are compiled a few times only; without it they run as they stand.
 */
export function makeGenerator(config: DecoderConfig, compile?: Compile): Generator {
  const compiled = new Map<string, Compiled>();
  const rounded = compile !== undefined;
  const run = (name: string, fn: (x: TensorMap) => TensorMap, x: TensorMap): TensorMap => {
    const known = compiled.get(name) ?? (compile ?? eagerly)(fn, x);
    compiled.set(name, known);
    return known.run(x);
  };
  const programs: Programs = {
    rounded,
    // a program for each size: the sizes of one program may vary in a few ways only
    read: (x) => run(`read behind ${x['beginning']?.shape[1] ?? 0}`, (y) => firstTokens(y, config), x),
    extend: (x) => run(`extend ${x['mask']?.shape[3]}`, (y) => extendByOne(y, config), x),
  };
  const stream = (weights: Weights, prompts: Prompts, options: GenerateOptions) =>
    tokenByToken(programs, prefixed('weight/', weights), prompts, config, options);
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
  /** whether sizes are rounded up */
  rounded: boolean;
}>;

function* tokenByToken(
  { read, extend, rounded }: Programs,
  weights: TensorMap,
  prompts: Prompts,
  config: DecoderConfig,
  { maxNew, stop }: GenerateOptions,
): Iterable<readonly (readonly number[])[]> {
  const answers: number[][] = prompts.present.map(() => []);
  if (maxNew === 0 || answers.length === 0) return;
  const asked = tokensOf(layOut(prompts, rounded));
  const ends = prompts.present.map((row) => [row.lastIndexOf(1)]);
  const roomAt = (count: number): number => {
    const size = asked.places + Math.min(maxNew, count + AHEAD);
    return rounded ? roomFor(size) : size;
  };
  let room = roomAt(0);
  let cache: TensorMap = {};
  try {
    for (let count = 0; count < maxNew; count++) {
      const { next, ...kept } = tf.tidy(() => {
        if (count === 0) {
          const { next: first, ...begun } = read({ ...weights, ...promptTensors(prompts, ends, rounded) });
          return { next: first as tf.Tensor, ...resized(begun, asked.places, room) };
        }
        const used = asked.places + count - 1;
        const full = used === room;
        if (full) room = roomAt(count);
        const past = full ? resized(cache, used, room) : cache;
        return extend({ ...weights, ...past, ...newToken(answers, asked, count - 1, room, config) });
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

/** The tokens of the prompts in a cache: new ones go behind their `places`, side by side. */
type Tokens = Readonly<{
  places: number;
  /** per row and place */
  positions: readonly (readonly number[])[];
  /** tokens per row */
  lengths: readonly number[];
}>;

function tokensOf(positions: readonly (readonly number[])[]): Tokens {
  const lengths = positions.map((row, b) => {
    const length = Math.max(...row) + 1;
    if (length === 0) throw new Error(`prompt ${b} is empty`);
    return length;
  });
  return { places: positions[0]?.length ?? 0, positions, lengths };
}

/** All prompt tokens at once: the first new id of each row, and keys and values of every layer. */
function firstTokens(x: TensorMap, config: DecoderConfig): TensorMap {
  const weights = weightsIn(x);
  const { last, keyValues } = readPrompts(weights, x, config);
  return { next: greedy(weights, tf.reshape(last, [-1, config.hidden]), config), ...cacheMap(keyValues) };
}

/** Inputs of the second program for the token that each row got last, its `index`-th new one. */
function newToken(
  answers: readonly (readonly number[])[],
  { places, positions, lengths }: Tokens,
  index: number,
  room: number,
  config: DecoderConfig,
): TensorMap {
  const at = places + index;
  const window = config.slidingWindow ?? Number.POSITIVE_INFINITY;
  const mask = new Float32Array(lengths.length * room).fill(HIDDEN);
  for (const [b, length] of lengths.entries()) {
    const first = length + index - window; // the last position that is too far back
    for (let place = 0; place <= at; place++) {
      const position = place < places ? (positions[b]?.[place] as number) : length + place - places;
      if (position >= 0 && position > first) mask[b * room + place] = 0;
    }
  }
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
 * Keys and values [B, kvHeads, S, headDim] of which the first `used` places stay, with `room` places in all. Places of new
 * tokens must be zero, so what rounding added is cut off first.
 */
function resized(cache: TensorMap, used: number, room: number): TensorMap {
  const entries = Object.entries(cache).map(([name, tensor]) => {
    const own = tf.slice(tensor, [0, 0, 0, 0], [-1, -1, used, -1]) as tf.Tensor4D;
    return [name, tf.pad(own, [[0, 0], [0, 0], [0, room - used], [0, 0]])]; // biome-ignore format: a shape
  });
  return Object.fromEntries(entries);
}
