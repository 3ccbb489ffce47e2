import { join } from 'node:path';
import { openSafetensors } from './safetensors.ts';
import { openRows, type Rows, readManifest, type Shard, writeManifest, writeShards } from './shards.ts';

/** What a folder of features says about itself; mean and std are per dimension, over all images and tokens. */
export type FeatureManifest = Readonly<{
  images: readonly string[];
  tokens: number;
  dim: number;
  layer: number;
  /** sizes that the encoder looked at, as multiples of its own; absent: [1] */
  scales?: readonly number[];
  grid: readonly [height: number, width: number];
  mean: readonly number[];
  std: readonly number[];
  shards: readonly Shard[];
}>;

export type FeatureWork = Readonly<{
  folder: string;
  /** names of the images, in the order of the features */
  images: readonly string[];
  tokens: number;
  dim: number;
  layer: number;
  scales?: readonly number[];
  grid: readonly [number, number];
  /** features [count, tokens, dim] of images `start` to `start + count` */
  produce: (start: number, count: number) => Promise<Float32Array>;
  /** bytes that one file holds about; default 64 MB */
  shardBytes?: number;
  signal: AbortSignal;
  assist?: boolean;
  progress?: (done: number, of: number) => void;
}>;

/** Computes and writes what is missing of a features folder, then, unless it helps another process, its manifest. */
export async function writeFeatures(work: FeatureWork): Promise<void> {
  const { folder, images, tokens, dim, layer, scales, grid, produce, shardBytes = 64e6, signal, progress } = work;
  const { assist = false } = work;
  const shards = await writeShards({
    folder,
    prefix: 'features',
    items: images.length,
    itemBytes: 4 * tokens * dim,
    shardBytes,
    signal,
    assist,
    ...(progress === undefined ? {} : { progress }),
    make: async (start, count) => {
      const values = await produce(start, count);
      return [{ name: 'features', dtype: 'F32', shape: [count, tokens, dim], values: () => values }];
    },
  });
  if (assist) return;
  const about = { images, tokens, dim, layer, ...(scales === undefined ? {} : { scales }), grid };
  await writeManifest(folder, { ...about, ...(await moments(folder, shards, dim)), shards });
}

/** Mean and standard deviation per dimension, in float64 over the files: the same however often the work was resumed. */
async function moments(
  folder: string,
  shards: readonly Shard[],
  dim: number,
): Promise<{ mean: number[]; std: number[] }> {
  const [sum, squares] = [new Float64Array(dim), new Float64Array(dim)];
  let count = 0;
  for (const { file } of shards) {
    const opened = await openSafetensors(join(folder, file));
    const { values } = await opened.read('features');
    await opened.close();
    for (let from = 0; from < values.length; from += dim) {
      for (let d = 0; d < dim; d++) {
        const value = values[from + d] as number;
        sum[d] = (sum[d] as number) + value;
        squares[d] = (squares[d] as number) + value * value;
      }
    }
    count += values.length / dim;
  }
  const mean = Array.from(sum, (total) => total / count);
  const std = Array.from(squares, (total, d) => Math.sqrt(Math.max(0, total / count - (mean[d] as number) ** 2)));
  return { mean, std };
}

/** Features by the name of an image. Close it. */
export interface Features {
  readonly manifest: FeatureManifest;
  /** where an image is; undefined when it has no features */
  indexOf(image: string): number | undefined;
  /** [tokens, dim] of an image into `target` at an element offset */
  readonly rows: Rows;
  close(): void;
}

export async function openFeatures(folder: string): Promise<Features> {
  const manifest = await readManifest<FeatureManifest>(folder);
  const rows = await openRows(folder, manifest.shards, 'features');
  const index = new Map(manifest.images.map((image, i) => [image, i]));
  return { manifest, rows, indexOf: (image) => index.get(image), close: () => rows.close() };
}
