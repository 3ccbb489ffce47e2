import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CONTRACTIONS, VIZWIZ_CONTRACTIONS } from '../../src/benchmarks/contractions.ts';
import { leaveOneOut, normaliseAnswer, processM4c, stripPunctuation } from '../../src/benchmarks/vqa-answer.ts';
import { questionScorer } from '../../src/benchmarks/vqav2/score.ts';

describe('the answer normaliser', () => {
  it.each([
    ['1,000', '1000'],
    ['1,000 (red)', '1000 red'],
    ['12 -b c-d', '12 b cd'],
    ['c-d', 'c d'],
    ['5.', '5'],
    ['.5', '.5'],
    ['3.5.', '3.5'],
    ['v1.2.3', 'v1.2.3'],
    ['U.S.A.', 'usa'],
    ['www.a.com', 'wwwacom'],
    ['none', '0'],
    ['Ten apples', '10 apples'],
    ['eleven', 'eleven'],
    ['a', ''],
    ['The Cat', 'cat'],
    ['dont', "don't"],
    ['Im', 'im'],
    ["somebody'd", 'somebodyd'],
    ['50%', '50%'],
  ])('%j becomes %j', (text, expected) => {
    expect(normaliseAnswer(text)).toBe(expected);
  });

  it('removes no more than 32 periods', () => {
    expect(stripPunctuation(`${'.x'.repeat(33)}`)).toBe(`${'x'.repeat(32)}.x`);
  });

  it('takes every Unicode digit for one, in Python 2 only 0 to 9', () => {
    expect(stripPunctuation('a.\u0661')).toBe('a.\u0661');
    expect(stripPunctuation('a.\u0661', { python2: true })).toBe('a\u0661');
  });

  it('of m4c drops commas first and parts the possessive', () => {
    expect(processM4c("what's up, 1,000?")).toBe("what 's up 1000");
    expect(processM4c("o'sullivan")).toBe("o 'sullivan");
  });
});

it('the contraction tables are the published ones', () => {
  const file = join(import.meta.dirname, '..', 'scoring', 'contractions.json');
  const { vqa, vizwiz, textvqa } = JSON.parse(readFileSync(file, 'utf8')) as Record<string, Record<string, string>>;
  expect(Object.fromEntries(CONTRACTIONS)).toEqual(vqa);
  expect(Object.fromEntries(CONTRACTIONS)).toEqual(textvqa);
  expect(Object.fromEntries(VIZWIZ_CONTRACTIONS)).toEqual(vizwiz);
});

it('soft accuracy of k matches among ten is 0, .3, .6, .9 and then 1', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 10 }), (matches) => {
      const truths = Array.from({ length: 10 }, (_, index) => (index < matches ? 'yes' : 'no'));
      expect(leaveOneOut('yes', truths)).toBeCloseTo(Math.min(1, 0.3 * matches), 12);
    }),
  );
});

it('takes annotators whose entries are the same dictionary for one, whatever the order of keys at any depth', () => {
  const same = [
    { answer: 'red', by: { name: 'x', age: 3 } },
    { by: { age: 3, name: 'x' }, answer: 'red' },
    { answer: 'red', by: { name: 'x', age: 3 } },
    { answer: 'blue', by: { name: 'x', age: 3 } },
  ];
  const annotation = { question_id: 1, question_type: 'what', answer_type: 'other', answers: same };
  expect(questionScorer({ version: 2021, python2: false })(annotation, 'red')).toBe(1 / 4);
});
