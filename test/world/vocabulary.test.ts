import { describe, expect, test } from 'vitest';
import { SUBJECTS } from '../../src/world/facts.ts';
import { glyph } from '../../src/world/font.ts';
import { CITIES, COUNTRIES, SIGN_WORDS, SYNONYMS, WORDS } from '../../src/world/vocabulary.ts';

describe('the word list', () => {
  test('holds 328 different words of lower-case letters', () => {
    expect(WORDS).toHaveLength(328);
    expect(new Set(WORDS).size).toBe(328);
    for (const word of WORDS) expect(word).toMatch(/^[a-z]+$/);
  });

  test('gives every synonym one meaning', () => {
    const synonyms = Object.values(SYNONYMS).flat();
    expect(new Set(synonyms).size).toBe(synonyms.length);
    for (const word of Object.keys(SYNONYMS)) expect(synonyms).not.toContain(word);
  });

  test('can be written on signs, three letters each', () => {
    for (const word of SIGN_WORDS) {
      expect(word).toHaveLength(3);
      for (const letter of word) expect(glyph(letter).flat().some(Boolean)).toBe(true);
    }
    expect(() => glyph('q')).toThrow('no letter "q"');
  });
});

describe('the facts', () => {
  test('have one answer for each stem, and three wrong ones at least', () => {
    const facts = SUBJECTS.flatMap((subject) => subject.facts);
    expect(new Set(facts.map((fact) => fact.stem)).size).toBe(facts.length);
    for (const { answer, others } of facts) {
      expect(new Set(others.filter((other) => other !== answer)).size).toBeGreaterThanOrEqual(3);
    }
  });

  test('take their answers from the word list', () => {
    for (const fact of SUBJECTS.flatMap((subject) => subject.facts)) expect(WORDS).toContain(fact.answer);
  });

  test('give every country a capital and a neighbour of its own', () => {
    const answers = (name: string) =>
      SUBJECTS.find((subject) => subject.name === name)?.facts.map((fact) => fact.answer);
    expect(new Set(answers('capital'))).toEqual(new Set(CITIES));
    expect(new Set(answers('border'))).toEqual(new Set(COUNTRIES));
    expect(answers('border')?.filter((neighbour, i) => neighbour === COUNTRIES[i])).toEqual([]);
  });

  test('weigh one together', () => {
    expect(SUBJECTS.reduce((sum, subject) => sum + subject.weight, 0)).toBeCloseTo(1, 10);
  });
});
