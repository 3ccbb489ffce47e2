import * as tf from '@tensorflow/tfjs-core';
import { type FeatureManifest, openFeatures } from '../data/features.ts';
import { ProblemError, suggest } from '../problem.ts';

/** Features of a frozen encoder, read where they lie. Close it. */
export type CachedFeatures = Readonly<{
  manifest: FeatureManifest;
  /** [B, tokens, dim] of some images; no name gives zeros, which no text will hold */
  take(names: readonly (string | undefined)[]): tf.Tensor3D;
  close(): void;
}>;

/** Opens a features folder. Throws ProblemError when it lacks one of the images: it belongs to another dataset. */
export async function openCachedFeatures(folder: string, images: readonly string[]): Promise<CachedFeatures> {
  const features = await openFeatures(folder);
  const { manifest, rows, indexOf, close } = features;
  try {
    requireImages('features', folder, images, manifest.images, indexOf);
  } catch (error) {
    close();
    throw error;
  }
  const { tokens, dim } = manifest;
  const take = (names: readonly (string | undefined)[]): tf.Tensor3D => {
    const values = new Float32Array(names.length * tokens * dim);
    names.forEach((name, i) => {
      if (name !== undefined) rows.readInto(values, i * tokens * dim, indexOf(name) as number);
    });
    return tf.tensor3d(values, [names.length, tokens, dim]);
  };
  return { manifest, take, close };
}

/** Throws ProblemError naming the first image that `what` of a folder lacks. */
export function requireImages(
  what: 'features' | 'labels',
  folder: string,
  needed: readonly string[],
  present: readonly string[],
  indexOf: (image: string) => number | undefined,
): void {
  const missing = needed.filter((image) => indexOf(image) === undefined);
  const first = missing[0];
  if (first === undefined) return;
  const others = missing.length === 1 ? '' : ` and ${missing.length - 1} more of ${needed.length}`;
  throw new ProblemError({
    code: `${what}-of-another-dataset`,
    message: `${folder}: there are no ${what} of image "${first}"${others}`,
    hint: `compute ${what} of the dataset that is trained on; ${suggest(first, present)}`,
  });
}
