import type { AnyKind, Ports } from '../stages/kind.ts';
import { experimentKeys, longestName, stageName } from './draft.ts';
import { figureKeys, figureMarks, spreads, xKeys, yKeys } from './draft-figure.ts';
import { columnKeys, paperKeys, tableKeys } from './draft-table.ts';

type Schema = Readonly<Record<string, unknown>>;

const text = (description: string): Schema => ({ type: 'string', description });
const texts = (description: string): Schema => ({ type: 'array', items: { type: 'string' }, description });

const named: Schema = { minLength: 1, maxLength: longestName };

const column: Schema = {
  description: 'A stage (its headline metric) or stage.metric.',
  anyOf: [
    { type: 'string' },
    closed(
      columnKeys,
      {
        stage: text('The stage whose metric is shown.'),
        metric: text("A metric of the stage; default: its kind's headline."),
        label: text('Head of the column; default: as written.'),
        lowerIsBetter: { type: 'boolean', description: 'The smallest number is the best.' },
      },
      ['stage'],
    ),
  ],
};

const table: Schema = closed(
  tableKeys,
  {
    title: text('Shown above the table.'),
    columns: {
      type: 'array',
      items: column,
      minItems: 1,
      description: 'What is shown: stage, stage.metric, or a map with a label.',
    },
    baseline: {
      oneOf: [{ type: 'string' }, { type: 'object', additionalProperties: { type: 'string' } }],
      description: 'The row that deltas are taken against, or a map from rows to a baseline each.',
    },
    average: text('Label of a last column with the mean of the others.'),
    rows: texts('The rows shown; default: all. A row runs only what the tables that show it read.'),
  },
  ['columns'],
);

const figure: Schema = closed(
  figureKeys,
  {
    name: text('Names its files and `sea figure`; default: figure-1, figure-2, ...'),
    title: text('Its caption.'),
    mark: { enum: figureMarks, description: 'bars: rows side by side. lines: rows along a parameter.' },
    columns: {
      type: 'array',
      items: column,
      minItems: 1,
      description: 'What it reads, as in a table; default: the columns and average of the first table.',
    },
    average: text('Label of a last column with the mean of the others.'),
    show: texts('Labels of the columns that are drawn; default: all.'),
    rows: texts('The rows drawn; default: all, or those of the table whose columns it reads.'),
    series: {
      type: 'object',
      minProperties: 1,
      maxProperties: 8,
      additionalProperties: {
        anyOf: [
          { type: 'string' },
          { type: 'array', items: { type: 'string' } },
          { type: 'object', additionalProperties: { type: 'string' } },
        ],
      },
      description:
        'Bars of one colour, or the lines: a name, and its rows as a list or (bars) as a map from groups to rows. Default: for ' +
        'bars every row is one, for lines rows of a grid that differ in x only make one.',
    },
    levels: texts('Lines: rows drawn as a level across.'),
    baseline: {
      oneOf: [{ type: 'string' }, { type: 'object', additionalProperties: { type: 'string' } }],
      description: 'Draws differences to this row, or to a row each, instead of the values.',
    },
    x: {
      description: 'Lines: the dotted path of a numeric parameter, or a map with it.',
      anyOf: [
        { type: 'string' },
        closed(
          xKeys,
          {
            path: text('The dotted path.'),
            label: text('Title of the axis; default: the path.'),
            scale: { enum: ['linear', 'log'], description: 'Default: linear.' },
          },
          ['path'],
        ),
      ],
    },
    y: {
      description: 'Title of the axis of the numbers, or a map with it.',
      anyOf: [
        { type: 'string' },
        closed(yKeys, {
          label: text('Title of the axis; default: the column, where one is drawn.'),
          unit: text('Unit of the numbers.'),
        }),
      ],
    },
    spread: {
      enum: spreads,
      description:
        'Around a mean over seeds: its standard deviation (default), its 95 % interval (default of differences), nothing.',
    },
    paper: { type: 'boolean', description: "The paper's numbers beside ours." },
  },
  ['mark'],
);

const paper: Schema = closed(
  paperKeys,
  {
    file: text('JSON file with printed numbers, relative to this file.'),
    table: text('Key of the table in that file.'),
    rows: {
      type: 'object',
      description:
        'Our row: the method in the paper, or { method, llm, ... } that singles one out. Equal names need no entry.',
    },
    columns: {
      type: 'object',
      additionalProperties: { type: 'string' },
      description: 'Our column label: the column in the paper.',
    },
    others: {
      type: 'object',
      description: 'Rows that only the paper has, shown beneath ours: a name, and the row in the paper as in `rows`.',
    },
  },
  ['file', 'table'],
);

const differences: Schema = {
  type: 'object',
  description: 'Dotted paths (stage.parameter, stage.input) and their values; null removes a parameter.',
  properties: { extends: text('A row whose differences come first.') },
};

