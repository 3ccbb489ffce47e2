import type { ErrorObject } from 'ajv/dist/2020.js';
import type { Json } from '../hash.ts';
import type { Problem } from '../problem.ts';
import { suggest } from '../problem.ts';
import type { AnyKind } from '../stages/kind.ts';
import type { Field, Fields, Node } from './node.ts';
import { describe, placeOf } from './node.ts';
import { propertyNames, unescapePointer } from './schema-walk.ts';
import { validatorOf } from './validator.ts';

/** Where a stage's parameters were written. */
export type Written = Readonly<{ stage: Field; kind: AnyKind; node: Fields }>;

/** Validates parameters and fills defaults in, in place; mistakes are told where they were written. */
export function checkParams(params: Record<string, Json>, written: Written): readonly Problem[] {
  const validate = validatorOf(written.kind);
  if (validate(params)) return [];
  return relevant(validate.errors ?? []).map((error) => toProblem(error, written));
}

/** What the kind itself finds wrong with parameters that its schema allows. */
export function kindMistakes(params: Json, inputs: readonly string[], written: Written): readonly Problem[] {
  const { kind, stage } = written;
  return (kind.mistakes?.(params, inputs) ?? []).map(({ path, message, hint }) => ({
    code: 'bad-value',
    message: `${[stage.name, ...path].join('.')}: ${message}`,
    at: placeOf(locate(path, written).node),
    ...(hint === undefined ? {} : { hint }),
  }));
}

/** Of alternatives (`oneOf`, `anyOf`) one error is enough: the one inside, where an alternative was nearly met. */
function relevant(errors: readonly ErrorObject[]): readonly ErrorObject[] {
  const choices = errors.filter(({ keyword }) => keyword === 'oneOf' || keyword === 'anyOf');
  const dropped = new Set<ErrorObject>(errors.filter(({ keyword }) => keyword === 'if'));
  for (const choice of choices) {
    const inside = errors.filter((error) => error !== choice && error.schemaPath.startsWith(`${choice.schemaPath}/`));
    const deeper = inside.filter(
      (error) => error.instancePath.length > choice.instancePath.length || error.keyword === 'additionalProperties',
    );
    for (const error of inside) if (!deeper.includes(error)) dropped.add(error);
    if (deeper.length > 0) dropped.add(choice);
  }
  return errors.filter((error) => !dropped.has(error));
}

function toProblem(error: ErrorObject, written: Written): Problem {
  const { node, field } = locate(error.instancePath.split('/').slice(1).map(unescapePointer), written);
  const path = [written.stage.name, ...error.instancePath.slice(1).split('/').map(unescapePointer)]
    .filter(Boolean)
    .join('.');
  const schema = error.parentSchema as Readonly<Record<string, unknown>>;
  if (error.keyword === 'additionalProperties' || error.keyword === 'unevaluatedProperties') {
    const key = String(error.params['additionalProperty'] ?? error.params['unevaluatedProperty']);
    const at = placeOf(node.type === 'map' ? (node.fields.get(key) ?? node) : node);
    return {
      code: 'unknown-key',
      message: `${path}: "${key}" is no parameter here`,
      at,
      hint: suggest(key, propertyNames(schema)),
    };
  }
  if (error.keyword === 'required') {
    const key = String(error.params['missingProperty']);
    const about = describeProperty(schema, key);
    const hint = about === undefined ? {} : { hint: `${key}: ${about}` };
    return {
      code: 'missing-parameter',
      message: `${path} (${written.kind.kind}) needs "${key}"`,
      at: placeOf(field),
      ...hint,
    };
  }
  const isCount = error.keyword === 'minItems' || error.keyword === 'maxItems';
  const found = isCount ? `a list of ${(error.data as readonly unknown[]).length}` : foundOf(error.data, schema);
  const hint = error.keyword === 'enum' && typeof error.data === 'string' ? { hint: suggestValue(error) } : {};
  const code = error.keyword === 'type' ? 'wrong-type' : 'bad-value';
  return { code, message: `${path}: expected ${expectation(error)}, found ${found}`, at: placeOf(node), ...hint };
}

/** What was written; a parameter that only names a secret (`writeOnly`) may hold the secret itself by mistake. */
function foundOf(data: unknown, schema: Readonly<Record<string, unknown>>): string {
  return schema['writeOnly'] === true ? 'something else (not shown here)' : describe(data);
}

function suggestValue(error: ErrorObject): string {
  return suggest(String(error.data), (error.params['allowedValues'] as readonly unknown[]).map(String));
}

function describeProperty(schema: Readonly<Record<string, unknown>>, key: string): string | undefined {
  const property = (schema['properties'] as Record<string, { description?: string }> | undefined)?.[key];
  return property?.description;
}

const articles: Readonly<Record<string, string>> = {
  object: 'a map',
  array: 'a list',
  string: 'text',
  number: 'a number',
  integer: 'a whole number',
  boolean: 'true or false',
  null: 'nothing',
};

/** What a keyword of a schema asks for, in words. */
function expectation({ keyword, params, schema, message }: ErrorObject): string {
  switch (keyword) {
    case 'type':
      return [params['type']]
        .flat()
        .map((type) => articles[String(type)] ?? String(type))
        .join(' or ');
    case 'enum':
      return `one of ${(params['allowedValues'] as readonly unknown[]).map(String).join(', ')}`;
    case 'const':
      return JSON.stringify(params['allowedValue']);
    case 'minimum':
      return `at least ${params['limit']}`;
    case 'maximum':
      return `at most ${params['limit']}`;
    case 'exclusiveMinimum':
      return `more than ${params['limit']}`;
    case 'exclusiveMaximum':
      return `less than ${params['limit']}`;
    case 'multipleOf':
      return `a multiple of ${params['multipleOf']}`;
    case 'minItems':
      return `a list of at least ${params['limit']}`;
    case 'maxItems':
      return `a list of at most ${params['limit']}`;
    case 'minLength':
      return `text of at least ${params['limit']} characters`;
    case 'pattern':
      return `text like ${params['pattern']}`;
    case 'oneOf':
    case 'anyOf':
      return (schema as readonly Readonly<Record<string, unknown>>[]).map(alternative).join(' or ');
    default:
      return `what ${keyword} asks for (${message ?? 'see the schema'})`;
  }
}

function alternative(schema: Readonly<Record<string, unknown>>): string {
  if ('const' in schema) return JSON.stringify(schema['const']);
  if (Array.isArray(schema['enum'])) return schema['enum'].map(String).join(', ');
  return articles[String(schema['type'])] ?? String(schema['description'] ?? 'another form');
}

/** The value that a path leads to, and the key it stands under; the nearest that was written. */
function locate(
  path: readonly string[],
  { stage, node }: Written,
): { node: Node; field: { source: Node['source']; start: number } } {
  let at: Node = node;
  let field: { source: Node['source']; start: number } = stage;
  for (const part of path) {
    const below: Field | Node | undefined =
      at.type === 'map' ? at.fields.get(part) : at.type === 'list' ? at.items[Number(part)] : undefined;
    if (below === undefined) break;
    field = below;
    at = 'value' in below && 'name' in below ? below.value : (below as Node);
  }
  return { node: at, field };
}
