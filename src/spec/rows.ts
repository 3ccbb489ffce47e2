import type { Json } from '../hash.ts';
import type { Problem } from '../problem.ts';
import { nearest, suggest } from '../problem.ts';
import type { AnyKind, Ports } from '../stages/kind.ts';
import type { Draft, RowDraft } from './draft.ts';
import { valueText } from './draft.ts';
import type { Field } from './node.ts';
import { describe, placeOf, toJson } from './node.ts';
import { propertyNames, propertySchemas } from './schema-walk.ts';

/** A change to one stage: the path below the stage, and the value with its place. */
export type Difference = Readonly<{ stage: string; path: readonly string[]; field: Field }>;
/** A row with all its `extends` applied; the base's own differences come first. */
export type FullRow = Readonly<{ name: string; field?: Field; differences: readonly Difference[] }>;
/** One dimension of the grid that `vary` spans. */
export type Axis = Readonly<{ path: string; values: readonly Readonly<{ difference: Difference; text: string }>[] }>;

type Context = Readonly<{
  stages: ReadonlyMap<string, Field>;
  kinds: ReadonlyMap<string, AnyKind>;
  problems: Problem[];
}>;

/** The rows of an experiment; without `rows` a single one, named by the experiment. */
export function readRows(draft: Draft, kinds: ReadonlyMap<string, AnyKind>, problems: Problem[]): readonly FullRow[] {
  const context: Context = { stages: draft.stages, kinds, problems };
  const own = new Map([...draft.rows].map(([name, row]) => [name, readDifferences(row, context)]));
  if (own.size === 0) return [{ name: draft.name, differences: [] }];
  return [...draft.rows.values()].map((row) => {
    const chain = ancestry(row, draft.rows, problems);
    return { name: row.name, field: row.field, differences: chain.flatMap((name) => own.get(name) ?? []) };
  });
}

export function readAxes(draft: Draft, kinds: ReadonlyMap<string, AnyKind>, problems: Problem[]): readonly Axis[] {
  const context: Context = { stages: draft.stages, kinds, problems };
  return draft.vary.flatMap(({ path, field, values }) => {
    const target = readPath(field, context);
    if (target === undefined) return [];
    const made = values.map((value) => ({
      difference: { ...target, field: { ...field, source: value.source, start: value.start, value } },
      text: valueText(toJson(value)),
    }));
    return [{ path, values: made }];
  });
}

/** The row after everything it extends, outermost first; a circle is reported where it closes. */
function ancestry(row: RowDraft, rows: ReadonlyMap<string, RowDraft>, problems: Problem[]): readonly string[] {
  const chain = [row.name];
  for (let above = row.extends; above !== undefined; ) {
    const name = toJson(above.value);
    const at = placeOf(above.value);
    const next = typeof name === 'string' ? rows.get(name) : undefined;
    if (next === undefined || typeof name !== 'string') {
      const code = typeof name === 'string' ? 'unknown-row' : 'wrong-type';
      const message =
        typeof name === 'string' ? `there is no row "${name}"` : `expected the name of a row, found ${describe(name)}`;
      problems.push({
        code,
        message,
        at,
        hint: suggest(
          String(name),
          [...rows.keys()].filter((other) => other !== row.name),
        ),
      });
      break;
    }
    if (chain.includes(name)) {
      const circle = [...chain.slice(chain.indexOf(name)), name].join(' -> ');
      // Every member of a circle finds it: only the first one in the file reports.
      const members = chain.slice(chain.indexOf(name));
      if ([...rows.keys()].find((other) => members.includes(other)) === row.name)
        problems.push({ code: 'row-cycle', message: `rows extend each other in a circle: ${circle}`, at });
      break;
    }
    chain.push(name);
    above = next.extends;
  }
  return chain.reverse();
}

function readDifferences(row: RowDraft, context: Context): readonly Difference[] {
  return row.differences.flatMap((field) => {
    const target = readPath(field, context);
    return target === undefined ? [] : [{ ...target, field }];
  });
}

/** Splits `stage.parameter.deeper` and checks that it leads somewhere. */
function readPath(field: Field, context: Context): Readonly<{ stage: string; path: readonly string[] }> | undefined {
  const [stage = '', ...path] = field.name.split('.');
  const base = context.stages.get(stage);
  if (base === undefined) {
    unknown(
      field,
      nearest(stage, [...context.stages.keys()]),
      0,
      suggest(stage, [...context.stages.keys()]),
      `there is no stage "${stage}"`,
      context,
    );
    return undefined;
  }
  if (path.length === 0) return wholeStage(field, context);
  const kindName = base.value.type === 'map' ? base.value.fields.get('kind')?.value : undefined;
  const kind = context.kinds.get(String(kindName === undefined ? '' : toJson(kindName)));
  // A stage of unknown kind is reported by itself.
  if (kind === undefined) return undefined;
  return checkPath(field, path, kind, context) ? { stage, path } : undefined;
}

function wholeStage(
  field: Field,
  { problems }: Context,
): Readonly<{ stage: string; path: readonly string[] }> | undefined {
  if (field.value.type === 'map') return { stage: field.name, path: [] };
  const message = `expected a map of changes to stage "${field.name}", found ${describe(toJson(field.value))}`;
  problems.push({
    code: 'wrong-type',
    message,
    at: placeOf(field.value),
    hint: `or a dotted path: ${field.name}.parameter: value`,
  });
  return undefined;
}

function checkPath(field: Field, path: readonly string[], kind: AnyKind, context: Context): boolean {
  const [head = ''] = path;
  if (head === 'inputs') return true;
  const ports = typeof kind.inputs === 'function' ? undefined : (kind.inputs as Ports);
  let schemas: readonly unknown[] = [kind.params];
  for (const [index, name] of path.entries()) {
    const next = propertySchemas(schemas, name, kind.params);
    if (next === 'open') return true;
    if (next.length === 0) {
      // Ports that depend on parameters are checked when those are known.
      if (index === 0 && path.length === 1 && (ports === undefined || Object.hasOwn(ports, name))) return true;
      const names = [
        ...schemas.flatMap((schema) => propertyNames(schema, kind.params)),
        ...(index === 0 ? Object.keys(ports ?? {}) : []),
      ];
      const owner = index === 0 ? kind.kind : `"${path.slice(0, index).join('.')}" of ${kind.kind}`;
      unknown(
        field,
        nearest(name, names),
        index + 1,
        suggest(name, names),
        `"${name}" is no parameter or input of ${owner}`,
        context,
      );
      return false;
    }
    schemas = next;
  }
  return true;
}

function unknown(
  field: Field,
  match: string | undefined,
  segment: number,
  otherwise: string,
  why: string,
  { problems }: Context,
): void {
  const fixed = match === undefined ? undefined : field.name.split('.').with(segment, match).join('.');
  const hint = fixed === undefined ? otherwise : `did you mean "${fixed}"?`;
  problems.push({ code: 'unknown-path', message: `"${field.name}" matches nothing: ${why}`, at: placeOf(field), hint });
}

/** Differences as dotted paths and values, for reports; of the same path the last one counts. */
export function differencesOf(differences: readonly Difference[]): Readonly<Record<string, Json>> {
  return Object.fromEntries(
    differences.map(({ stage, path, field }) => [[stage, ...path].join('.'), toJson(field.value)]),
  );
}
