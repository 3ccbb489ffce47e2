import * as tf from '@tensorflow/tfjs-core';
import type { Compile, TensorMap } from './compile.ts';

/** The plain way to run: op by op, intermediate tensors released at the end of each call. */
export const eager: Compile = (fn) => ({
  run: (inputs) => tf.tidy(() => fn(inputs) as tf.TensorContainerObject) as TensorMap,
  dispose: () => {},
});
