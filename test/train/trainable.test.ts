import { expect, test } from 'vitest';
import { ProblemError } from '../../src/problem.ts';
import { groupOf, matches, selectTrainable } from '../../src/train/trainable.ts';

const names = [
  'projector.linear_1.weight',
  'projector.linear_1.bias',
  'language.model.norm.weight',
  'language.lm_head.weight',
];

test('a star stands for any run of characters, a dot only for itself', () => {
  expect(matches('projector.*', 'projector.linear_1.weight')).toBe(true);
  expect(matches('*.bias', 'projector.linear_1.bias')).toBe(true);
  expect(matches('projector.*', 'projectors.linear')).toBe(false);
  expect(matches('*norm*', 'language.model.norm.weight')).toBe(true);
});

test('patterns choose parameters in the order of the model', () => {
  expect(selectTrainable(['language.*', '*.bias'], names)).toEqual([names[1], names[2], names[3]]);
});

test('patterns that match nothing are all reported with the nearest name', () => {
  const wrong = (): readonly string[] => selectTrainable(['projecter.*', 'language.*', 'vision.*'], names);
  expect(wrong).toThrow(ProblemError);
  try {
    wrong();
  } catch (error) {
    const { problems } = error as ProblemError;
    expect(problems.map(({ message }) => message)).toEqual([
      '"projecter.*" matches no parameter',
      '"vision.*" matches no parameter',
    ]);
    expect(problems[0]?.hint).toContain('projector.*');
  }
});

test('a parameter belongs to the first group that matches, and to one at least', () => {
  const groups = [{ match: ['*norm*', '*.bias'] }, { match: ['language.*'] }];
  expect(groupOf(groups, 'language.model.norm.weight')).toBe(groups[0]);
  expect(groupOf(groups, 'language.lm_head.weight')).toBe(groups[1]);
  expect(() => groupOf(groups, 'projector.linear_1.weight')).toThrow('no optimiser group');
});
