import { stream } from './random.ts';

const epochs = new Map<string, readonly number[]>();

/**
 * The items of a step: every epoch is a new random order of all `count` items, cut into batches; what does not fill a
 * batch opens the next epoch. It depends on the seed, the step and the sizes alone, so a resumed run sees the same.
 */
export function epochOrder(seed: number, step: number, batchSize: number, count: number): readonly number[] {
  if (count === 0) throw new Error('there is nothing to train on');
  return Array.from({ length: batchSize }, (_, i) => {
    const at = step * batchSize + i;
    return orderOf(seed, Math.floor(at / count), count)[at % count] as number;
  });
}

/** The order of one epoch; the last few are kept, since every step of an epoch asks for the same. */
function orderOf(seed: number, epoch: number, count: number): readonly number[] {
  const name = `${seed} ${epoch} ${count}`;
  const known = epochs.get(name);
  if (known !== undefined) return known;
  const order = stream(seed, 'order', epoch).shuffle(Array.from({ length: count }, (_, i) => i));
  if (epochs.size >= 4) epochs.delete(epochs.keys().next().value as string);
  epochs.set(name, order);
  return order;
}

/** Consecutive parts of `size` items, the last one of what is left. */
export function inParts<T>(items: readonly T[], size: number): readonly (readonly T[])[] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, at) => items.slice(at * size, (at + 1) * size));
}
