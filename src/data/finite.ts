import { badTensors, type TensorData, type TensorFile, type TensorInfo } from './safetensors.ts';

/** All ones: an infinity, or no number. */
const EXPONENT = 0x7f800000;
const LOWEST = 0x00800000;
const BLOCK = 4096;

/**
 * Reads a tensor of a model that is to be used: one number that is none would make every answer of the model nothing, or,
 * behind a comparison, a wrong one that looks right.
 */
export async function readFinite(file: TensorFile, info: TensorInfo): Promise<TensorData> {
  const read = await file.read(info.name);
  if (!(read.values instanceof Float32Array)) return read;
  const at = findUnfinite(read.values);
  if (at < 0) return read;
  const value = read.values[at] as number;
  const shown = Number.isNaN(value) ? 'NaN' : value > 0 ? 'infinity' : '-infinity';
  const cause = info.dtype === 'F64' ? ' (or too large for 32 bits)' : '';
  throw badTensors(
    info.file,
    `tensor "${info.name}" has ${shown}${cause} at element ${at}; weights are finite numbers`,
  );
}

/** On the bits, as integers compare faster; by blocks without a branch, of which one with a hit is searched. */
function findUnfinite(values: Float32Array): number {
  const bits = new Int32Array(values.buffer, values.byteOffset, values.length);
  const whole = bits.length - (bits.length % BLOCK);
  for (let start = 0; start < whole; start += BLOCK) {
    let found = 0;
    // an exponent of all ones, and of no other bits, carries into the sign
    for (let i = start; i < start + BLOCK; i += 4) {
      found |=
        (((bits[i] as number) & EXPONENT) + LOWEST) |
        (((bits[i + 1] as number) & EXPONENT) + LOWEST) |
        (((bits[i + 2] as number) & EXPONENT) + LOWEST) |
        (((bits[i + 3] as number) & EXPONENT) + LOWEST);
    }
    if (found < 0) return search(bits, start);
  }
  return search(bits, whole);
}

function search(bits: Int32Array, start: number): number {
  for (let i = start; i < bits.length; i++) if (((bits[i] as number) & EXPONENT) === EXPONENT) return i;
  return -1;
}
