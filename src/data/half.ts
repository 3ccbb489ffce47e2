/** float16 and bfloat16, as bits, to float32 and back; rounding is to nearest, ties to even, as hardware does it. */

const scratch = new Float32Array(1);
const scratchBits = new Uint32Array(scratch.buffer);

let widened: Uint32Array | undefined;

/** All 65,536 values at once: a look-up is several times faster than shifting bits per element. */
function table(): Uint32Array {
  if (widened !== undefined) return widened;
  widened = new Uint32Array(65536);
  for (let half = 0; half < 65536; half++) widened[half] = widenBits(half);
  return widened;
}

function widenBits(half: number): number {
  const sign = (half & 0x8000) << 16;
  const exponent = (half >>> 10) & 0x1f;
  const fraction = half & 0x3ff;
  if (exponent === 31) return (sign | 0x7f800000 | (fraction << 13)) >>> 0;
  if (exponent !== 0) return (sign | ((exponent + 112) << 23) | (fraction << 13)) >>> 0;
  scratch[0] = fraction * 2 ** -24;
  return (sign | (scratchBits[0] as number)) >>> 0;
}

/** float16 bits into `target`, which has the same length. */
export function widenFloat16(source: Uint16Array, target: Float32Array): void {
  const bits = new Uint32Array(target.buffer, target.byteOffset, target.length);
  const values = table();
  for (let i = 0; i < source.length; i++) bits[i] = values[source[i] as number] as number;
}

/** bfloat16 bits into `target`, which has the same length. */
export function widenBfloat16(source: Uint16Array, target: Float32Array): void {
  const bits = new Uint32Array(target.buffer, target.byteOffset, target.length);
  for (let i = 0; i < source.length; i++) bits[i] = (source[i] as number) << 16;
}

/** The nearest float16 of every value; beyond 65519 it is infinity. */
export function narrowToFloat16(source: Float32Array): Uint16Array {
  const bits = new Uint32Array(source.buffer, source.byteOffset, source.length);
  const target = new Uint16Array(source.length);
  for (let i = 0; i < bits.length; i++) {
    const magnitude = (bits[i] as number) & 0x7fffffff;
    target[i] = (((bits[i] as number) >>> 16) & 0x8000) | halfOf(magnitude);
  }
  return target;
}

function halfOf(magnitude: number): number {
  if (magnitude >= 0x47800000) return magnitude > 0x7f800000 ? 0x7e00 : 0x7c00;
  if (magnitude >= 0x38800000) {
    // round to even by adding just under half a unit, and one more when the last kept bit is odd
    return (magnitude - 0x38000000 + 0xfff + ((magnitude >>> 13) & 1)) >>> 13;
  }
  // subnormal: adding 0.5 lets the floating-point addition do the rounding at bit 2^-24
  scratchBits[0] = magnitude;
  scratch[0] = (scratch[0] as number) + 0.5;
  return (scratchBits[0] as number) - 0x3f000000;
}

/** The nearest bfloat16 of every value. */
export function narrowToBfloat16(source: Float32Array): Uint16Array {
  const bits = new Uint32Array(source.buffer, source.byteOffset, source.length);
  const target = new Uint16Array(source.length);
  for (let i = 0; i < bits.length; i++) {
    const value = bits[i] as number;
    const nan = (value & 0x7fffffff) > 0x7f800000;
    target[i] = nan ? (value >>> 16) | 0x40 : (value + 0x7fff + ((value >>> 16) & 1)) >>> 16;
  }
  return target;
}
