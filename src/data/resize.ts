/** Pixels [height, width, 3], row-major, 8 bits a channel. */
export type Rgb = Readonly<{ width: number; height: number; pixels: Uint8Array }>;

export type Filter = 'bilinear' | 'bicubic';

const kernels: Readonly<Record<Filter, { support: number; weight: (x: number) => number }>> = {
  bilinear: { support: 1, weight: (x) => Math.max(0, 1 - Math.abs(x)) },
  bicubic: { support: 2, weight: (x) => cubic(Math.abs(x)) },
};

/** Keys' kernel with a = -0.5, as Pillow has it (torch and OpenCV take -0.75). */
function cubic(x: number): number {
  const a = -0.5;
  if (x < 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
  if (x < 2) return (((x - 5) * x + 8) * x - 4) * a;
  return 0;
}

/** Weights of one axis in 22-bit fixed point: output i is the sum over `taps[i]` inputs from `first[i]`. */
type Taps = Readonly<{ first: Int32Array; count: Int32Array; weights: Int32Array; stride: number }>;

const PRECISION = 22;

/** Pillow's `precompute_coeffs`: anti-aliased (the kernel widens when shrinking), normalised, rounded half away from zero. */
function tapsOf(input: number, output: number, filter: Filter): Taps {
  const kernel = kernels[filter];
  const scale = input / output;
  const widened = Math.max(scale, 1);
  const support = kernel.support * widened;
  const stride = Math.ceil(support) * 2 + 1;
  const first = new Int32Array(output);
  const count = new Int32Array(output);
  const weights = new Int32Array(output * stride);
  for (let i = 0; i < output; i++) {
    const center = (i + 0.5) * scale;
    const from = Math.max(0, Math.trunc(center - support + 0.5));
    const until = Math.min(input, Math.trunc(center + support + 0.5));
    const exact = Array.from({ length: until - from }, (_, x) =>
      kernel.weight((x + from - center + 0.5) * (1 / widened)),
    );
    let total = 0;
    for (const weight of exact) total += weight;
    first[i] = from;
    count[i] = until - from;
    exact.forEach((weight, x) => {
      const scaled = (total === 0 ? weight : weight / total) * 2 ** PRECISION;
      weights[i * stride + x] = Math.trunc(scaled < 0 ? scaled - 0.5 : scaled + 0.5);
    });
  }
  return { first, count, weights, stride };
}

const knownTaps = new Map<string, Taps>();

function cachedTaps(input: number, output: number, filter: Filter): Taps {
  const key = `${filter} ${input} ${output}`;
  const taps = knownTaps.get(key) ?? tapsOf(input, output, filter);
  if (knownTaps.size > 256) knownTaps.clear(); // images of many sizes
  knownTaps.set(key, taps);
  return taps;
}

/**
 * Resizes as Pillow (up to version 12) does, to the last bit: horizontal pass, rounding to 8 bits, vertical pass; a pass
 * that would not change the size is left out.
 */
export function resize(image: Rgb, width: number, height: number, filter: Filter): Rgb {
  const wide = image.width === width ? image : resizeRows(image, width, filter);
  return wide.height === height ? wide : resizeColumns(wide, height, filter);
}

function resizeRows({ width, height, pixels }: Rgb, target: number, filter: Filter): Rgb {
  const { first, count, weights, stride } = cachedTaps(width, target, filter);
  const out = new Uint8ClampedArray(target * height * 3);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < target; x++) {
      let [r, g, b] = [HALF, HALF, HALF];
      let from = 3 * (y * width + (first[x] as number));
      for (let k = x * stride, end = k + (count[x] as number); k < end; k++, from += 3) {
        const weight = weights[k] as number;
        r += (pixels[from] as number) * weight;
        g += (pixels[from + 1] as number) * weight;
        b += (pixels[from + 2] as number) * weight;
      }
      const at = 3 * (y * target + x);
      out[at] = r >> PRECISION;
      out[at + 1] = g >> PRECISION;
      out[at + 2] = b >> PRECISION;
    }
  }
  return { width: target, height, pixels: new Uint8Array(out.buffer) };
}

const HALF = 1 << (PRECISION - 1);

function resizeColumns({ width, height, pixels }: Rgb, target: number, filter: Filter): Rgb {
  const { first, count, weights, stride } = cachedTaps(height, target, filter);
  const row = width * 3;
  const out = new Uint8ClampedArray(target * row);
  const sums = new Int32Array(row);
  for (let y = 0; y < target; y++) {
    sums.fill(HALF);
    for (let k = 0; k < (count[y] as number); k++) {
      const weight = weights[y * stride + k] as number;
      const from = ((first[y] as number) + k) * row;
      for (let x = 0; x < row; x++) sums[x] = (sums[x] as number) + (pixels[from + x] as number) * weight;
    }
    for (let x = 0; x < row; x++) out[y * row + x] = (sums[x] as number) >> PRECISION;
  }
  return { width, height: target, pixels: new Uint8Array(out.buffer) };
}

/** The middle `width` x `height` of an image at least as large; offsets are rounded down. */
export function centerCrop(image: Rgb, width: number, height: number): Rgb {
  const left = Math.floor((image.width - width) / 2);
  const top = Math.floor((image.height - height) / 2);
  if (left < 0 || top < 0) throw new Error(`cannot cut ${width} x ${height} out of ${image.width} x ${image.height}`);
  if (image.width === width && image.height === height) return image;
  const pixels = new Uint8Array(width * height * 3);
  for (let y = 0; y < height; y++) {
    const from = 3 * ((top + y) * image.width + left);
    pixels.set(image.pixels.subarray(from, from + 3 * width), 3 * y * width);
  }
  return { width, height, pixels };
}

/** The image in the middle of a square of its longer side, as LLaVA pads. */
export function padToSquare(image: Rgb, color: readonly [number, number, number]): Rgb {
  if (image.width === image.height) return image;
  const side = Math.max(image.width, image.height);
  const pixels = new Uint8Array(side * side * 3);
  for (let i = 0; i < pixels.length; i += 3) pixels.set(color, i);
  const left = Math.floor((side - image.width) / 2);
  const top = Math.floor((side - image.height) / 2);
  for (let y = 0; y < image.height; y++) {
    const row = image.pixels.subarray(3 * y * image.width, 3 * (y + 1) * image.width);
    pixels.set(row, 3 * ((top + y) * side + left));
  }
  return { width: side, height: side, pixels };
}
