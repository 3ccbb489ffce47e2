import type { Attribute, Values } from './binding.ts';

/** A value inside a graph: output `index` of the node `name`. */
export type Output = Readonly<{ node: string; index: number }>;

/** One operation of a captured step, as TensorFlow's GraphDef has it. */
export type Node =
  | Readonly<{ type: 'placeholder'; name: string; dtype: number; shape: readonly number[] }>
  | Readonly<{ type: 'constant'; name: string; dtype: number; shape: readonly number[]; values: Values }>
  | Readonly<{
      type: 'operation';
      name: string;
      op: string;
      inputs: readonly Output[];
      attributes: readonly Attribute[];
    }>
  /** hands a value out under a name of its own, whatever made it */
  | Readonly<{ type: 'result'; name: string; dtype: number; input: Output }>;

/** A captured step: nodes in the order in which they ran, and the names of what goes in and comes out. */
export type Graph = Readonly<{ nodes: readonly Node[]; inputs: readonly string[]; outputs: readonly string[] }>;
