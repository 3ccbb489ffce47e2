import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, expect, test } from 'vitest';
import { stream } from '../../src/data/random.ts';
import { openEngine } from '../../src/engine/open.ts';
import { projectFeatures } from '../../src/nn/projector.ts';
import {
  adapterConfig,
  folded,
  freshAdapter,
  standardisation,
  standardised,
  unfolded,
  withGain,
} from '../../src/train/adapter.ts';

beforeAll(async () => void (await openEngine()));

const config = adapterConfig(6, 8);
const random = stream(1, 'features');
/** Features with uneven means and deviations; one dimension never varies. */
const statistics = { mean: [3, -2, 0, 10, 0.5, 1], std: [0.1, 4, 1, 2, 0, 0.5] };
const features = (): tf.Tensor3D =>
  tf.tensor3d(
    Float32Array.from(
      { length: 5 * 7 * 6 },
      (_, i) => (statistics.mean[i % 6] as number) + (statistics.std[i % 6] as number) * random.normal(),
    ),
    [5, 7, 6],
  );
const largest = (a: tf.Tensor, b: tf.Tensor): number => tf.max(tf.abs(tf.sub(a, b))).dataSync()[0] as number;

test('an adapter with the standardisation folded in gives the same from features as they are, and unfolds again', () => {
  const { numTensors } = tf.memory();
  tf.tidy(() => {
    const adapter = { ...freshAdapter(3, config), 'linear_2.bias': tf.range(0, 8, 1, 'float32') };
    const standard = standardisation(statistics);
    const x = features();
    const expected = projectFeatures(adapter, standardised(standard, x), 'gelu');
    const plain = folded(adapter, standard);
    expect(largest(projectFeatures(plain, x, 'gelu'), expected)).toBeLessThan(2e-3); // one column is scaled by 1e5
    const again = unfolded(plain, standard);
    expect(largest(projectFeatures(again, standardised(standard, x), 'gelu'), expected)).toBeLessThan(2e-3);
    expect(Object.keys(plain).sort()).toEqual(Object.keys(adapter).sort());
  });
  expect(tf.memory().numTensors).toBe(numTensors);
});

test('without a standardisation folding is a copy', () => {
  tf.tidy(() => {
    const adapter = freshAdapter(3, config);
    const copy = folded(adapter, {});
    for (const [name, tensor] of Object.entries(adapter)) {
      expect(copy[name]?.dataSync()).toEqual(tensor.dataSync());
      expect(copy[name]?.id).not.toBe(tensor.id);
    }
  });
});

test('gain sets the mean norm of visual tokens against that of word embeddings', () => {
  tf.tidy(() => {
    const standard = standardisation(statistics);
    const x = standardised(standard, features());
    const embedding = tf.randomNormal([50, 8], 0, 0.2, 'float32', 1);
    const adapter = withGain(freshAdapter(3, config), x, embedding, { gain: 0.1, embeddingScale: 4 });
    const norm = (of: tf.Tensor): number => tf.mean(tf.norm(of, 2, -1)).dataSync()[0] as number;
    expect(norm(projectFeatures(adapter, x, 'gelu')) / norm(embedding)).toBeCloseTo(0.4, 4);
  });
});

test('a fresh adapter follows from the seed: the first layer within 1/sqrt(in), the second without bias', () => {
  tf.tidy(() => {
    const [a, b, c] = [freshAdapter(3, config), freshAdapter(3, config), freshAdapter(4, config)];
    const values = (adapter: typeof a, name: string): Float32Array => adapter[name]?.dataSync() as Float32Array;
    expect(values(a, 'linear_1.weight')).toEqual(values(b, 'linear_1.weight'));
    expect(values(a, 'linear_1.weight')).not.toEqual(values(c, 'linear_1.weight'));
    for (const name of ['linear_1.weight', 'linear_1.bias']) {
      expect(Math.max(...values(a, name).map(Math.abs))).toBeLessThanOrEqual(1 / Math.sqrt(6));
    }
    expect([...values(a, 'linear_2.bias')].every((value) => value === 0)).toBe(true);
  });
});
