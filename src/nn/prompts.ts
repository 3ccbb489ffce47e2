import * as tf from '@tensorflow/tfjs-core';
import type { DecoderConfig } from '../data/config.ts';
import { seenMask } from './attention.ts';
import type { TensorMap } from './compile.ts';
import { type Cache, type DecoderOutput, decode } from './decoder.ts';
import { planRead } from './read-plan.ts';
import type { Weights } from './weights.ts';

type Rows = Readonly<{
  /** [B, T, hidden] as layer 0 reads them; anything at padding */
  embeds: tf.Tensor;
  /** per row and position 1 for a token, 0 for padding (on either side) */
  present: readonly (readonly number[])[];
}>;

/**
 * Texts side by side. Those that begin alike may share what they begin with: `prefix` has the beginnings [U, P, hidden], and
 * the rows go on from the one that `of` names. A beginning is then read once, however many rows go on from it.
 */
export type Prompts = Rows & Readonly<{ prefix?: Rows & Readonly<{ of: readonly number[] }> }>;

/** 16, 24, 32, 48, 64, 96, ...: at most half as much again is wasted. */
export function roomFor(length: number): number {
  let size = 16;
  while (size < length) size *= 2;
  return size * 0.75 >= length && size > 16 ? size * 0.75 : size;
}

/**
 * Which position each place of the prompts' keys holds, per row, -1 for none: the places of the prefix, then the row's own.
 * `rounded`: the prefix has as many places as there is room for.
 */
export function layOut({ present, prefix }: Prompts, rounded: boolean): readonly (readonly number[])[] {
  const begun = prefix === undefined ? 0 : lengthOf(prefix, rounded);
  return present.map((row, b) => {
    const before = prefix?.present[prefix.of[b] as number] ?? [];
    let position = 0;
    const next = (here: number | undefined): number => (here === 1 ? position++ : -1);
    return [...Array.from({ length: begun }, (_, t) => next(before[t])), ...row.map(next)];
  });
}

/**
 * What `readPrompts` reads: prompts, and the places in each row's own part whose last state is wanted, M at most.
 * `rounded`: all sizes are rounded up, so that few different ones meet a compiled program.
 */
export function promptTensors(prompts: Prompts, wanted: readonly (readonly number[])[], rounded: boolean): TensorMap {
  const { prefix } = prompts;
  const length = lengthOf(prompts, rounded);
  const begun = prefix === undefined ? 0 : lengthOf(prefix, rounded);
  const places = layOut(prompts, rounded);
  const most = Math.max(1, ...wanted.map((own) => own.length));
  const own = {
    ...padded(prompts.embeds, places.map((row) => row.slice(begun)), length), // biome-ignore format: one thing
    read: tf.tensor2d(planRead(wanted, length, most).read, [wanted.length, most], 'int32'),
  };
  if (prefix === undefined) return own;
  const { embeds, positions } = padded(
    prefix.embeds,
    layOut(prefix, false),
    begun,
    rounded ? places.length : undefined,
  );
  return { ...own, beginning: embeds, begun: positions, of: tf.tensor1d([...prefix.of], 'int32') };
}

/** The layers' states at the places to read, and keys and values of all places. */
export function readPrompts(weights: Weights, x: TensorMap, config: DecoderConfig): DecoderOutput {
  const { embeds, positions, read, beginning, begun, of } = x as Readonly<Record<string, tf.Tensor>> & Own;
  const { slidingWindow } = config;
  if (beginning === undefined || begun === undefined || of === undefined)
    return decode(weights, { embeds, positions, read, mask: seenMask(positions, positions, slidingWindow) }, config);
  const cache = beginningsOf(weights, { embeds: beginning, positions: begun, of }, config);
  const keys = tf.concat([tf.gather(begun, of), positions], 1);
  return decode(weights, { embeds, positions, read, cache, mask: seenMask(positions, keys, slidingWindow) }, config);
}

type Own = Readonly<{ embeds: tf.Tensor; positions: tf.Tensor; read: tf.Tensor }>;
type Beginnings = Readonly<{ embeds: tf.Tensor; positions: tf.Tensor; of: tf.Tensor }>;

/** Keys and values of the beginnings [U, P, hidden], one for each row that goes on from them. */
function beginningsOf(weights: Weights, { embeds, positions, of }: Beginnings, config: DecoderConfig): Cache {
  const [count, length] = positions.shape as [number, number];
  const first = tf.reshape(tf.range(0, count * length, length, 'int32'), [count, 1]); // states are not needed: one is read
  const mask = seenMask(positions, positions, config.slidingWindow);
  const { keyValues } = decode(weights, { embeds, positions, mask, read: first }, config);
  const perRow = (all: readonly tf.Tensor[]): tf.Tensor[] => all.map((one) => tf.gather(one, of));
  return { keys: perRow(keyValues.keys), values: perRow(keyValues.values) };
}

function lengthOf({ embeds }: Rows, rounded: boolean): number {
  const length = embeds.shape[1] as number;
  return rounded ? roomFor(length) : length;
}

/** Rows padded on the right to `length` tokens; with `most` to the fewest halvings of so many rows that hold them. */
function padded(
  embeds: tf.Tensor,
  positions: readonly (readonly number[])[],
  length: number,
  most = embeds.shape[0] as number,
): Padded {
  const [rows, own] = embeds.shape as [number, number, number];
  let size = most;
  while (size > 1 && Math.ceil(size / 2) >= rows) size = Math.ceil(size / 2);
  const at = new Int32Array(size * length).fill(-1);
  for (const [b, row] of positions.entries()) at.set(row, b * length);
  return {
    embeds: tf.pad(embeds as tf.Tensor3D, [[0, size - rows], [0, length - own], [0, 0]]), // biome-ignore format: a shape
    positions: tf.tensor2d(at, [size, length], 'int32'),
  };
}

type Padded = Readonly<{ embeds: tf.Tensor; positions: tf.Tensor }>;
