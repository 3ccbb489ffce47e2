import * as tf from '@tensorflow/tfjs-core';
import type { TensorFlowBackend } from './binding.ts';

/** Kernels of tfjs-node that another operation of TensorFlow serves better. */
export function replaceKernels(): void {
  replaceGather();
  replaceMatMul();
}

/**
 * tfjs-node checks the indices of a gather in JavaScript, which reads them back at every call and bakes them into a
 * captured graph. TensorFlow checks them itself on a CPU (out of range: an error; on a GPU: zeros).
 */
function replaceGather(): void {
  replace({
    kernelName: tf.GatherV2,
    backendName: 'tensorflow',
    kernelFunc: ({ inputs, attrs, backend }) => {
      const { x, indices } = inputs as { x: tf.TensorInfo; indices: tf.TensorInfo };
      const { axis, batchDims } = attrs as unknown as tf.GatherV2Attrs;
      const tensorFlow = backend as TensorFlowBackend;
      const { TF_ATTR_INT, TF_ATTR_TYPE } = tensorFlow.binding;
      const type = (name: string, dtype: tf.DataType) => ({
        name,
        type: TF_ATTR_TYPE,
        value: tensorFlow.getDTypeInteger(dtype),
      });
      const axisTensor = tf.scalar(axis, 'int32');
      const attributes = [
        { name: 'batch_dims', type: TF_ATTR_INT, value: batchDims },
        type('Tparams', x.dtype),
        type('Tindices', indices.dtype),
        type('Taxis', 'int32'),
      ];
      const gathered = tensorFlow.executeSingleOutput('GatherV2', attributes, [x, indices, axisTensor]);
      axisTensor.dispose();
      return gathered;
    },
  });
}

/**
 * tfjs-node multiplies by BatchMatMulV2, whatever the rank. For a vector times a matrix, which is what decoding one text
 * consists of, TensorFlow's MatMul reads the matrix nearly twice as fast.
 */
function replaceMatMul(): void {
  replace({
    kernelName: tf.BatchMatMul,
    backendName: 'tensorflow',
    kernelFunc: ({ inputs, attrs, backend }) => {
      const { a, b } = inputs as { a: tf.TensorInfo; b: tf.TensorInfo };
      const { transposeA, transposeB } = attrs as unknown as tf.BatchMatMulAttrs;
      const tensorFlow = backend as TensorFlowBackend;
      const { TF_ATTR_BOOL, TF_ATTR_TYPE } = tensorFlow.binding;
      const isVector = a.shape.length === 2 && b.shape.length === 2 && a.shape[transposeA ? 1 : 0] === 1;
      const [operation, first, second] = isVector
        ? (['MatMul', 'transpose_a', 'transpose_b'] as const)
        : (['BatchMatMulV2', 'adj_x', 'adj_y'] as const);
      const attributes = [
        { name: 'T', type: TF_ATTR_TYPE, value: tensorFlow.getDTypeInteger(a.dtype) },
        { name: first, type: TF_ATTR_BOOL, value: transposeA },
        { name: second, type: TF_ATTR_BOOL, value: transposeB },
      ];
      return tensorFlow.executeSingleOutput(operation, attributes, [a, b]);
    },
  });
}

function replace(kernel: tf.KernelConfig): void {
  tf.unregisterKernel(kernel.kernelName, kernel.backendName);
  tf.registerKernel(kernel);
}
