import { dirname, resolve } from 'node:path';
import type { Json } from '../hash.ts';
import type { Problem } from '../problem.ts';
import type { Root } from './experiment.ts';
import { type Node, placeOf } from './node.ts';
import type { PathPattern } from './schema-walk.ts';

/** The value of an environment variable; undefined or empty where it is not set. */
export type Variable = (name: string) => string | undefined;

export type Paths = Readonly<{
  variable: Variable;
  /** the folders that variables stood for, by variable and folder */
  roots: Map<string, Root>;
  problems: Problem[];
}>;

/** `$NAME`, `${NAME}` or `${NAME:-default}`, at the beginning of a path only. */
const VARIABLE = /^\$(?:(\w+)|\{(\w+)(?::-([^}]*))?\})(?:\/(.*))?$/;

/** Makes paths absolute, in place: each is relative to the file that wrote it, a default to the file of the stage. */
export function resolvePath(
  json: Json,
  node: Node | undefined,
  file: string,
  [head, ...rest]: PathPattern,
  paths: Paths,
): void {
  if (head === undefined || json === null || typeof json !== 'object') return;
  const holder = json as Record<string, Json>;
  for (const key of head === '*' ? Object.keys(holder) : [head]) {
    const below = childOf(node, key);
    const value = holder[key];
    if (value === undefined) continue;
    if (rest.length > 0) resolvePath(value, below, file, rest, paths);
    else if (typeof value === 'string') holder[key] = absolute(value, below, below?.source.file ?? file, paths);
  }
}

function absolute(path: string, node: Node | undefined, file: string, paths: Paths): string {
  const folder = dirname(file);
  if (!path.startsWith('$')) return resolve(folder, path);
  const found = VARIABLE.exec(path);
  const at = node === undefined ? {} : { at: placeOf(node) };
  if (found === null) {
    const hint = `a variable stands at the beginning: $NAME/..., $\{NAME}/... or $\{NAME:-default}/...`;
    paths.problems.push({ code: 'bad-variable', message: `"${path}" has no form of a path`, ...at, hint });
    return resolve(folder, path);
  }
  const [, plain, braced, fallback, rest = ''] = found;
  const name = plain ?? braced ?? '';
  const set = paths.variable(name) || undefined;
  if (set === undefined && fallback === undefined) {
    const hint = `set it: ${name}=/a/folder sea ..., or write a default: \${${name}:-folder}`;
    paths.problems.push({ code: 'unset-variable', message: `the variable ${name} is not set`, ...at, hint });
    return resolve(folder, path);
  }
  // a variable is relative to where the command is given, as in a shell; a default to the file that writes it
  const root = set === undefined ? resolve(folder, fallback ?? '') : resolve(set);
  paths.roots.set(`${name} ${root}`, { variable: name, folder: root, isSet: set !== undefined });
  return resolve(root, rest);
}

function childOf(node: Node | undefined, key: string): Node | undefined {
  if (node?.type === 'map') return node.fields.get(key)?.value;
  return node?.type === 'list' ? node.items[Number(key)] : undefined;
}
