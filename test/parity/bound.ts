import type * as tf from '@tensorflow/tfjs-core';
import { afterAll, expect } from 'vitest';
import type { TensorData } from '../../src/data/safetensors.ts';

/** Worst difference seen so far per tensor family, as a share of its bound. */
const worst = new Map<string, { share: number; difference: number; bound: number; at: string; tensors: number }>();

/** |difference| <= max(1e-5, 2e-5 x the tensor's largest magnitude). */
export function boundOf(values: ArrayLike<number>): number {
  let largest = 0;
  for (let i = 0; i < values.length; i++) largest = Math.max(largest, Math.abs(values[i] as number));
  return Math.max(1e-5, 2e-5 * largest);
}

/** Compares a computed tensor with the stored one: same shape, every element within the bound. */
export function compare(family: string, at: string, actual: tf.Tensor, stored: TensorData): void {
  expect(actual.shape, `${at}: shape`).toEqual([...stored.shape]);
  const values = actual.dataSync() as Float32Array;
  const bound = boundOf(stored.values);
  let difference = 0;
  for (let i = 0; i < values.length; i++) {
    const d = Math.abs((values[i] as number) - (stored.values[i] as number));
    if (!(d <= difference)) difference = d; // NaN counts as a difference
  }
  note(family, at, difference, bound);
  expect(difference, `${at}: worst difference against the bound ${bound}`).toBeLessThanOrEqual(bound);
}

function note(family: string, at: string, difference: number, bound: number): void {
  const old = worst.get(family);
  const share = difference / bound;
  const tensors = (old?.tensors ?? 0) + 1;
  worst.set(
    family,
    old === undefined || !(share <= old.share) ? { share, difference, bound, at, tensors } : { ...old, tensors },
  );
}

/** Prints one line per family when the file's tests are over. */
export function printWorstAtEnd(): void {
  afterAll(() => {
    for (const [family, { share, difference, bound, at, tensors }] of worst) {
      const line = `${family.padEnd(34)} ${String(tensors).padStart(4)} tensors  worst ${difference.toExponential(2)}`;
      process.stdout.write(`${line} of ${bound.toExponential(2)} (${(100 * share).toFixed(0)} %)  ${at}\n`);
    }
  });
}
