import { openRows, type Rows, readManifest, type Shard, writeManifest, writeShards } from './shards.ts';

/** What a folder of labels says about itself. */
export type LabelManifest = Readonly<{
  /** the word list that indices count in */
  words: readonly string[];
  /** words per patch at most */
  top: number;
  readout: string;
  sign: 1 | -1;
  grid: readonly [height: number, width: number];
  images: readonly string[];
  shards: readonly Shard[];
}>;

/** Labels of some images: word indices [count, patches, top], -1 where there are fewer, and their scores. */
export type Labelled = Readonly<{ words: Int32Array; scores: Float32Array }>;

export type LabelWork = Readonly<{
  folder: string;
  about: Omit<LabelManifest, 'shards'>;
  produce: (start: number, count: number) => Promise<Labelled>;
  signal: AbortSignal;
  progress?: (done: number, of: number) => void;
}>;

/** Computes and writes what is missing of a labels folder, then its manifest. */
export async function writeLabels({ folder, about, produce, signal, progress }: LabelWork): Promise<LabelManifest> {
  const patches = about.grid[0] * about.grid[1];
  const shards = await writeShards({
    folder,
    prefix: 'labels',
    items: about.images.length,
    itemBytes: 8 * patches * about.top,
    signal,
    ...(progress === undefined ? {} : { progress }),
    make: async (start, count) => {
      const { words, scores } = await produce(start, count);
      const shape = [count, patches, about.top];
      return [
        { name: 'words', dtype: 'I32', shape, values: () => words },
        { name: 'scores', dtype: 'F32', shape, values: () => scores },
      ];
    },
  });
  const manifest = { ...about, shards };
  await writeManifest(folder, manifest);
  return manifest;
}

/** Labels by the name of an image. Close it. */
export interface Labels {
  readonly manifest: LabelManifest;
  /** where an image is; undefined when it has no labels */
  indexOf(image: string): number | undefined;
  /** [patches, top] word indices of an image */
  readonly words: Rows;
  /** [patches, top] scores beside them */
  readonly scores: Rows;
  close(): void;
}

export async function openLabels(folder: string): Promise<Labels> {
  const manifest = await readManifest<LabelManifest>(folder);
  const words = await openRows(folder, manifest.shards, 'words');
  const scores = await openRows(folder, manifest.shards, 'scores');
  const index = new Map(manifest.images.map((image, i) => [image, i]));
  const close = (): void => {
    words.close();
    scores.close();
  };
  return { manifest, words, scores, indexOf: (image) => index.get(image), close };
}
