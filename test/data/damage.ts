import fc from 'fast-check';
import { expect } from 'vitest';
import { ProblemError } from '../../src/problem.ts';

type Change = (bytes: Buffer) => Buffer;

/** Ways in which the bytes of a file change: by a bit, a byte, a piece lost, doubled or inserted, or the end cut off. */
function change(reach: number): fc.Arbitrary<Change> {
  const place = fc.nat(reach - 1);
  const at = (bytes: Buffer, position: number): number => position % Math.max(1, bytes.length);
  const set = (bytes: Buffer, position: number, value: (old: number) => number): Buffer => {
    const copy = Buffer.from(bytes);
    if (copy.length > 0) copy[at(copy, position)] = value(copy[at(copy, position)] as number);
    return copy;
  };
  return fc.oneof(
    fc.tuple(place, fc.nat(7)).map(
      ([p, bit]): Change =>
        (bytes) =>
          set(bytes, p, (old) => old ^ (1 << bit)),
    ),
    fc.tuple(place, fc.nat(255)).map(
      ([p, value]): Change =>
        (bytes) =>
          set(bytes, p, () => value),
    ),
    fc.tuple(place, fc.constantFrom(...'0123456789-.e"[]{},')).map(([p, char]): Change => {
      return (bytes) => set(bytes, p, () => char.charCodeAt(0));
    }),
    place.map(
      (p): Change =>
        (bytes) =>
          bytes.subarray(0, at(bytes, p)),
    ),
    fc.tuple(place, fc.integer({ min: 1, max: 40 })).map(([p, length]): Change => {
      return (bytes) => Buffer.concat([bytes.subarray(0, at(bytes, p)), bytes.subarray(at(bytes, p) + length)]);
    }),
    fc.tuple(place, place, fc.integer({ min: 1, max: 40 })).map(([to, from, length]): Change => {
      return (bytes) => {
        const piece = bytes.subarray(at(bytes, from), at(bytes, from) + length);
        return Buffer.concat([bytes.subarray(0, at(bytes, to)), piece, bytes.subarray(at(bytes, to))]);
      };
    }),
  );
}

/** The bytes with one to three changes, most of them in the first `head` bytes. */
export function damaged(bytes: Buffer, head = bytes.length): fc.Arbitrary<Buffer> {
  const one = fc.oneof({ weight: 3, arbitrary: change(Math.min(head, bytes.length)) }, change(bytes.length));
  return fc.array(one, { minLength: 1, maxLength: 3 }).map((all) => all.reduce((now, next) => next(now), bytes));
}

/** The value with one part of it, however deep, taken away or replaced by any JSON. */
export function altered(value: unknown): fc.Arbitrary<unknown> {
  const places = pathsOf(value);
  const odd = fc.constantFrom<unknown>(undefined, null, true, 0, -1, 1.5, 2 ** 31, 1e15, 1e300, '', '0', [], {}, [
    null,
  ]);
  return fc.tuple(fc.constantFrom(...places), fc.oneof(odd, fc.jsonValue({ maxDepth: 2 }))).map(([path, by]) => {
    return replaced(value, path, by);
  });
}

function pathsOf(value: unknown, path: readonly string[] = []): readonly (readonly string[])[] {
  if (typeof value !== 'object' || value === null) return [path];
  return [path, ...Object.entries(value).flatMap(([key, inner]) => pathsOf(inner, [...path, key]))];
}

function replaced(value: unknown, [key, ...rest]: readonly string[], by: unknown): unknown {
  if (key === undefined) return by;
  const copy = (Array.isArray(value) ? [...value] : { ...(value as object) }) as Record<string, unknown>;
  const inner = replaced(copy[key], rest, by);
  if (inner === undefined) delete copy[key];
  else copy[key] = inner;
  return copy;
}

/** What came of it; undefined when it was refused, by problems of which each names one of the files. Else it throws. */
export async function unlessRefused<T>(work: () => Promise<T>, ...files: readonly string[]): Promise<T | undefined> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof ProblemError)) throw error;
    for (const { message } of error.problems) {
      expect(files.some((file) => message.includes(file)) ? '' : message).toBe('');
      expect(message.length).toBeLessThan(2000);
    }
    return undefined;
  }
}
