import { describe, expect, test } from 'vitest';
import { findStages, narrow } from '../../src/cli/narrow.ts';
import { example, oneSeed } from '../report/example.ts';

const { experiment } = example(oneSeed);

function ids(rows: readonly string[], stages: readonly string[]): readonly string[] {
  const result = narrow(experiment, { rows, stages });
  if (!result.ok) throw new Error(result.problems[0]?.message);
  return result.value.stages.map((stage) => stage.id);
}

describe('an experiment', () => {
  test('without narrowing is itself', () => {
    expect(narrow(experiment, { rows: [], stages: [] })).toEqual({ ok: true, value: experiment });
  });

  test('of one row keeps its stages and their inputs', () => {
    expect(ids(['+SEA'], [])).toEqual([
      'train[+SEA,seed=1]',
      'VQAv2[+SEA,seed=1]',
      'TextVQA[+SEA,seed=1]',
      'GQA[+SEA,seed=1]',
    ]);
  });

  test('of one stage of one row keeps what leads to it, in the old order', () => {
    expect(ids(['+SEA'], ['GQA'])).toEqual(['train[+SEA,seed=1]', 'GQA[+SEA,seed=1]']);
    expect(ids([], ['train[Baseline,seed=1]'])).toEqual(['train[Baseline,seed=1]']);
  });

  test('names everything that matches nothing', () => {
    const result = narrow(experiment, { rows: ['+SAE'], stages: ['trian'] });
    expect(result.ok ? [] : result.problems.map((problem) => `${problem.message}, ${problem.hint}`)).toEqual([
      'there is no row "+SAE", did you mean "+SEA"?',
      'there is no stage "trian", did you mean "train"?',
    ]);
  });
});

test('a stage is found by its id, else by its name', () => {
  expect(findStages(experiment, 'GQA[+SEA,seed=1]')).toEqual({ ok: true, value: ['GQA[+SEA,seed=1]'] });
  const found = findStages(experiment, 'GQA');
  expect(found.ok && found.value).toHaveLength(3);
});
