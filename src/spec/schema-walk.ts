import type { AnyKind } from '../stages/kind.ts';

export type SchemaPart = Readonly<Record<string, unknown>>;

/** The schema with everything that applies to the same value: references followed, alternatives side by side. */
export function schemaParts(schema: unknown, root: unknown = schema): readonly SchemaPart[] {
  if (schema === null || typeof schema !== 'object') return [];
  const part = schema as SchemaPart;
  const ref = part['$ref'];
  const target = typeof ref === 'string' && ref.startsWith('#/') ? follow(ref, root) : undefined;
  const branches = ['oneOf', 'anyOf', 'allOf'].flatMap((key) => (part[key] as readonly unknown[] | undefined) ?? []);
  return [part, ...[target, part['then'], part['else'], ...branches].flatMap((child) => schemaParts(child, root))];
}

function follow(ref: string, root: unknown): unknown {
  const steps = ref.slice(2).split('/').map(unescapePointer);
  return steps.reduce<unknown>((at, key) => (at as SchemaPart | undefined)?.[key], root);
}

export function unescapePointer(part: string): string {
  return part.replaceAll('~1', '/').replaceAll('~0', '~');
}

/** Every property a schema names. */
export function propertyNames(schema: unknown, root: unknown = schema): readonly string[] {
  return [...new Set(schemaParts(schema, root).flatMap((part) => Object.keys(part['properties'] ?? {})))];
}

/** The schemas of a property; [] when the schema is closed and does not name it; `open` when anything goes. */
export function propertySchemas(schemas: readonly unknown[], name: string, root: unknown): readonly unknown[] | 'open' {
  const parts = schemas.flatMap((schema) => schemaParts(schema, root));
  const named = parts.flatMap((part) => (part['properties'] as SchemaPart | undefined)?.[name] ?? []);
  if (named.length > 0) return named;
  const rest = parts
    .map((part) => part['additionalProperties'])
    .filter((schema) => schema !== undefined && schema !== false);
  if (rest.includes(true) || parts.some((part) => part['patternProperties'] !== undefined)) return 'open';
  if (rest.length > 0) return rest;
  const isOpen = parts.some(
    (part) =>
      part['type'] === 'object' && part['additionalProperties'] === undefined && part['properties'] === undefined,
  );
  return isOpen ? 'open' : [];
}

/** Where a schema has `format: path`: segments, `*` for any item. */
export type PathPattern = readonly string[];

const patternsByKind = new WeakMap<AnyKind, readonly PathPattern[]>();

export function pathPatterns(kind: AnyKind): readonly PathPattern[] {
  const known = patternsByKind.get(kind);
  if (known !== undefined) return known;
  const found: PathPattern[] = [];
  collectPatterns(kind.params, [], found);
  patternsByKind.set(kind, found);
  return found;
}

function collectPatterns(schema: unknown, at: PathPattern, into: PathPattern[]): void {
  if (schema === null || typeof schema !== 'object') return;
  const { format, properties, items, additionalProperties, oneOf, anyOf, allOf } = schema as Record<string, unknown>;
  if (format === 'path') into.push(at);
  for (const [name, child] of Object.entries(properties ?? {})) collectPatterns(child, [...at, name], into);
  collectPatterns(items, [...at, '*'], into);
  collectPatterns(additionalProperties, [...at, '*'], into);
  for (const branches of [oneOf, anyOf, allOf]) {
    if (Array.isArray(branches)) for (const branch of branches) collectPatterns(branch, at, into);
  }
}
