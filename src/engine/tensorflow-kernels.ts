import * as tf from '@tensorflow/tfjs-core';
import type { Attribute, TensorFlowBackend } from './binding.ts';

/** Kernels of tfjs-node that another operation of TensorFlow serves better. */
export function replaceKernels(): void {
  replace(tf.GatherV2, gather);
  replace(tf.BatchMatMul, multiply);
}

type Given = Pick<Parameters<tf.KernelFunc>[0], 'inputs' | 'attrs'>;

/**
 * tfjs-node checks the indices of a gather in JavaScript, which reads them back at every call and bakes them into a
 * captured graph. TensorFlow checks them itself on a CPU (out of range: an error; on a GPU: zeros).
 */
function gather(backend: TensorFlowBackend, { inputs, attrs }: Given): tf.TensorInfo {
  const { x, indices } = inputs as { x: tf.TensorInfo; indices: tf.TensorInfo };
  const { axis, batchDims } = attrs as unknown as tf.GatherV2Attrs;
  const axisTensor = tf.scalar(axis, 'int32');
  const attributes = [
    { name: 'batch_dims', type: backend.binding.TF_ATTR_INT, value: batchDims },
    typeAttribute(backend, 'Tparams', x.dtype),
    typeAttribute(backend, 'Tindices', indices.dtype),
    typeAttribute(backend, 'Taxis', 'int32'),
  ];
  const gathered = backend.executeSingleOutput('GatherV2', attributes, [x, indices, axisTensor]);
  axisTensor.dispose();
  return gathered;
}

/** Numbers of a matrix from which on reading it is what a product with a vector takes. */
const LARGE = 2 ** 18;

/**
 * tfjs-node multiplies by BatchMatMulV2, whatever the rank. For a vector times a large matrix, which is what decoding one
 * text consists of, TensorFlow's MatMul reads the matrix nearly twice as fast.
 */
function multiply(backend: TensorFlowBackend, { inputs, attrs }: Given): tf.TensorInfo {
  const { a, b } = inputs as { a: tf.TensorInfo; b: tf.TensorInfo };
  const { transposeA, transposeB } = attrs as unknown as tf.BatchMatMulAttrs;
  const type = backend.binding.TF_ATTR_BOOL;
  const isVector = a.shape.length === 2 && b.shape.length === 2 && a.shape[transposeA ? 1 : 0] === 1;
  const isLarge = (b.shape[0] as number) * (b.shape[1] as number) >= LARGE;
  const [operation, first, second] =
    isVector && isLarge
      ? (['MatMul', 'transpose_a', 'transpose_b'] as const)
      : (['BatchMatMulV2', 'adj_x', 'adj_y'] as const);
  const attributes = [
    typeAttribute(backend, 'T', a.dtype),
    { name: first, type, value: transposeA },
    { name: second, type, value: transposeB },
  ];
  return backend.executeSingleOutput(operation, attributes, [a, b]);
}

function typeAttribute(backend: TensorFlowBackend, name: string, dtype: tf.DataType): Attribute {
  return { name, type: backend.binding.TF_ATTR_TYPE, value: backend.getDTypeInteger(dtype) };
}

function replace(kernelName: string, run: (backend: TensorFlowBackend, given: Given) => tf.TensorInfo): void {
  const backendName = 'tensorflow';
  tf.unregisterKernel(kernelName, backendName);
  tf.registerKernel({
    kernelName,
    backendName,
    kernelFunc: ({ backend, ...given }) => run(backend as TensorFlowBackend, given),
  });
}
