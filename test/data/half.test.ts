import fc from 'fast-check';
import { expect, test } from 'vitest';
import { narrowToBfloat16, narrowToFloat16, widenBfloat16, widenFloat16 } from '../../src/data/half.ts';

const all = Uint16Array.from({ length: 65536 }, (_, bits) => bits);

/** The definition of IEEE 754 binary16, in plain arithmetic. */
function halfValue(bits: number): number {
  const sign = bits >> 15 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  if (exponent === 31) return fraction === 0 ? sign * Infinity : Number.NaN;
  return exponent === 0 ? sign * fraction * 2 ** -24 : sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

const widen = (bits: Uint16Array, how: typeof widenFloat16): Float32Array => {
  const target = new Float32Array(bits.length);
  how(bits, target);
  return target;
};

test('every float16 has the value of its definition, and narrows back to itself', () => {
  const values = widen(all, widenFloat16);
  const wrong = [...all].filter((bits) => !Object.is(values[bits], halfValue(bits)));
  expect(wrong).toEqual([]);
  const back = narrowToFloat16(values);
  expect([...all].filter((bits) => !Number.isNaN(values[bits]) && back[bits] !== bits)).toEqual([]);
});

test('narrowing to float16 takes the nearest value, and the even one of two equally near', () => {
  const finite = [...all].filter((bits) => (bits & 0x7fff) < 0x7c00);
  const values = Float32Array.from(finite.map(halfValue));
  fc.assert(
    fc.property(
      fc.oneof(
        fc.float({ noNaN: true, min: -65519, max: 65519 }),
        fc.float({ min: Math.fround(-1e-4), max: Math.fround(1e-4), noNaN: true }),
      ),
      (x) => {
        const bits = narrowToFloat16(Float32Array.of(x))[0] as number;
        const distance = Math.abs(halfValue(bits) - x);
        for (const neighbour of [bits - 1, bits + 1]) {
          if ((neighbour & 0x7fff) >= 0x7c00 || neighbour < 0 || neighbour >> 15 !== bits >> 15) continue;
          const other = Math.abs(halfValue(neighbour) - x);
          expect(other).toBeGreaterThanOrEqual(distance);
          if (other === distance) expect(bits % 2).toBe(0);
        }
      },
    ),
  );
  expect(values).toHaveLength(2 * 0x7c00);
  expect([...narrowToFloat16(Float32Array.of(65504, 65519, 65520, -1e9, 1 + 2 ** -11, 1 + 3 * 2 ** -11))]).toEqual([
    0x7bff, 0x7bff, 0x7c00, 0xfc00, 0x3c00, 0x3c02,
  ]);
});

test('bfloat16 is the upper half of a float32, rounded to even', () => {
  const values = widen(all, widenBfloat16);
  expect(values[0x3f80]).toBe(1);
  const back = narrowToBfloat16(values);
  expect([...all].filter((bits) => !Number.isNaN(values[bits]) && back[bits] !== bits)).toEqual([]);
  const ties = Float32Array.of(1 + 2 ** -8, 1 + 3 * 2 ** -8, 1 + 2 ** -8 + 2 ** -20);
  expect([...narrowToBfloat16(ties)]).toEqual([0x3f80, 0x3f82, 0x3f81]);
  expect(Number.isNaN(widen(narrowToBfloat16(Float32Array.of(Number.NaN)), widenBfloat16)[0])).toBe(true);
});
