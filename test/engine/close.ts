import { expect } from 'vitest';
import type { TensorMap } from '../../src/engine/capture.ts';

export function values(tensors: TensorMap): Record<string, number[]> {
  return Object.fromEntries(Object.entries(tensors).map(([name, tensor]) => [name, Array.from(tensor.dataSync())]));
}

export function expectClose(actual: TensorMap, expected: TensorMap, tolerance = 1e-5): void {
  expect(Object.keys(actual)).toEqual(Object.keys(expected));
  for (const [name, tensor] of Object.entries(expected)) {
    const found = actual[name];
    expect(found?.shape).toEqual(tensor.shape);
    expect(found?.dtype).toBe(tensor.dtype);
    const [a, b] = [found?.dataSync() ?? [], tensor.dataSync()];
    for (let i = 0; i < b.length; i++) {
      const [x = Number.NaN, y = Number.NaN] = [a[i], b[i]];
      if (Number.isNaN(x) && Number.isNaN(y)) continue;
      expect(Math.abs(x - y), `${name}[${i}]: ${x} and ${y}`).toBeLessThanOrEqual(tolerance * Math.max(1, Math.abs(y)));
    }
  }
}
