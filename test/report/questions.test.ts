import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { averageError, duel, type QuestionResult, questionError } from '../../src/report/questions.ts';

function results(scores: readonly number[]): readonly QuestionResult[] {
  return scores.map((score, id) => ({ id: String(id), question: `question ${id}`, answer: '', truth: 'x', score }));
}

const score = fc.constantFrom(0, 0.3, 0.6, 1);
const percent = (scores: readonly number[]) => (100 * scores.reduce((a, b) => a + b, 0)) / scores.length;

describe('the standard error from questions', () => {
  test('of right and wrong answers is that of a proportion', () => {
    const scores = [1, 1, 1, 0];
    const error = questionError([{ value: 75, questions: results(scores) }]);
    expect(error?.n).toBe(4);
    // sample variance of 1, 1, 1, 0 is 0.25
    expect(error?.se).toBeCloseTo(100 * Math.sqrt(0.25 / 4), 10);
  });

  test('counts a question once, however many seeds answered it', () => {
    fc.assert(
      fc.property(fc.array(score, { minLength: 2, maxLength: 40 }), (scores) => {
        const one = { value: percent(scores), questions: results(scores) };
        expect(questionError([one, one, one])?.se).toBeCloseTo(questionError([one])?.se ?? -1, 10);
      }),
    );
  });

  test('is not given where the number is not the mean of its questions', () => {
    expect(questionError([{ value: 60, questions: results([1, 0]) }])).toBeUndefined();
    expect(questionError([{ value: 60, questions: [] }])).toBeUndefined();
    expect(questionError([])).toBeUndefined();
  });

  test('of an average needs that of every column', () => {
    expect(
      averageError([
        { n: 3, se: 3 },
        { n: 4, se: 4 },
      ]),
    ).toEqual({ n: 7, se: 2.5 });
    expect(averageError([{ n: 3, se: 3 }, undefined])).toBeUndefined();
  });
});

describe('a duel', () => {
  test('counts wins of the right side by the mean over the seeds', () => {
    const found = duel([
      [results([0, 1, 1, 0]), results([1, 0, 1, 0])],
      [results([0, 1, 0, 1]), results([1, 1, 1, 0])],
    ]);
    expect(found?.pairs.map(({ outcome }) => outcome)).toEqual(['win', 'loss', 'win', 'loss']);
    expect(found).toMatchObject({ wins: 2, losses: 2, same: 0, p: 1, unpaired: 0 });
  });

  test('does not pair questions that only share their number', () => {
    const other = results([1, 1]).map((result) => ({ ...result, question: `another ${result.id}` }));
    expect(duel([[results([0, 0]), other]])).toMatchObject({ wins: 0, losses: 0, same: 0, unpaired: 4 });
  });

  test('turns over with its sides', () => {
    const sides = fc.array(fc.tuple(score, score), { minLength: 1, maxLength: 30 });
    fc.assert(
      fc.property(sides, (pairs) => {
        const [left, right] = [results(pairs.map(([a]) => a)), results(pairs.map(([, b]) => b))];
        const [there, back] = [duel([[left, right]]), duel([[right, left]])];
        expect([there?.wins, there?.losses, there?.p]).toEqual([back?.losses, back?.wins, back?.p]);
        expect((there?.wins ?? 0) + (there?.losses ?? 0) + (there?.same ?? 0)).toBe(pairs.length);
      }),
    );
  });
});
