import type { Problem } from '../problem.ts';
import { nearest, suggest } from '../problem.ts';
import type { Fields, Node } from './node.ts';
import { describe, placeOf, toJson } from './node.ts';

/** A name with the place where it was written. */
export type Named = Readonly<{ name: string; node: Node }>;

export function wrongType(expected: string, node: Node, hint?: string): Problem {
  const message = `expected ${expected}, found ${describe(toJson(node))}`;
  return { code: 'wrong-type', message, at: placeOf(node), ...(hint === undefined ? {} : { hint }) };
}

/** Reports keys that are not among the valid ones. */
export function onlyKeys(map: Fields, keys: readonly string[], problems: Problem[]): void {
  for (const [key, field] of map.fields) {
    if (keys.includes(key)) continue;
    problems.push({
      code: 'unknown-key',
      message: `"${key}" is no key here`,
      at: placeOf(field),
      hint: suggest(key, keys),
    });
  }
}

/** The text under a key; undefined when it is absent or, with a problem, when it is something else. */
export function textOf(node: Node | undefined, problems: Problem[]): string | undefined {
  if (node === undefined) return undefined;
  if (node.type === 'scalar' && typeof node.value === 'string') return node.value;
  problems.push(wrongType('text', node));
  return undefined;
}

export function namedOf(node: Node | undefined, problems: Problem[]): Named | undefined {
  const name = textOf(node, problems);
  return name === undefined || node === undefined ? undefined : { name, node };
}

export function flagOf(node: Node | undefined, problems: Problem[]): boolean | undefined {
  if (node === undefined) return undefined;
  if (node.type === 'scalar' && typeof node.value === 'boolean') return node.value;
  problems.push(wrongType('true or false', node));
  return undefined;
}

/** A list's items; a single value stands for a list of one. */
export function itemsOf(node: Node | undefined): readonly Node[] {
  if (node === undefined) return [];
  return node.type === 'list' ? node.items : [node];
}

/** An object without the keys whose value is undefined: an absent key and `undefined` are not the same here. */
export function present<T extends object>(object: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined)) as never;
}

/** A hint for `name`, with which `text` begins (`extrct` of `extrct.labels`): the whole text as it may be meant. */
export function suggestBefore(name: string, text: string, candidates: readonly string[]): string {
  const match = nearest(name, candidates);
  return match === undefined ? suggest(name, candidates) : `did you mean "${match}${text.slice(name.length)}"?`;
}
