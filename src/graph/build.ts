import { createRequire } from 'node:module';
import type { DirectedGraph } from 'graphology';
import type { Problem, Result } from '../problem.ts';
import { fail, succeed } from '../problem.ts';
import type { StageSpec } from '../spec/experiment.ts';
import { orderFrom } from './order.ts';

// Loaded with the first graph: 10 ms that planning and running do not pay.
const require = createRequire(import.meta.url);

/** Stages by id; an edge leads from a stage to one that reads it. */
export type StageGraph = DirectedGraph<{ spec: StageSpec }>;

/**
 * The graph of expanded stages, for questions about what needs what; inputs that are no stage and circles are problems.
 * Planning and running need only the order of an expanded experiment, and do not load it.
 */
export function buildGraph(stages: readonly StageSpec[]): Result<StageGraph> {
  const { DirectedGraph: Graph } = require('graphology') as typeof import('graphology');
  const graph: StageGraph = new Graph();
  for (const spec of stages) graph.addNode(spec.id, { spec });
  const problems: Problem[] = [];
  for (const spec of stages) {
    for (const port in spec.inputs) {
      const { stage } = spec.inputs[port] as { stage: string };
      if (graph.hasNode(stage)) graph.mergeDirectedEdge(stage, spec.id);
      else
        problems.push({
          code: 'unknown-stage',
          message: `input "${port}" of ${spec.id} reads ${stage}, which is no stage`,
          at: spec.at,
        });
    }
  }
  const found =
    problems.length > 0
      ? { order: [] }
      : orderFrom(
          stages.map(({ id }) => id),
          (id) => graph.inNeighbors(id),
        );
  if (found.cycle !== undefined) problems.push(cycleProblem(found.cycle, graph));
  return problems.length > 0 ? fail(...problems) : succeed(graph);
}

function cycleProblem(cycle: readonly string[], graph: StageGraph): Problem {
  const message = `stages need each other in a circle: ${cycle.join(' -> ')}`;
  return {
    code: 'cycle',
    message,
    at: graph.getNodeAttribute(cycle[0] as string, 'spec').at,
    hint: 'each stage stands before the one it reads',
  };
}

/** Everything that `ids` read, however indirectly, without themselves unless one reads another. */
export function ancestors(graph: StageGraph, ...ids: readonly string[]): ReadonlySet<string> {
  return reach(ids, (id) => graph.inNeighbors(id));
}

/** Everything that reads `ids`, however indirectly. */
export function descendants(graph: StageGraph, ...ids: readonly string[]): ReadonlySet<string> {
  return reach(ids, (id) => graph.outNeighbors(id));
}

function reach(ids: readonly string[], next: (id: string) => readonly string[]): ReadonlySet<string> {
  const reached = new Set(ids.flatMap(next));
  for (const id of reached) for (const further of next(id)) reached.add(further);
  return reached;
}
