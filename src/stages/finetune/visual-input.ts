import * as tf from '@tensorflow/tfjs-core';
import { magnified } from '../../data/input-size.ts';
import type { Preprocessor } from '../../data/preprocess.ts';
import type { TensorMap } from '../../nn/compile.ts';
import { featureDim, featureGrid, pixelSide, type Sight, sightFeatures } from '../../nn/sight.ts';
import type { Weights } from '../../nn/weights.ts';
import { type Problem, ProblemError } from '../../problem.ts';
import type { FeatureStatistics } from '../../train/adapter.ts';
import { type CachedFeatures, openCachedFeatures } from '../../train/cached-features.ts';
import { openPictures } from '../../train/pictures.ts';

/** What the model sees of images: features of the frozen encoder, or pixels that go through it in every step. Close it. */
export type VisualInput = Readonly<{
  take(names: readonly (string | undefined)[]): Promise<TensorMap>;
  /** features [n, patches, dim] of the first images, from the encoder as it is before training */
  sample: tf.Tensor3D;
  statistics: FeatureStatistics;
  close(): void;
}>;

/** Images whose visual tokens set the scale of a fresh adapter, and images whose features are standardised by. */
const SAMPLE = 50;
const STATISTICS = 500;

export async function cachedInput(folder: string, images: readonly string[], sight: Sight): Promise<VisualInput> {
  const features = await openCachedFeatures(folder, images);
  try {
    checkOrigin(folder, features, sight);
  } catch (error) {
    features.close();
    throw error;
  }
  return {
    take: async (names) => ({ features: features.take(names) }),
    sample: features.take(images.slice(0, SAMPLE)),
    statistics: features.manifest,
    close: features.close,
  };
}

/** Throws ProblemError when the features are not what this encoder gives at this layer. */
function checkOrigin(folder: string, { manifest }: CachedFeatures, sight: Sight): void {
  const { vision, layer, scales } = sight;
  const problems: Problem[] = [];
  const from = (index: number): number => (index < 0 ? vision.layers + 1 + index : index);
  if (from(manifest.layer) !== from(layer)) {
    const message = `${folder}: features are hidden state ${manifest.layer} of the vision tower, but layer is ${layer}`;
    problems.push({
      code: 'layer-mismatch',
      message,
      hint: `set layer: ${manifest.layer}, or compute features of layer ${layer}`,
    });
  }
  const seen = manifest.scales ?? [1];
  if (seen.join() !== scales.join()) {
    const message = `${folder}: features are of scales [${seen}], but scales is [${scales}]`;
    const hint = `set scales: [${seen}], or compute features of scales [${scales}]`;
    throw new ProblemError(...problems, { code: 'scales-mismatch', message, hint });
  }
  const [tokens, dim] = [featureGrid(sight) ** 2, featureDim(sight)];
  if (manifest.dim !== dim || manifest.tokens !== tokens) {
    const message = `${folder}: features are [${manifest.tokens}, ${manifest.dim}] per image, the encoder gives [${tokens}, ${dim}]`;
    problems.push({ code: 'features-of-another-encoder', message });
  }
  if (problems.length > 0) throw new ProblemError(...problems);
}

/** `folder` has the pictures; `tower` is the vision tower by its published names. */
export async function pixelInput(
  folder: string,
  how: Preprocessor,
  images: readonly string[],
  tower: Weights,
  sight: Sight,
): Promise<VisualInput> {
  const pictures = openPictures(folder, magnified(how, Math.max(...sight.scales)), pixelSide(sight));
  const parts: tf.Tensor3D[] = [];
  for (let start = 0; start < Math.min(STATISTICS, images.length); start += SAMPLE) {
    const pixels = await pictures(images.slice(start, Math.min(start + SAMPLE, STATISTICS)));
    parts.push(sightFeatures(tower, pixels, sight) as tf.Tensor3D);
    pixels.dispose();
  }
  const blank = [0, featureGrid(sight) ** 2, featureDim(sight)] as [number, number, number];
  const seen = parts.length === 0 ? tf.zeros<tf.Rank.R3>(blank) : tf.concat3d(parts, 0);
  tf.dispose(parts);
  const sample = tf.slice3d(seen, [0, 0, 0], [Math.min(SAMPLE, seen.shape[0]), -1, -1]);
  const statistics = await momentsOf(seen);
  seen.dispose();
  return { take: async (names) => ({ pixels: await pictures(names) }), sample, statistics, close: () => undefined };
}

/** Mean and deviation of every dimension of features [n, patches, dim]; 0 and 1 without images. */
async function momentsOf(features: tf.Tensor3D): Promise<FeatureStatistics> {
  const dim = features.shape[2];
  if (features.size === 0) return { mean: new Float32Array(dim), std: new Float32Array(dim).fill(1) };
  const moments = tf.tidy(() => {
    const { mean, variance } = tf.moments(features, [0, 1]);
    return { mean, std: tf.sqrt(variance) };
  });
  const statistics = { mean: await moments.mean.data<'float32'>(), std: await moments.std.data<'float32'>() };
  tf.dispose(moments);
  return statistics;
}
