import { ancestors, buildGraph } from '../graph/build.ts';
import { fail, type Problem, ProblemError, type Result, succeed, suggest } from '../problem.ts';
import type { Experiment } from '../spec/experiment.ts';

/** Row names and stage names or ids to keep; empty: all. */
export type Narrowing = Readonly<{ rows: readonly string[]; stages: readonly string[] }>;

/** The experiment with only these rows' cells, and only the stages that they (or the named stages) need. */
export function narrow(experiment: Experiment, { rows, stages }: Narrowing): Result<Experiment> {
  if (rows.length === 0 && stages.length === 0) return succeed(experiment);
  const rowNames = [...new Set(experiment.cells.map((cell) => cell.row))];
  const problems = [...unknown('row', rows, rowNames), ...unknownStages(experiment, stages)];
  if (problems.length > 0) return fail(...problems);

  const cells = rows.length === 0 ? experiment.cells : experiment.cells.filter((cell) => rows.includes(cell.row));
  const inCells = new Set(cells.flatMap((cell) => Object.values(cell.stages)));
  const reached = experiment.stages.filter((stage) => rows.length === 0 || inCells.has(stage.id));
  const targets =
    stages.length === 0 ? reached : reached.filter(({ id, name }) => stages.includes(id) || stages.includes(name));
  const kept = withInputs(
    experiment,
    targets.map((stage) => stage.id),
  );
  return succeed({ ...experiment, cells, stages: experiment.stages.filter((stage) => kept.has(stage.id)) });
}

/** Ids of the stages that match an id, else a name; a problem with the nearest name when none does. */
export function findStages(experiment: Experiment, wanted: string): Result<readonly string[]> {
  const exact = experiment.stages.filter((stage) => stage.id === wanted);
  const found = exact.length > 0 ? exact : experiment.stages.filter((stage) => stage.name === wanted);
  if (found.length > 0) return succeed(found.map((stage) => stage.id));
  return fail(...unknownStages(experiment, [wanted]));
}

/** A problem for every name that is neither a stage's name nor its id. */
export function unknownStages({ stages }: Experiment, names: readonly string[]): readonly Problem[] {
  return names.length === 0 ? [] : unknown('stage', names, [...new Set(stages.flatMap(({ name, id }) => [name, id]))]);
}

function unknown(what: string, names: readonly string[], valid: readonly string[]): readonly Problem[] {
  return names
    .filter((name) => !valid.includes(name))
    .map((name) => ({ code: `unknown-${what}`, message: `there is no ${what} "${name}"`, hint: suggest(name, valid) }));
}

function withInputs({ stages }: Experiment, ids: readonly string[]): ReadonlySet<string> {
  const graph = buildGraph(stages);
  if (!graph.ok) throw new ProblemError(...graph.problems);
  return new Set([...ids, ...ancestors(graph.value, ...ids)]);
}
