import type { DataId, DataType, KernelBackend, Tensor, TensorInfo } from '@tensorflow/tfjs-core';
import { backend } from '@tensorflow/tfjs-core';

/** A tensor as TensorFlow's C API knows it. */
export type Handle = Readonly<{ id: number; shape: readonly number[]; dtype: number }>;

/** One attribute of a TensorFlow operation; `type` is one of the binding's TF_ATTR_ numbers. */
export type Attribute = Readonly<{ name: string; type: number; value: boolean | number | string | readonly number[] }>;

export type Values = Float32Array | Int32Array | Uint8Array | BigInt64Array;

/** The part of the native addon that this folder uses; the addon's own types name none of it as public. */
export interface Binding {
  readonly TF_Version: string;
  readonly TF_FLOAT: number;
  readonly TF_INT32: number;
  readonly TF_INT64: number;
  readonly TF_BOOL: number;
  readonly TF_ATTR_STRING: number;
  readonly TF_ATTR_INT: number;
  readonly TF_ATTR_FLOAT: number;
  readonly TF_ATTR_BOOL: number;
  readonly TF_ATTR_TYPE: number;
  readonly TF_ATTR_SHAPE: number;
  createTensor(shape: readonly number[], dtype: number, values: Values): number;
  deleteTensor(id: number): void;
  tensorDataSync(id: number): Values;
  executeOp(name: string, attributes: readonly Attribute[], inputs: readonly number[], outputs: number): Handle[];
  loadSavedModel(folder: string, tags: string): number;
  deleteSavedModel(model: number): void;
  runSavedModel(model: number, inputs: readonly number[], inputNames: string, outputNames: string): Handle[];
  getNumOfSavedModels(): number;
  getNumOfTensors(): number;
}

/** The backend that @tensorflow/tfjs-node registers. */
export interface TensorFlowBackend extends KernelBackend {
  readonly binding: Binding;
  readonly isUsingGpuDevice: boolean;
  readonly tensorMap: { get(id: DataId): { id: number; shape: number[]; dtype: number } };
  getDTypeInteger(dtype: DataType): number;
  /** uploads values that still lie in JavaScript */
  getInputTensorIds(tensors: readonly TensorInfo[]): number[];
  createOutputTensor(handle: Handle): Tensor;
  executeSingleOutput(name: string, attributes: readonly Attribute[], inputs: readonly TensorInfo[]): Tensor;
}

/** The active backend when it is TensorFlow. */
export function tensorFlowBackend(): TensorFlowBackend | undefined {
  const active = backend();
  return active !== null && 'binding' in active && 'createOutputTensor' in active
    ? (active as unknown as TensorFlowBackend)
    : undefined;
}