/** JSON Schema (draft 7, which editors know best) of an experiment file: `schemas/experiment.schema.json`. */
export function experimentSchema(kinds: readonly AnyKind[]): Schema {
  return {
    $schema: 'http://json-schema.org/draft-07/schema#',
    title: 'Seagraph experiment',
    ...closed(experimentKeys, {
      name: { ...text('Name of the experiment.'), ...named },
      description: text('One line about it.'),
      extends: text('An experiment file that this one changes: maps merge, scalars and lists replace, null removes.'),
      seeds: {
        type: 'array',
        items: { type: 'integer', minimum: 0 },
        minItems: 1,
        uniqueItems: true,
        description: 'Every row runs once per seed; stages without a seed of their own take it.',
      },
      stages: {
        type: 'object',
        propertyNames: { pattern: stageName.source },
        additionalProperties: stageSchema(kinds),
        description: 'Stages by name. A stage of the file that this one extends may be given in part.',
      },
      rows: {
        type: 'object',
        propertyNames: named,
        additionalProperties: differences,
        description: 'Rows by name: differences from the stages above.',
      },
      vary: {
        type: 'object',
        additionalProperties: { type: 'array', minItems: 1 },
        description: 'Dotted paths and lists of values: a grid that multiplies the rows.',
      },
      table,
      tables: {
        type: 'array',
        items: table,
        description: 'Several tables read from one graph; the first is the main one.',
      },
      figures: {
        type: 'array',
        items: figure,
        description: 'Figures drawn from the measured cells: `sea figure`, `sea report`.',
      },
      paper: { anyOf: [paper, { type: 'array', items: paper }], description: 'Printed numbers shown beside ours.' },
    }),
    definitions: Object.fromEntries(kinds.map((kind) => [kind.kind, kindSchema(kind)])),
  };
}

/** `properties` of a closed object in the order of its keys; both lists have to name the same. */
function closed(
  keys: readonly string[],
  properties: Readonly<Record<string, Schema>>,
  required: readonly string[] = [],
): Schema {
  const missing = keys.filter((key) => properties[key] === undefined);
  if (missing.length > 0 || Object.keys(properties).length !== keys.length)
    throw new Error(`keys ${keys.join()} are described as ${Object.keys(properties).join()}`);
  return { type: 'object', additionalProperties: false, ...(required.length === 0 ? {} : { required }), properties };
}

function stageSchema(kinds: readonly AnyKind[]): Schema {
  return {
    type: 'object',
    properties: {
      kind: {
        description: 'What the stage does.',
        oneOf: kinds.map((kind) => ({ const: kind.kind, description: kind.summary })),
      },
    },
    allOf: kinds.map((kind) => ({
      if: { required: ['kind'], properties: { kind: { const: kind.kind } } },
      // biome-ignore lint/suspicious/noThenProperty: a keyword of JSON Schema
      then: { $ref: `#/definitions/${kind.kind}` },
    })),
  };
}

/** Parameters and inputs of a kind side by side. Nothing is required: the rest may stand in the file that is extended. */
function kindSchema(kind: AnyKind): Schema {
  const ports = typeof kind.inputs === 'function' ? undefined : (kind.inputs as Ports);
  const inputs = Object.fromEntries(Object.entries(ports ?? {}).map(([name, port]) => [name, portSchema(port)]));
  const isOpen = ports === undefined || kind.anyInputs === true;
  const nested = isOpen
    ? { additionalProperties: { type: 'string' } }
    : { additionalProperties: false, properties: inputs };
  const beside: Readonly<Record<string, Schema>> = {
    kind: { const: kind.kind, description: kind.summary },
    ...inputs,
    inputs: { type: 'object', description: 'Inputs by port, where they are not written inline.', ...nested },
  };
  const params = admit(rebase(kind.params, `#/definitions/${kind.kind}/`) as Schema, Object.keys(beside));
  return {
    ...params,
    description: kind.summary,
    ...(ports === undefined ? { additionalProperties: { type: 'string' } } : {}),
    properties: { ...(params['properties'] as Schema), ...beside },
  };
}

/** A schema for the parameters alone as one for the whole stage: its closed parts let `names` pass, none requires. */
function admit(schema: Schema, names: readonly string[]): Schema {
  const { required: _, ...rest } = schema;
  const changed: Record<string, unknown> = { ...rest };
  if (schema['additionalProperties'] === false) {
    changed['properties'] = {
      ...Object.fromEntries(names.map((name) => [name, true])),
      ...(schema['properties'] as Schema),
    };
  }
  for (const key of ['then', 'else']) if (isSchema(schema[key])) changed[key] = admit(schema[key], names);
  for (const key of ['allOf', 'anyOf', 'oneOf']) {
    const parts = schema[key];
    if (Array.isArray(parts)) changed[key] = parts.map((part: unknown) => (isSchema(part) ? admit(part, names) : part));
  }
  return changed;
}

function isSchema(value: unknown): value is Schema {
  return value !== null && typeof value === 'object' && !Array.isArray(value);
}

function portSchema({ type, description, optional }: Ports[string]): Schema {
  return text(`${optional ? 'Optional input' : 'Input'} (${type}): ${description}`);
}

/** References into a schema's own root, from where it is embedded. */
function rebase(schema: unknown, prefix: string): unknown {
  if (Array.isArray(schema)) return schema.map((item) => rebase(item, prefix));
  if (schema === null || typeof schema !== 'object') return schema;
  return Object.fromEntries(
    Object.entries(schema).map(([key, value]) => [
      key,
      key === '$ref' && typeof value === 'string' && value.startsWith('#/')
        ? prefix + value.slice(2)
        : rebase(value, prefix),
    ]),
  );
}

/** The published schema as its file's text. */
export function experimentSchemaText(kinds: readonly AnyKind[]): string {
  return `${JSON.stringify(experimentSchema(kinds), null, 2)}\n`;
}
