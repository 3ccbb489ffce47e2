import type { Digest, Json } from '../hash.ts';
import type { Ref, StageSpec } from '../spec/experiment.ts';
import type { Entry } from '../store/store.ts';
import type { Readings, Table, TableRow } from './table.ts';

/** What an input is read from, and its content where the stage has run. */
export type LineageInput = Readonly<{ port: string; from: Ref; content?: Digest }>;

/** Something outside the store that a stage read: the parameter that names it, where it lay, its content. */
export type LineageFile = Readonly<{ parameter: string; path?: string; content: Digest }>;

/** A stage behind a number: what it was given and what it left. Of a stale one, what made the outdated number. */
export type LineageStage = Readonly<{
  stage: string;
  kind: string;
  state: 'measured' | 'stale' | 'missing' | 'failed' | 'running';
  /** those that made its result; of one without a result, those that it would run with */
  parameters: Json;
  inputs: readonly LineageInput[];
  files: readonly LineageFile[];
  entry?: Entry;
}>;

/** A line of a lineage: a stage, how far it is from where the lineage begins, the input by which it is read. */
export type Branch = Readonly<{ stage: string; depth: number; port?: string }>;

export type Lineage = Readonly<{
  /** depth first, each stage once */
  tree: readonly Branch[];
  /** in the order of the tree */
  stages: readonly LineageStage[];
}>;

/** `pathsOf`: where the files lie that a stage reads, by the name under which its entry has their content. */
export type LineageSources = Readonly<{
  readings: Readings;
  pathsOf: (spec: StageSpec) => Readonly<Record<string, string>>;
}>;

/** These stages and everything that they read, however indirectly. */
export function lineageOf(starts: readonly string[], specs: readonly StageSpec[], sources: LineageSources): Lineage {
  const byId = new Map(specs.map((spec) => [spec.id, spec]));
  const seen = new Set<string>();
  const tree = starts.flatMap((start): readonly Branch[] => {
    if (seen.has(start)) return [];
    seen.add(start);
    return [{ stage: start, depth: 0 }, ...walk(start, (id) => readsOf(byId.get(id)), seen)];
  });
  const stages = tree.flatMap(({ stage }) => {
    const spec = byId.get(stage);
    return spec === undefined ? [] : [describeStage(spec, sources)];
  });
  return { tree, stages };
}

function readsOf(spec: StageSpec | undefined): readonly Next[] {
  return Object.entries(spec?.inputs ?? {}).map(([port, { stage }]) => ({ stage, port }));
}

type Next = Readonly<{ stage: string; port?: string }>;

/** Depth first, so that indentation shows what reads what. What is in `seen` is left out; what is found is added. */
export function walk(
  from: string,
  next: (stage: string) => readonly Next[],
  seen: Set<string> = new Set([from]),
): readonly Branch[] {
  const found: Branch[] = [];
  const visit = (stage: string, depth: number): void => {
    for (const other of next(stage)) {
      if (seen.has(other.stage)) continue;
      seen.add(other.stage);
      found.push({ ...other, depth });
      visit(other.stage, depth + 1);
    }
  };
  visit(from, 1);
  return found;
}

export function describeStage(spec: StageSpec, { readings, pathsOf }: LineageSources): LineageStage {
  const reading = readings.get(spec.id) ?? { state: 'missing' };
  const entry = 'entry' in reading ? reading.entry : undefined;
  const inputs = Object.entries(spec.inputs).map(([port, from]): LineageInput => {
    const content = entry?.inputs[port];
    return { port, from, ...(content === undefined ? {} : { content }) };
  });
  const paths = entry?.sources === undefined ? {} : pathsOf(spec);
  const files = Object.entries(entry?.sources ?? {}).map(([parameter, content]): LineageFile => {
    const path = paths[parameter];
    return { parameter, content, ...(path === undefined ? {} : { path }) };
  });
  return {
    stage: spec.id,
    kind: spec.kind,
    state: reading.state,
    parameters: entry?.identity ?? spec.params,
    inputs,
    files,
    ...(entry === undefined ? {} : { entry }),
  };
}

/** Parameters as a list of dotted paths and values. */
export function flatParameters(value: Json, at = ''): readonly (readonly [path: string, value: Json])[] {
  const isMap = typeof value === 'object' && value !== null && !Array.isArray(value);
  if (!isMap) return [[at === '' ? 'value' : at, value]];
  return Object.entries(value).flatMap(([key, item]) => flatParameters(item, at === '' ? key : `${at}.${key}`));
}

/** The stages that a cell reads; a column without stages of its own (an average) reads those of its row. */
export function stagesOfCell({ columns }: Table, { cells }: TableRow, at: number): readonly string[] {
  const own = columns[at]?.stage === undefined ? cells.flatMap(({ stages }) => stages) : (cells[at]?.stages ?? []);
  return [...new Set(own)];
}
