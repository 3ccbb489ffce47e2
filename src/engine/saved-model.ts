import protobuf from 'protobufjs/light.js';
import type { Attribute, Binding } from './binding.ts';
import type { Graph, Node, Output } from './graph.ts';

const field = (type: string, id: number) => ({ type, id });
const list = (type: string, id: number) => ({ rule: 'repeated', type, id });
const byName = (type: string, id: number) => ({ keyType: 'string', type, id });

/** The messages of tensorflow/core/protobuf and framework that a frozen SavedModel needs, by their field numbers. */
const messages = protobuf.Root.fromJSON({
  nested: {
    SavedModel: { fields: { version: field('int64', 1), metaGraphs: list('MetaGraph', 2) } },
    MetaGraph: { fields: { info: field('MetaInfo', 1), graph: field('GraphDef', 2) } },
    MetaInfo: { fields: { tags: list('string', 4) } },
    GraphDef: { fields: { node: list('NodeDef', 1), versions: field('Versions', 4) } },
    Versions: { fields: { producer: field('int32', 1), minConsumer: field('int32', 2) } },
    NodeDef: {
      fields: {
        name: field('string', 1),
        op: field('string', 2),
        input: list('string', 3),
        attr: byName('Attr', 5),
      },
    },
    Attr: {
      oneofs: { value: { oneof: ['list', 's', 'i', 'f', 'b', 'type', 'shape', 'tensor'] } },
      fields: {
        list: field('AttrList', 1),
        s: field('bytes', 2),
        i: field('int64', 3),
        f: field('float', 4),
        b: field('bool', 5),
        type: field('int32', 6),
        shape: field('Shape', 7),
        tensor: field('Tensor', 8),
      },
    },
    AttrList: { fields: { i: list('int64', 3), f: list('float', 4), b: list('bool', 5) } },
    Shape: { fields: { dim: list('Dim', 2) } },
    Dim: { fields: { size: field('int64', 1) } },
    Tensor: { fields: { dtype: field('int32', 1), shape: field('Shape', 2), content: field('bytes', 4) } },
  },
});

/** The version of GraphDef semantics that this writer follows (TensorFlow 2.9's and later readers accept it). */
const producer = 1087;

type AttrMessage = Readonly<Record<string, unknown>>;

/** The bytes of `saved_model.pb`, tag `serve`, for a graph without variables. */
export function encodeSavedModel(graph: Graph, binding: Binding): Uint8Array {
  const node = graph.nodes.map((entry) => nodeMessage(entry, binding));
  const type = messages.lookupType('SavedModel');
  const message = { version: 1, metaGraphs: [{ info: { tags: ['serve'] }, graph: { node, versions: { producer } } }] };
  return type.encode(type.create(message)).finish();
}

function nodeMessage(node: Node, binding: Binding): AttrMessage {
  const { name } = node;
  switch (node.type) {
    case 'placeholder':
      return {
        name,
        op: 'Placeholder',
        attr: { dtype: { type: node.dtype }, shape: { shape: shapeMessage(node.shape) } },
      };
    case 'constant': {
      const { buffer, byteOffset, byteLength } = node.values;
      const content = new Uint8Array(buffer, byteOffset, byteLength);
      const tensor = { dtype: node.dtype, shape: shapeMessage(node.shape), content };
      return { name, op: 'Const', attr: { dtype: { type: node.dtype }, value: { tensor } } };
    }
    case 'result':
      return { name, op: 'Identity', input: [reference(node.input)], attr: { T: { type: node.dtype } } };
    case 'operation': {
      const attr = Object.fromEntries(
        node.attributes.map((attribute) => [attribute.name, attrMessage(attribute, binding)]),
      );
      return { name, op: node.op, input: node.inputs.map(reference), attr };
    }
  }
}

function reference({ node, index }: Output): string {
  return index === 0 ? node : `${node}:${index}`;
}

function shapeMessage(shape: readonly number[]): AttrMessage {
  return { dim: shape.map((size) => ({ size })) };
}

function attrMessage({ name, type, value }: Attribute, binding: Binding): AttrMessage {
  const many = Array.isArray(value);
  switch (type) {
    case binding.TF_ATTR_TYPE:
      return { type: value };
    case binding.TF_ATTR_INT:
      return many ? { list: { i: value } } : { i: value };
    case binding.TF_ATTR_FLOAT:
      return many ? { list: { f: value } } : { f: value };
    case binding.TF_ATTR_BOOL:
      return many ? { list: { b: value } } : { b: value };
    case binding.TF_ATTR_STRING:
      return { s: new TextEncoder().encode(String(value)) };
    case binding.TF_ATTR_SHAPE:
      return { shape: shapeMessage(value as readonly number[]) };
    default:
      throw new Error(`attribute "${name}" has the unknown type ${type}`);
  }
}
