import * as tf from '@tensorflow/tfjs-core';
import type { TensorFlowBackend } from './binding.ts';

/**
 * tfjs-node checks the indices of a gather in JavaScript, which reads them back at every call and bakes them into a
 * captured graph. TensorFlow checks them itself on a CPU (out of range: an error; on a GPU: zeros).
 */
export function replaceReadingKernels(): void {
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

function replace(kernel: tf.KernelConfig): void {
  tf.unregisterKernel(kernel.kernelName, kernel.backendName);
  tf.registerKernel(kernel);
}
