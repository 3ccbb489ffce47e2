import * as tf from '@tensorflow/tfjs-core';

/** A linear map along one axis as a matrix [out, in], row-major: resampling an image is one of them per axis. */
export type AxisMap = Readonly<{ out: number; in: number; values: Float32Array }>;

/** Keys' cubic kernel; torch takes a = -0.75, and -0.5 where it smooths. */
function cubic(x: number, a: number): number {
  const d = Math.abs(x);
  if (d <= 1) return ((a + 2) * d - (a + 3)) * d * d + 1;
  return d < 2 ? ((a * d - 5 * a) * d + 8 * a) * d - 4 * a : 0;
}

/**
 * torch's `interpolate(mode='bicubic', align_corners=False)` on floats: four taps around the source position, pixels
 * beyond the edge repeated, no antialiasing and no clipping.
 */
export function bicubicMap(from: number, to: number): AxisMap {
  const values = new Float32Array(to * from);
  for (let i = 0; i < to; i++) {
    const source = ((i + 0.5) * from) / to - 0.5;
    const base = Math.floor(source);
    for (let tap = base - 1; tap <= base + 2; tap++) {
      const pixel = Math.min(from - 1, Math.max(0, tap));
      const at = i * from + pixel;
      values[at] = (values[at] as number) + cubic(source - tap, -0.75);
    }
  }
  return { out: to, in: from, values };
}

/** The same with `antialias=True`: when shrinking, the kernel widens with the step; taps beyond the edge are left out. */
export function smoothBicubicMap(from: number, to: number): AxisMap {
  const values = new Float32Array(to * from);
  const scale = from / to;
  const widened = Math.max(scale, 1);
  for (let i = 0; i < to; i++) {
    const center = scale * (i + 0.5);
    const first = Math.max(0, Math.trunc(center - 2 * widened + 0.5));
    const end = Math.min(from, Math.trunc(center + 2 * widened + 0.5));
    const taps = Array.from({ length: end - first }, (_, k) => cubic((first + k - center + 0.5) / widened, -0.5));
    const total = taps.reduce((sum, tap) => sum + tap, 0);
    values.set(
      taps.map((tap) => tap / total),
      i * from + first,
    );
  }
  return { out: to, in: from, values };
}

/** torch's `interpolate(mode='area')`: the mean of the source cells that each target cell touches. */
export function areaMap(from: number, to: number): AxisMap {
  const values = new Float32Array(to * from);
  for (let i = 0; i < to; i++) {
    const start = Math.floor((i * from) / to);
    const end = Math.ceil(((i + 1) * from) / to);
    values.fill(1 / (end - start), i * from + start, i * from + end);
  }
  return { out: to, in: from, values };
}

/** The map along the last two axes of x [N, H, W], both of the map's size: [N, out, out]. */
export function resampleSquare(x: tf.Tensor, map: AxisMap): tf.Tensor {
  const count = x.shape[0] as number;
  const matrix = tf.tensor2d(map.values, [map.out, map.in]);
  const along = (image: tf.Tensor, rows: number): tf.Tensor => {
    const mapped = tf.matMul(tf.reshape(image, [count * rows, map.in]) as tf.Tensor2D, matrix, false, true);
    return tf.transpose(tf.reshape(mapped, [count, rows, map.out]), [0, 2, 1]);
  };
  return along(along(x, map.in), map.out);
}
