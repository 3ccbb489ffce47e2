import { badTensors, type TensorData, type TensorFile, type TensorInfo } from './safetensors.ts';

/** All ones: an infinity, or no number. */
const EXPONENT = 0x7f800000;

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

/** On the bits, as integers compare several times faster. */
function findUnfinite(values: Float32Array): number {
  const bits = new Int32Array(values.buffer, values.byteOffset, values.length);
  for (let i = 0; i < bits.length; i++) if (((bits[i] as number) & EXPONENT) === EXPONENT) return i;
  return -1;
}
