import type { Json } from '../hash.ts';
import type { Cell, Experiment, StageSpec } from '../spec/experiment.ts';

/** A parameter, input or stage that two sides do not share; an absent side has no such thing. */
export type ParameterDifference = Readonly<{ path: string; left?: Json; right?: Json }>;

/** A row of an experiment and the stages of the file (by name) whose numbers are compared. */
export type Asked = Readonly<{ experiment: Experiment; row: string; measured: readonly string[] }>;

/**
 * What two rows differ in on the way to these numbers, stage by stage, under a seed that both have so that a seed is no
 * difference. A stage that one side lacks is one difference: its name and kind.
 */
export function differingParameters(left: Asked, right: Asked): readonly ParameterDifference[] {
  const theirs = cellsOf(right);
  const shared = cellsOf(left).find((cell) => theirs.some(({ seed }) => seed === cell.seed)) ?? cellsOf(left)[0];
  const other = theirs.find((cell) => cell.seed === shared?.seed) ?? theirs[0];
  if (shared === undefined || other === undefined) return [];
  const [a, b] = [stagesBehind(left, shared), stagesBehind(right, other)];
  return [...new Set([...a.keys(), ...b.keys()])].flatMap((name) => {
    const [ours, their] = [a.get(name), b.get(name)];
    if (ours === undefined || their === undefined)
      return [{ path: name, ...side('left', ours?.spec.kind), ...side('right', their?.spec.kind) }];
    return diff(describe(ours), describe(their));
  });
}

function cellsOf({ experiment, row }: Asked): readonly Cell[] {
  return experiment.cells.filter((cell) => cell.row === row);
}

type Behind = Readonly<{ spec: StageSpec; nameOf: (id: string) => string }>;

/** The stages of a cell from the measured ones up to the roots, by their name in the file, roots first. */
function stagesBehind({ experiment, measured }: Asked, cell: Cell): ReadonlyMap<string, Behind> {
  const specs = new Map(experiment.stages.map((stage) => [stage.id, stage]));
  const nameOf = (id: string) => specs.get(id)?.name ?? id;
  const reached = new Set<string>();
  const open = measured.flatMap((name) => cell.stages[name] ?? []);
  for (let id = open.pop(); id !== undefined; id = open.pop()) {
    if (reached.has(id)) continue;
    reached.add(id);
    for (const ref of Object.values(specs.get(id)?.inputs ?? {})) open.push(ref.stage);
  }
  return new Map(
    experiment.stages.flatMap((spec) => (reached.has(spec.id) ? [[spec.name, { spec, nameOf }] as const] : [])),
  );
}

/** Parameters and inputs by dotted path. Inputs are named as in the file: what differs further up is told there. */
function describe({ spec, nameOf }: Behind): ReadonlyMap<string, Json> {
  const found = new Map<string, Json>();
  flatten(spec.params, spec.name, found);
  for (const [port, ref] of Object.entries(spec.inputs))
    found.set(`${spec.name}.${port}`, `${nameOf(ref.stage)}.${ref.port}`);
  return found;
}

function flatten(value: Json, at: string, into: Map<string, Json>): void {
  const isMap = typeof value === 'object' && value !== null && !Array.isArray(value);
  if (!isMap) into.set(at, value);
  else for (const [key, item] of Object.entries(value)) flatten(item, `${at}.${key}`, into);
}

function diff(left: ReadonlyMap<string, Json>, right: ReadonlyMap<string, Json>): readonly ParameterDifference[] {
  return [...new Set([...left.keys(), ...right.keys()])].flatMap((path) => {
    const [a, b] = [left.get(path), right.get(path)];
    if (JSON.stringify(a) === JSON.stringify(b)) return [];
    return [{ path, ...side('left', a), ...side('right', b) }];
  });
}

function side<S extends 'left' | 'right'>(name: S, value: Json | undefined): { [K in S]?: Json } {
  return (value === undefined ? {} : { [name]: value }) as { [K in S]?: Json };
}
