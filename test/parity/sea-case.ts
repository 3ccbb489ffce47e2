import type * as tf from '@tensorflow/tfjs-core';
import { picks, type SampleSettings } from '../../src/train/sample-labels.ts';
import { patchScores, topWords } from '../../src/train/top-words.ts';
import { type Case, expected, type Golden } from './golden.ts';

export type Sea = Case &
  Readonly<{
    n: number;
    sign: 1 | -1;
    grid: [number, number];
    k: number;
    edge: 'keep' | 'drop';
    lambda: number;
    label_tokens: number[][];
    inputs: Record<string, string>;
    outputs: Record<string, string>;
  }>;

/** Label ids and scores of every patch as stored: -1 and 0 where there is none. */
export function labelsOf(patches: tf.Tensor, words: tf.Tensor, c: Sea): { words: Int32Array; scores: Float32Array } {
  const top = topWords(patchScores(patches, words, c.sign), c.n);
  const found = top.words.shape[1] as number;
  const ids = top.words.dataSync() as Int32Array;
  const values = top.scores.dataSync() as Float32Array;
  const rows = patches.shape[0] as number;
  const out = { words: new Int32Array(rows * c.n).fill(-1), scores: new Float32Array(rows * c.n) };
  for (let row = 0; row < rows; row++) {
    for (let j = 0; j < found; j++) {
      const score = values[row * found + j] as number;
      if (score < 0) continue;
      out.words[row * c.n + j] = ids[row * found + j] as number;
      out.scores[row * c.n + j] = score;
    }
  }
  return out;
}

/** The picks of a batch as the reference stores them. */
export function pickedAs(golden: Golden, c: Sea, labels: { words: Int32Array; scores: Float32Array }) {
  const [images, windows] = expected(golden, c.inputs['u_patch'] as string).shape as [number, number];
  const patches = c.grid[0] * c.grid[1];
  const draw = (key: string, image: number) =>
    expected(golden, c.inputs[key] as string).values.slice(image * windows, (image + 1) * windows);
  const settings: SampleSettings = { grid: c.grid, window: c.k, edge: c.edge, choice: 'weighted', dedupe: true };
  const { all, kept } = picks(
    Array.from({ length: images }, (_, i) => ({
      words: labels.words.slice(i * patches * c.n, (i + 1) * patches * c.n),
      scores: labels.scores.slice(i * patches * c.n, (i + 1) * patches * c.n),
      top: c.n,
    })),
    Array.from({ length: images }, (_, i) => ({
      patch: draw('u_patch', i),
      label: draw('u_label', i),
      priority: draw('priority', i),
    })),
    settings,
  );
  return { images, windows, patches, all, kept };
}
