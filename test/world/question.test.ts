import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { optionLine } from '../../src/benchmarks/choices.ts';
import { stream } from '../../src/data/random.ts';
import { candidates } from '../../src/world/benchmarks/pope.ts';
import { FAMILIES, prompt } from '../../src/world/question.ts';
import { ask, askInTraining } from '../../src/world/questions/ask.ts';
import { HELD_OUT } from '../../src/world/questions/choice.ts';
import { describeQuestion } from '../../src/world/questions/describe.ts';
import { relationQuestion } from '../../src/world/questions/relation.ts';
import { sampleScene } from '../../src/world/scene.ts';
import { KINDS } from '../../src/world/vocabulary.ts';
import { oracle } from './oracle.ts';

const items = fc.nat(10_000_000);
const sceneOf = (item: number) =>
  sampleScene(stream(1, 'scene', item), { grid: 4, signProbability: 0.5, degradeProbability: 0 });

describe('a question about a scene', () => {
  test.each(FAMILIES)('of the family %s has the right answer', (family) => {
    fc.assert(
      fc.property(items, (item) => {
        const scene = sceneOf(item);
        const question = ask(family, scene, stream(1, family, item));
        // what "which is in the image" means depends on its choices: tested below
        if (question && question.text !== 'which is in the image')
          expect(question.answer).toBe(oracle(question.text, scene));
      }),
      { numRuns: 400 },
    );
  });

  test('with choices shows four different ones, the right one among them', () => {
    fc.assert(
      fc.property(items, fc.constantFrom('scienceqa' as const, 'mmbench' as const), (item, family) => {
        const question = ask(family, sceneOf(item), stream(1, family, item));
        if (!question) return;
        expect(new Set(question.choices).size).toBe(4);
        expect(question.choices).toContain(question.answer);
      }),
    );
  });

  test('has just one right choice', () => {
    fc.assert(
      fc.property(items, (item) => {
        const scene = sceneOf(item);
        const question = ask('mmbench', scene, stream(1, 'choice', item));
        if (question?.topic !== 'thing') return;
        const present = question.choices?.filter((kind) => scene.entries.some((entry) => entry.kind === kind));
        expect(present).toEqual([question.answer]);
      }),
    );
  });

  test('with choices reads as the benchmarks put it to models', () => {
    const question = {
      text: 'where is this',
      choices: ['sea', 'sand', 'snow', 'night'],
      answer: 'sea',
      topic: 'scene',
    };
    expect(prompt(question)).toBe(`where is this\n${optionLine(question.choices)}`);
  });

  test('cannot be answered when the picture is black', () => {
    for (const family of FAMILIES) {
      const question = askInTraining(family, { ...sceneOf(3), degradation: 'black' }, stream(1, family));
      expect(question?.answer).toBe('unanswerable');
    }
  });

  test('never teaches the knowledge that ScienceQA holds out', () => {
    const held = new Set([
      ...HELD_OUT.place.map((kind) => KINDS[kind].place),
      ...HELD_OUT.part.map((kind) => KINDS[kind].part),
    ]);
    let tested = 0;
    for (let item = 0; item < 2000; item++) {
      const answer = askInTraining('scienceqa', sceneOf(item), stream(1, 'training', item))?.answer;
      expect(held).not.toContain(answer);
      if (held.has(ask('scienceqa', sceneOf(item), stream(1, 'test', item))?.answer ?? '')) tested++;
    }
    expect(tested).toBeGreaterThan(100);
  });

  test('about sides comes with a program of GQA that begins with a selection', () => {
    fc.assert(
      fc.property(items, (item) => {
        const question = relationQuestion(sceneOf(item), stream(1, 'sides', item));
        if (!question) return;
        expect(question.operations[0]?.operation).toBe('select');
        expect(question.structural === 'verify').toBe(['yes', 'no'].includes(question.answer));
      }),
    );
  });

  test('of MM-Vet counts words of its answer', () => {
    fc.assert(
      fc.property(items, (item) => {
        const { parts, answer } = describeQuestion(sceneOf(item), stream(1, 'parts', item));
        for (const part of parts) expect(answer.split(' ')).toContain(part);
      }),
    );
  });
});

describe('the things that POPE asks for and that are not there', () => {
  test.each(['random', 'popular', 'adversarial'] as const)('are absent: %s', (category) => {
    fc.assert(
      fc.property(items, (item) => {
        const scene = sceneOf(item);
        const asked = candidates(scene, category);
        expect(asked.length).toBeGreaterThan(0);
        for (const kind of asked) expect(scene.entries.map((entry) => entry.kind)).not.toContain(kind);
      }),
    );
  });
});
