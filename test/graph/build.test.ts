import { describe, expect, it } from 'vitest';
import { ancestors, buildGraph, descendants } from '../../src/graph/build.ts';
import type { StageSpec } from '../../src/spec/experiment.ts';

const stage = (id: string, ...inputs: readonly string[]): StageSpec => ({
  id,
  name: id,
  kind: 'shell',
  params: {},
  inputs: Object.fromEntries(inputs.map((input, index) => [`in${index}`, { stage: input, port: 'out' }])),
  at: { file: 'x.yaml', line: 1, column: 1 },
});
const diamond = [stage('d', 'b', 'c'), stage('b', 'a'), stage('c', 'a'), stage('a'), stage('e')];

function graphOf(stages: readonly StageSpec[]) {
  const built = buildGraph(stages);
  if (!built.ok) throw new Error(built.problems.map((problem) => problem.message).join());
  return built.value;
}

describe('a graph of stages', () => {
  it('knows what a stage needs and what needs it', () => {
    const graph = graphOf(diamond);
    expect([...ancestors(graph, 'd')].sort()).toEqual(['a', 'b', 'c']);
    expect([...descendants(graph, 'a')].sort()).toEqual(['b', 'c', 'd']);
    expect([...descendants(graph, 'e')]).toEqual([]);
  });

  it('counts two inputs from one stage as one edge', () => {
    expect(graphOf([stage('a'), stage('b', 'a', 'a')]).size).toBe(1);
  });

  it('refuses a circle and names it as a path', () => {
    const built = buildGraph([stage('a', 'b'), stage('b', 'a')]);
    expect(built.ok ? [] : built.problems).toMatchObject([
      { code: 'cycle', message: 'stages need each other in a circle: a -> b -> a' },
    ]);
  });

  it('refuses an input that is no stage', () => {
    const built = buildGraph([stage('a', 'nowhere')]);
    expect(built.ok ? [] : built.problems).toMatchObject([{ code: 'unknown-stage' }]);
  });
});
