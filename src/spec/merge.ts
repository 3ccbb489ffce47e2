import type { Field, Fields, Node } from './node.ts';

/**
 * `over` on top of `base`: maps merge, scalars and lists replace, null removes what the base has.
 * Every value keeps the place where it was written.
 */
export function mergeNodes(base: Node, over: Node): Node {
  if (base.type !== 'map' || over.type !== 'map') return over;
  const fields = new Map(base.fields);
  for (const [name, field] of over.fields) {
    const below = fields.get(name);
    if (below === undefined) fields.set(name, field);
    else if (isNull(field.value)) fields.delete(name);
    else fields.set(name, mergeField(below, field));
  }
  return { type: 'map', source: over.source, start: over.start, fields };
}

function mergeField(below: Field, over: Field): Field {
  if (below.value.type !== 'map' || over.value.type !== 'map') return over;
  // A merged map belongs to the one who wrote it first: what is missing in it is missing there.
  return { ...below, value: mergeNodes(below.value, over.value) };
}

export function isNull(node: Node): boolean {
  return node.type === 'scalar' && node.value === null;
}

/** `base` with the value at a path replaced (maps merge, null removes); maps on the way are made where missing. */
export function mergeAt(base: Node, path: readonly string[], field: Field): Node {
  const [head, ...rest] = path;
  if (head === undefined) return mergeNodes(base, field.value);
  const value = rest.reduceRight<Node>((inner, name) => wrap({ ...field, name, value: inner }), field.value);
  return mergeNodes(base, wrap({ ...field, name: head, value }));
}

function wrap(field: Field): Fields {
  return { type: 'map', source: field.source, start: field.start, fields: new Map([[field.name, field]]) };
}
