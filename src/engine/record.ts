import * as tf from '@tensorflow/tfjs-core';
import type { Attribute, Binding, Handle, TensorFlowBackend, Values } from './binding.ts';
import type { Graph, Node, Output } from './graph.ts';

export type TensorMap = Readonly<Record<string, tf.Tensor>>;

/** Constants are written into the graph and loaded with it; more than this is weights, which belong in the inputs. */
const maxConstantBytes = 64 * 2 ** 20;

/** What is known of a recorded tensor: where the graph makes it, and which operation when it depends on the inputs. */
type Known = Readonly<{ at: Output; from?: string; dtype: number; shape: readonly number[] }>;

/**
 * Runs `fn` once on `inputs`, eagerly, and returns the TensorFlow operations that ran as a graph. Its inputs and
 * outputs are in the order of `Object.keys`. Throws when JavaScript reads a value that depends on the inputs, since the
 * graph would keep the one that was read.
 */
export function record(
  fn: (inputs: TensorMap) => TensorMap,
  inputs: TensorMap,
  backend: TensorFlowBackend,
): Readonly<{ graph: Graph; outputNames: readonly string[] }> {
  const native = backend.binding;
  // The values of some examples may still lie in JavaScript, where reading them could not be noticed.
  const inputIds = backend.getInputTensorIds(Object.values(inputs));
  const recorder = createRecorder(native);
  const placeholders = Object.values(inputs).map((tensor, index) =>
    recorder.input(inputIds[index] ?? -1, tensor, backend),
  );
  const writable = backend as { binding: Binding };
  writable.binding = recorder.binding;
  try {
    const outputs = tf.tidy(() => fn(inputs) as tf.TensorContainer) as TensorMap;
    const outputIds = backend.getInputTensorIds(Object.values(outputs));
    const results = outputIds.map((id) => recorder.result(id));
    const own = new Set(Object.values(inputs));
    tf.dispose(Object.values(outputs).filter((tensor) => !own.has(tensor)));
    const graph = { nodes: recorder.nodes, inputs: placeholders, outputs: results };
    return { graph, outputNames: Object.keys(outputs) };
  } finally {
    writable.binding = native;
  }
}

function createRecorder(native: Binding) {
  const nodes: Node[] = [];
  const known = new Map<number, Known>();
  let constantBytes = 0;

  const constant = (id: number, shape: readonly number[], dtype: number, values: Values): Known => {
    constantBytes += values.byteLength;
    if (constantBytes > maxConstantBytes) {
      throw new Error(
        `the captured step holds more than ${maxConstantBytes / 2 ** 20} MiB of constants (now [${shape}]): pass weights as inputs`,
      );
    }
    const name = `constant_${nodes.length}`;
    nodes.push({ type: 'constant', name, dtype, shape: [...shape], values: values.slice() as Values });
    const found: Known = { at: { node: name, index: 0 }, dtype, shape };
    known.set(id, found);
    return found;
  };

  /** A tensor that was made before the recording enters as a constant; its shape and type are asked of TensorFlow. */
  const find = (id: number): Known => known.get(id) ?? constant(id, ...describe(native, id), native.tensorDataSync(id));

  const executeOp = (
    op: string,
    attributes: readonly Attribute[],
    inputs: readonly number[],
    count: number,
  ): Handle[] => {
    if (/^(Random|Multinomial|TruncatedNormal|ParameterizedTruncated)/.test(op)) {
      throw new Error(`${op} draws other numbers at every run: a captured step takes its random numbers as inputs`);
    }
    const sources = inputs.map(find);
    const name = `${op}_${nodes.length}`;
    const complete = [
      ...attributes,
      ...inferredAttributes(
        op,
        sources.map((source) => source.dtype),
        native,
      ),
    ];
    nodes.push({ type: 'operation', name, op, inputs: sources.map((source) => source.at), attributes: complete });
    const dependent = sources.some((source) => source.from !== undefined);
    const handles = native.executeOp(op, attributes, inputs, count);
    for (const [index, { id, dtype, shape }] of handles.entries()) {
      known.set(id, { at: { node: name, index }, dtype, shape, ...(dependent ? { from: op } : {}) });
    }
    return handles;
  };

  // The native functions are read-only, so the recording ones stand in front of them.
  const recording = {
    executeOp,
    createTensor(shape: readonly number[], dtype: number, values: Values): number {
      const id = native.createTensor(shape, dtype, values);
      constant(id, shape, dtype, values);
      return id;
    },
    runSavedModel(): Handle[] {
      throw new Error('a captured step ran another captured function: its outputs would stay those of the first run');
    },
    tensorDataSync(id: number): Values {
      const from = known.get(id)?.from;
      if (from === undefined) return native.tensorDataSync(id);
      throw new Error(
        `a captured step read the values of ${from} in JavaScript: they would stay those of the first run`,
      );
    },
  };
  const binding = Object.create(native, Object.getOwnPropertyDescriptors(recording)) as Binding;

  return {
    nodes,
    binding,
    input(id: number, tensor: tf.Tensor, backend: TensorFlowBackend): string {
      const name = `input_${nodes.length}`;
      const dtype = backend.getDTypeInteger(tensor.dtype);
      nodes.push({ type: 'placeholder', name, dtype, shape: tensor.shape });
      known.set(id, { at: { node: name, index: 0 }, from: 'an input', dtype, shape: tensor.shape });
      return name;
    },
    result(id: number): string {
      const { at, dtype } = find(id);
      const name = `output_${nodes.length}`;
      nodes.push({ type: 'result', name, dtype, input: at });
      return name;
    },
  };
}

/** Shape and type of a tensor by its id, from an Identity of it: the binding has no other way to tell. */
function describe(native: Binding, id: number): [readonly number[], number] {
  const values = native.tensorDataSync(id);
  const type =
    values instanceof Float32Array ? native.TF_FLOAT : values instanceof Int32Array ? native.TF_INT32 : native.TF_BOOL;
  const [same] = native.executeOp('Identity', [{ name: 'T', type: native.TF_ATTR_TYPE, value: type }], [id], 1);
  if (same === undefined) throw new Error(`Identity of tensor ${id} gave nothing`);
  native.deleteTensor(same.id);
  return [same.shape, same.dtype];
}

/** Attributes that tfjs-node leaves to eager execution, which infers them from the inputs; a graph must state them. */
function inferredAttributes(op: string, dtypes: readonly number[], native: Binding): readonly Attribute[] {
  const type = (name: string, value: number | undefined): Attribute => ({
    name,
    type: native.TF_ATTR_TYPE,
    value: value ?? 0,
  });
  return op === 'ExpandDims' ? [type('T', dtypes[0]), type('Tdim', dtypes[1])] : [];
}
