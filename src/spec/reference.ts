import type { AnyKind, Port, Ports } from '../stages/kind.ts';
import { experimentSchema } from './schema.ts';
import { type SchemaPart, schemaParts } from './schema-walk.ts';

/** The YAML reference in Markdown (experiments/README.md), made from the kinds and the published schema. */
export function yamlReference(kinds: readonly AnyKind[], benchmarks: readonly BenchmarkFacts[]): string {
  const schema = experimentSchema(kinds) as SchemaPart;
  const keys = Object.entries(schema['properties'] as Record<string, SchemaPart>);
  return `${[
    '# Experiment files',
    '',
    'What may stand in a file of this folder. Made from the stage kinds; a test says when and how to make it again.',
    '',
    ...table(
      ['Key', 'What it is'],
      keys.map(([key, part]) => [`\`${key}\``, cell(description(part))]),
    ),
    '',
    '`table` has these keys:',
    '',
    ...propertyTable((schema['properties'] as Record<string, SchemaPart>)['table'] as SchemaPart),
    '',
    '## Stage kinds',
    ...kinds.flatMap(kindSection),
    '',
    '## Benchmarks',
    '',
    'What a benchmark asks, where its format comes from, and what the tables of papers report of it. A `variant` of the kind `score` is',
    'another way to score the same answers; the first is the default.',
    ...benchmarks.flatMap(benchmarkSection),
  ].join('\n')}\n`;
}

/** What the reference says of a benchmark. */
type BenchmarkFacts = Readonly<{ name: string; summary: string; headline: string; variants: readonly string[] }>;

function benchmarkSection({ name, summary, headline, variants }: BenchmarkFacts): readonly string[] {
  const named = variants.map((variant) => `\`${variant}\``).join(', ');
  return ['', `### \`${name}\``, '', summary, '', `\`score\`: ${headline}. Variants: ${named}.`];
}

function kindSection(kind: AnyKind): readonly string[] {
  const parameters = propertyRows(kind.params, kind.params, '');
  return [
    '',
    `### \`${kind.kind}\``,
    '',
    kind.summary,
    ...(parameters.length === 0 ? [] : ['', ...table(['Parameter', 'Type', 'Default', 'What it is'], parameters)]),
    '',
    `Inputs: ${ports(kind.inputs, kind.anyInputs === true)}`,
    '',
    `Outputs: ${ports(kind.outputs, false)}`,
    ...(kind.headline === undefined ? [] : ['', `Headline metric: \`${kind.headline}\``]),
  ];
}

function ports(declared: AnyKind['inputs'] | AnyKind['outputs'], any: boolean): string {
  if (any) return 'any, under `inputs:`.';
  if (typeof declared === 'function') return 'depend on the parameters.';
  const named = Object.entries(declared as Ports);
  return named.length === 0 ? 'none.' : `${named.map(portText).join('; ')}.`;
}

function portText([name, { type, description, optional }]: readonly [string, Port]): string {
  return `\`${name}\` (${type}${optional ? ', optional' : ''}): ${description}`;
}

function propertyTable(part: SchemaPart): readonly string[] {
  return table(['Key', 'Type', 'Default', 'What it is'], propertyRows(part, part, ''));
}

/** One row for each parameter, nested ones by dotted path. */
function propertyRows(schema: unknown, root: unknown, prefix: string): readonly (readonly string[])[] {
  return schemaParts(schema, root).flatMap((part) => {
    const required = new Set((part['required'] as readonly string[] | undefined) ?? []);
    // `true` only lets a name pass that is described elsewhere.
    const described = Object.entries((part['properties'] as Record<string, SchemaPart | boolean> | undefined) ?? {});
    return described.flatMap(([name, child]) => {
      if (typeof child === 'boolean') return [];
      const fallback = required.has(name) ? 'required' : defaultText(child['default']);
      const row = [`\`${prefix}${name}\``, typeText(child), fallback, cell(description(child))];
      return [row, ...propertyRows(child, root, `${prefix}${name}.`)];
    });
  });
}

function defaultText(value: unknown): string {
  const isEmpty =
    value === undefined || (value !== null && typeof value === 'object' && Object.keys(value).length === 0);
  return isEmpty && !Array.isArray(value) ? '' : `\`${JSON.stringify(value)}\``;
}

function typeText(schema: SchemaPart): string {
  if (Array.isArray(schema['enum'])) return schema['enum'].map((value) => `\`${String(value)}\``).join(' ');
  if ('const' in schema) return `\`${JSON.stringify(schema['const'])}\``;
  const choices = (schema['oneOf'] ?? schema['anyOf']) as readonly SchemaPart[] | undefined;
  if (choices !== undefined) return choices.map(typeText).join(' or ');
  if (schema['type'] === 'array') return `list of ${typeText((schema['items'] ?? {}) as SchemaPart) || 'values'}`;
  const limits = [
    ['minimum', 'from'],
    ['exclusiveMinimum', 'above'],
    ['maximum', 'to'],
    ['exclusiveMaximum', 'below'],
  ].flatMap(([key, word]) => (schema[key as string] === undefined ? [] : [`${word} ${String(schema[key as string])}`]));
  const type = schema['format'] === 'path' ? 'path' : String(schema['type'] ?? '');
  return [type === 'object' ? 'map' : type, ...limits].filter(Boolean).join(' ');
}

function description(schema: SchemaPart): string {
  return String(schema['description'] ?? '');
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('\n', ' ');
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): readonly string[] {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)];
}
