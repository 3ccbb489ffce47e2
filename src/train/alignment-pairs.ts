import * as tf from '@tensorflow/tfjs-core';
import { openLabels } from '../data/labels.ts';
import { stream } from '../data/random.ts';
import type { Tokenizer } from '../data/tokenizer.ts';
import type { TensorMap } from '../nn/compile.ts';
import { ProblemError } from '../problem.ts';
import { requireImages } from './cached-features.ts';
import { overlaps, resampleLabels } from './resample-labels.ts';
import {
  type PatchLabels,
  padPicks,
  type SampleSettings,
  sampleLabels,
  type WindowDraws,
  windowsOf,
} from './sample-labels.ts';

/** Patches with their labels for the alignment loss, drawn batch by batch. Close it. */
export type AlignmentPairs = Readonly<{
  words: readonly string[];
  /**
   * Pairs of some images at a step: `rows` [N] of the flattened visual tokens, `words` [N], `kept` [N] (0 for padding).
   * The draws of an image depend on the seed, the step and its name alone.
   */
  take(step: number, names: readonly (string | undefined)[]): Readonly<{ tensors: TensorMap; pairs: number }>;
  close(): void;
}>;

export type PairOptions = Omit<SampleSettings, 'grid'> &
  Readonly<{
    seed: number;
    /** images that will be asked for */
    images: readonly string[];
    /** patches down and across of the features that the adapter reads */
    grid: readonly [number, number];
  }>;

/**
 * Opens a labels folder. Labels of another grid of patches are resampled by position. Throws ProblemError when they are of
 * other images, or no window fits the grid.
 */
export async function openAlignmentPairs(folder: string, options: PairOptions): Promise<AlignmentPairs> {
  const labels = await openLabels(folder);
  const { manifest, words, scores, indexOf, close } = labels;
  const windows = windowsOf(options).length;
  try {
    if (windows === 0) throw noWindow(options);
    requireImages('labels', folder, options.images, manifest.images, indexOf);
  } catch (error) {
    close();
    throw error;
  }
  const patches = options.grid[0] * options.grid[1];
  const same = manifest.grid.join() === options.grid.join();
  const under = overlaps(manifest.grid, options.grid);
  const labelsOf = (name: string | undefined): PatchLabels => {
    const { top } = manifest;
    if (name === undefined)
      return { words: new Int32Array(patches * top).fill(-1), scores: new Float32Array(patches * top), top };
    const own = { words: new Int32Array(words.size), scores: new Float32Array(scores.size), top };
    words.readInto(own.words, 0, indexOf(name) as number);
    scores.readInto(own.scores, 0, indexOf(name) as number);
    return same ? own : resampleLabels(own, under);
  };
  return {
    words: manifest.words,
    take(step, names) {
      const draws = names.map((name) => drawsOf(options.seed, step, name ?? '', windows));
      const found = sampleLabels(names.map(labelsOf), draws, options);
      const room = names.length * windows;
      const size = options.dedupe ? Math.min(room, manifest.words.length) : room;
      const { rows, words: chosen, kept } = padPicks(found, size, patches);
      const tensors = {
        rows: tf.tensor1d(rows, 'int32'),
        words: tf.tensor1d(chosen, 'int32'),
        kept: tf.tensor1d(kept),
      };
      return { tensors, pairs: found.length };
    },
    close,
  };
}

function noWindow({ grid, window }: PairOptions): ProblemError {
  return new ProblemError({
    code: 'window-too-large',
    message: `align.window ${window} is larger than the features' grid of ${grid.join(' x ')} patches, and align.edge: drop leaves out partial windows: there is nothing to align`,
    hint: 'take a smaller align.window, or align.edge: keep',
  });
}

function drawsOf(seed: number, step: number, image: string, windows: number): WindowDraws {
  const random = stream(seed, 'align', step, image);
  const draw = (): Float64Array => Float64Array.from({ length: windows }, random.next);
  return { patch: draw(), label: draw(), priority: draw() };
}

/** Token ids of every word. Throws ProblemError naming words of which the tokenizer makes nothing. */
export function tokeniseWords(tokenizer: Tokenizer, words: readonly string[]): readonly (readonly number[])[] {
  const tokens = words.map((word) => tokenizer.encode(word, { special: false }));
  const problems = words.flatMap((word, i) => {
    if ((tokens[i] as readonly number[]).length > 0) return [];
    return [
      { code: 'word-without-tokens', message: `the tokenizer makes no token of the word ${JSON.stringify(word)}` },
    ];
  });
  if (problems.length > 0) throw new ProblemError(...problems);
  return tokens;
}
