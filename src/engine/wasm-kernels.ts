import * as tf from '@tensorflow/tfjs-core';

/** Registers what the WebAssembly backend lacks and gradients need, as programs of the kernels that it has. */
export function completeWasmKernels(): void {
  add(tf.UnsortedSegmentSum, ({ x, segmentIds }, attrs) =>
    segmentSum(
      given(x),
      given(segmentIds) as tf.Tensor1D,
      (attrs as unknown as tf.UnsortedSegmentSumAttrs).numSegments,
    ),
  );
  add(tf.Einsum, (inputs, attrs) => {
    const operands = Object.keys(inputs).map((name) => given(inputs[name]));
    return einsum((attrs as unknown as tf.EinsumAttrs).equation, operands);
  });
  add(tf.Conv2DBackpropFilter, ({ x, dy }, attrs) =>
    filterGradient(given(x) as tf.Tensor4D, given(dy) as tf.Tensor4D, attrs as unknown as tf.Conv2DBackpropFilterAttrs),
  );
}

/**
 * The backend multiplies two plain matrices nine times as fast as two of which one is to be read transposed: such a
 * one is transposed first.
 */
export function quickenWasmMatMul(): void {
  const slow = tf.getKernel(tf.BatchMatMul, 'wasm');
  if (slow === undefined) throw new Error('the WebAssembly backend has no matrix product');
  const { setupFunc: _, ...kernel } = slow;
  tf.unregisterKernel(tf.BatchMatMul, 'wasm');
  tf.registerKernel({
    ...kernel,
    kernelFunc: (call) => {
      const { a, b } = call.inputs as { a: tf.TensorInfo; b: tf.TensorInfo };
      const { transposeA, transposeB } = call.attrs as unknown as tf.BatchMatMulAttrs;
      const plain = ({ shape }: tf.TensorInfo) => shape.slice(0, -2).every((size) => size === 1);
      if ((!transposeA && !transposeB) || !plain(a) || !plain(b)) return kernel.kernelFunc(call);
      return tf.tidy(() => {
        const inputs = {
          a: transposeA ? lastTwoSwapped(a as tf.Tensor) : a,
          b: transposeB ? lastTwoSwapped(b as tf.Tensor) : b,
        };
        const attrs = { ...call.attrs, transposeA: false, transposeB: false };
        const product = kernel.kernelFunc({ ...call, inputs, attrs }) as tf.TensorInfo;
        return tf.engine().makeTensorFromTensorInfo(product);
      });
    },
  });
}

/** [..., n, m] -> [..., m, n] */
function lastTwoSwapped(x: tf.Tensor): tf.Tensor {
  const axes = x.shape.map((_, axis) => axis);
  return tf.transpose(x, [...axes.slice(0, -2), axes.length - 1, axes.length - 2]);
}

type Program = (
  inputs: Readonly<Record<string, tf.Tensor | undefined>>,
  attrs: tf.NamedAttrMap | undefined,
) => tf.Tensor;

function add(kernelName: string, program: Program): void {
  if (tf.getKernel(kernelName, 'wasm') !== undefined) return;
  tf.registerKernel({
    kernelName,
    backendName: 'wasm',
    kernelFunc: ({ inputs, attrs }) => tf.tidy(() => program(inputs as Record<string, tf.Tensor>, attrs)),
  });
}

function given(tensor: tf.Tensor | undefined): tf.Tensor {
  if (tensor === undefined) throw new Error('a kernel was called without one of its inputs');
  return tensor;
}

/** Rows of x [n, ...] added up by segment -> [segments, ...], as a product with the one-hot segments. */
function segmentSum(x: tf.Tensor, segmentIds: tf.Tensor1D, segments: number): tf.Tensor {
  const [rows = 1, ...rest] = x.shape;
  const hot = tf.cast(tf.oneHot(segmentIds, segments), 'float32') as tf.Tensor2D; // [n, segments]
  const flat = tf.cast(tf.reshape(x, [rows, -1]), 'float32') as tf.Tensor2D; // [n, prod(rest)]
  return tf.cast(tf.reshape(tf.matMul(hot, flat, true, false), [segments, ...rest]), x.dtype);
}

/** Products along shared letters: every operand is brought to [all letters] and the missing ones are summed away. */
function einsum(equation: string, operands: readonly tf.Tensor[]): tf.Tensor {
  const { allDims, summedDims, idDims } = tf.backend_util.decodeEinsumEquation(equation, operands.length);
  const aligned = operands.map((operand, index) => {
    const letters = idDims[index] ?? [];
    const order = letters.map((letter, position) => ({ letter, position })).sort((a, b) => a.letter - b.letter);
    const shape = allDims.map((_, letter) =>
      letters.includes(letter) ? (operand.shape[letters.indexOf(letter)] ?? 1) : 1,
    );
    return tf.reshape(
      tf.transpose(
        operand,
        order.map(({ position }) => position),
      ),
      shape,
    );
  });
  const product = aligned.reduce((a, b) => tf.mul(a, b));
  return summedDims.length === 0 ? product : tf.sum(product, summedDims);
}

/** Gradient of conv2d to its filter [kh, kw, in, out]: per kernel position one product over all places. */
function filterGradient(x: tf.Tensor4D, dy: tf.Tensor4D, attrs: tf.Conv2DBackpropFilterAttrs): tf.Tensor {
  const { strides, pad, dataFormat, dimRoundingMode, filterShape } = attrs;
  if (dataFormat !== 'NHWC') throw new Error(`the filter gradient knows NHWC, not ${dataFormat}`);
  const info = tf.backend_util.computeConv2DInfo(x.shape, filterShape, strides, 1, pad, dimRoundingMode);
  const { top, bottom, left, right } = info.padInfo;
  const padded = tf.pad(x, [
    [0, 0],
    [top, bottom],
    [left, right],
    [0, 0],
  ]);
  const flatDy = tf.reshape(dy, [-1, info.outChannels]) as tf.Tensor2D;
  const places = [];
  for (let row = 0; row < info.filterHeight; row++) {
    for (let column = 0; column < info.filterWidth; column++) {
      const end = [
        info.batchSize,
        row + (info.outHeight - 1) * info.strideHeight + 1,
        column + (info.outWidth - 1) * info.strideWidth + 1,
        info.inChannels,
      ];
      const seen = tf.stridedSlice(padded, [0, row, column, 0], end, [1, info.strideHeight, info.strideWidth, 1]);
      places.push(tf.matMul(tf.reshape(seen, [-1, info.inChannels]) as tf.Tensor2D, flatDy, true, false));
    }
  }
  return tf.reshape(tf.stack(places), filterShape);
}
