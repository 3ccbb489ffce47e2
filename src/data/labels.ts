import { join } from 'node:path';
import { ProblemError } from '../problem.ts';
import { openRows, type Rows, readManifest, type Shard, writeManifest, writeShards } from './shards.ts';

/** What a folder of labels says about itself. What is optional is missing where another program wrote the labels. */
export type LabelManifest = Readonly<{
  /** the word list that indices count in */
  words: readonly string[];
  /** words per patch at most */
  top: number;
  readout: string;
  sign: 1 | -1;
  /** words of a lower score are no labels, though they are stored; absent: every stored word is one */
  minScore?: number;
  /** templates that words were embedded in */
  prompts?: readonly string[];
  sample?: LabelSample;
  /** sizes that the encoder looked at, as multiples of its own; absent: [1] */
  scales?: readonly number[];
  grid: readonly [height: number, width: number];
  images: readonly string[];
  shards: readonly Shard[];
}>;

/** What was seen in a sample of the images before any label was dropped. */
export type LabelSample = Readonly<{
  images: number;
  /** share of all patch-word scores (not the best `top` alone) below zero, in % */
  belowZero: number;
  /**
   * what `sign: auto` compared: for each sign the best score of a word over an image's patches, averaged over words of
   * the image's caption, minus the same over all other words; averaged over the sample. The higher one wins.
   */
  contrast?: Readonly<{ positive: number; negative: number }>;
}>;

/** Labels of some images: word indices [count, patches, top], -1 where there are fewer, and their scores. */
export type Labelled = Readonly<{ words: Int32Array; scores: Float32Array }>;

export type LabelWork = Readonly<{
  folder: string;
  about: Omit<LabelManifest, 'shards'>;
  produce: (start: number, count: number) => Promise<Labelled>;
  /** images of one file; default: as many as fill about 8 MB */
  imagesPerShard?: number;
  signal: AbortSignal;
  assist?: boolean;
  progress?: (done: number, of: number) => void;
}>;

const SHARD_BYTES = 8e6;

/**
 * Computes and writes what is missing of a labels folder, then, unless it helps another process, its manifest: `words` [count, patches, top] as uint16, or
 * int32 for more than 65,535 words, and `scores` beside them as float16. No word is stored as the number of words.
 */
export async function writeLabels(work: LabelWork): Promise<void> {
  const { folder, about, produce, imagesPerShard, signal, assist = false, progress } = work;
  const patches = about.grid[0] * about.grid[1];
  const none = about.words.length;
  const wide = none > 0xffff;
  const itemBytes = (wide ? 6 : 4) * patches * about.top;
  const shards = await writeShards({
    folder,
    prefix: 'labels',
    items: about.images.length,
    itemBytes,
    shardBytes: imagesPerShard === undefined ? SHARD_BYTES : imagesPerShard * itemBytes,
    signal,
    assist,
    ...(progress === undefined ? {} : { progress }),
    make: async (start, count) => {
      const { words, scores } = await produce(start, count);
      const shape = [count, patches, about.top];
      const stored = words.map((word) => (word < 0 ? none : word));
      const ids = wide ? stored : Uint16Array.from(stored);
      return [
        { name: 'words', dtype: wide ? 'I32' : 'U16', shape, values: () => ids },
        { name: 'scores', dtype: 'F16', shape, values: () => scores },
      ];
    },
  });
  if (!assist) await writeManifest(folder, { ...about, shards });
}

/** Labels by the name of an image. Close it. */
export interface Labels {
  readonly manifest: LabelManifest;
  /** where an image is; undefined when it has no labels */
  indexOf(image: string): number | undefined;
  /** [patches, top] word indices of an image, -1 where there is no word or its score is below the least one */
  readonly words: Rows;
  /** [patches, top] scores beside them, also of words that were dropped */
  readonly scores: Rows;
  /** [patches, top] word indices as they are stored: also of words that were dropped; -1 where there is none */
  readonly nearest: Rows;
  close(): void;
}

export async function openLabels(folder: string): Promise<Labels> {
  const manifest = checked(await readManifest<LabelManifest>(folder), folder);
  const scores = await openRows(folder, manifest.shards, 'scores');
  const nearest = withoutNone(await openRows(folder, manifest.shards, 'words'), manifest.words.length);
  const [patches, shape] = [manifest.grid[0] * manifest.grid[1], nearest.shape.join(' x ')];
  if (shape !== `${patches} x ${manifest.top}`)
    throw bad(folder, `words of an image are ${shape}, but grid and top say ${patches} x ${manifest.top}`);
  const index = new Map(manifest.images.map((image, i) => [image, i]));
  return {
    manifest,
    words: fromScore(nearest, scores, manifest.minScore),
    scores,
    nearest,
    indexOf: (image) => index.get(image),
    close: () => {
      nearest.close();
      scores.close();
    },
  };
}

function checked(manifest: LabelManifest, folder: string): LabelManifest {
  const { words, top, grid, readout, sign, minScore }: Partial<LabelManifest> = manifest;
  const positive = (value: unknown): boolean => Number.isSafeInteger(value) && Number(value) > 0;
  if (!Array.isArray(words) || words.some((word) => typeof word !== 'string'))
    throw bad(folder, '"words" is no list of words');
  if (!positive(top)) throw bad(folder, `"top" is ${JSON.stringify(top)}`);
  if (!Array.isArray(grid) || grid.length !== 2 || !grid.every(positive))
    throw bad(folder, `"grid" is ${JSON.stringify(grid)}, not [height, width]`);
  if (typeof readout !== 'string') throw bad(folder, `"readout" is ${JSON.stringify(readout)}, not a name`);
  if (sign !== 1 && sign !== -1) throw bad(folder, `"sign" is ${JSON.stringify(sign)}, not 1 or -1`);
  if (minScore !== undefined && typeof minScore !== 'number')
    throw bad(folder, `"minScore" is ${JSON.stringify(minScore)}, not a number`);
  return manifest;
}

const bad = (folder: string, message: string): ProblemError =>
  new ProblemError({ code: 'bad-manifest', message: `${join(folder, 'manifest.json')}: ${message}` });

/** Word indices with -1 for what is stored for no word. */
function withoutNone(rows: Rows, none: number): Rows {
  return {
    ...rows,
    readInto: (target, offset, index) => {
      rows.readInto(target, offset, index);
      for (let i = offset; i < offset + rows.size; i++) if (target[i] === none) target[i] = -1;
    },
  };
}

/** Word indices with -1 where the score, as it is stored, is too low. */
function fromScore(words: Rows, scores: Rows, minScore: number | undefined): Rows {
  if (minScore === undefined) return words;
  const own = new Float32Array(scores.size);
  return {
    ...words,
    readInto: (target, offset, index) => {
      words.readInto(target, offset, index);
      scores.readInto(own, 0, index);
      for (let i = 0; i < own.length; i++) if ((own[i] as number) < minScore) target[offset + i] = -1;
    },
  };
}
