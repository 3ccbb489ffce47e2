import { afterAll, expect } from 'vitest';

/** Items compared and items that differ, per family: ids, masks, labels and pixels must be the same. */
const counts = new Map<string, { items: number; different: number }>();

/** Compares one item that must be exactly the reference's. */
export function exact(family: string, at: string, actual: unknown, expected: unknown): void {
  const count = counts.get(family) ?? { items: 0, different: 0 };
  counts.set(family, count);
  count.items++;
  try {
    expect(actual, at).toEqual(expected);
  } catch (error) {
    count.different++;
    throw error;
  }
}

/** Prints one line per family when the file's tests are over. */
export function printExactAtEnd(): void {
  afterAll(() => {
    for (const [family, { items, different }] of counts) {
      process.stdout.write(
        `${family.padEnd(34)} ${String(items).padStart(4)} items    ${different === 0 ? 'all exact' : `${different} DIFFER`}\n`,
      );
    }
  });
}
