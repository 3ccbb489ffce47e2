import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { stream } from '../../src/data/random.ts';
import { caption, description, STAGE_WORDING, webCaption } from '../../src/world/caption.ts';
import { type CorpusOptions, document, HELD_OUT_FAMILIES, heldOut } from '../../src/world/corpus.ts';
import { captionPairs, descriptions, instructions } from '../../src/world/records.ts';
import { relation, sampleScene } from '../../src/world/scene.ts';
import { ABSTRACT, SYNONYMS, WORDS } from '../../src/world/vocabulary.ts';

const items = fc.nat(10_000_000);
const sceneOf = (item: number) =>
  sampleScene(stream(1, 'scene', item), { grid: 4, signProbability: 0.5, degradeProbability: 0.2 });
const FUNCTION_WORDS = ['a', 'an', 'and', 'on', 'with', 'saying', 'photo', 'of'];
const known = new Set([...WORDS, ...FUNCTION_WORDS]);
const concept = new Map(
  Object.entries(SYNONYMS).flatMap(([word, synonyms]) => synonyms.map((each) => [each, word] as const)),
);

describe('a caption', () => {
  test('uses words of the word list, single spaces and a few function words', () => {
    fc.assert(
      fc.property(items, (item) => {
        const random = stream(1, 'caption', item);
        for (const text of [caption(sceneOf(item), random, STAGE_WORDING), webCaption(sceneOf(item), random, 0.5)]) {
          expect(text.split(' ').filter((word) => !known.has(word))).toEqual([]);
        }
      }),
    );
  });

  test('names every kind and the background, in these words or others', () => {
    fc.assert(
      fc.property(items, (item) => {
        const scene = sceneOf(item);
        const words = caption(scene, stream(1, item), { synonyms: 0.5, hypernyms: 0 }).split(' ');
        const concepts = words.map((word) => concept.get(word) ?? word);
        expect(concepts).toEqual(
          expect.arrayContaining([scene.background, ...scene.entries.map((entry) => entry.kind)]),
        );
        if (scene.sign) expect(words.slice(-4)).toEqual(['a', 'sign', 'saying', scene.sign.word]);
      }),
    );
  });

  test('holds unrelated words as often as asked', () => {
    const strange = (text: string) =>
      text.split(' ').some((word) => ['justice', 'physics', 'arvania', 'ablen', 'fever'].includes(word));
    const captions = (noise: number) =>
      Array.from({ length: 3000 }, (_, i) => webCaption(sceneOf(i), stream(1, i), noise));
    expect(captions(0).filter(strange)).toEqual([]);
    expect(captions(1).filter(strange).length).toBeGreaterThan(50);
  });
});

describe('a description', () => {
  test('says for each pair of things how they stand to each other', () => {
    fc.assert(
      fc.property(items, (item) => {
        const { entries } = sceneOf(item);
        const text = description(sceneOf(item), stream(1, item));
        for (const a of entries) {
          for (const b of entries) {
            if (a === b || !relation(a, b)) continue;
            expect(text).toMatch(new RegExp(`the (${a.kind} is .* the ${b.kind}|${b.kind} is .* the ${a.kind}) \\.`));
          }
        }
      }),
    );
  });
});

describe('the corpus', () => {
  const options: CorpusOptions = { grid: 4, signProbability: 0.5, sceneShare: 0.6 };
  const documents = Array.from({ length: 1000 }, (_, i) => document(stream(1, i), options));

  test('marks every turn from question to end', () => {
    for (const text of documents) {
      const outside = text.replaceAll(/<\|user\|>[^<]+<\|assistant\|>[a-z ]+<\/s>/g, '');
      expect(outside).not.toMatch(/[<>|\n]/);
    }
  });

  test('has no double, leading or trailing spaces', () => {
    for (const text of documents) expect(text).not.toMatch(/ {2}|^ | $| \n|\n /);
  });

  test('shares its documents out between scenes and facts', () => {
    const facts = documents.filter((text) => / is a kind of| means | borders |capital|sells/.test(text));
    expect(facts.length).toBeGreaterThan(330);
    expect(facts.length).toBeLessThan(470);
  });

  test('asks nothing twice of a scene, and fills most of a row', () => {
    for (const text of documents.filter((each) => !each.includes(' is a kind of '))) {
      const turns = text.match(/<\|user\|>[^<]+<\|assistant\|>[^<]+<\/s>/g) ?? [];
      if (/ on .* \.<\|user\|>/.test(text)) expect(new Set(turns).size).toBe(turns.length);
    }
    const lengths = documents.map((text) => text.length);
    expect(lengths.reduce((a, b) => a + b, 0) / lengths.length).toBeGreaterThan(480);
    expect(Math.max(...lengths)).toBeLessThan(650);
  });

  test('tells some words of a category often and others hardly ever', () => {
    const told = (word: string) => documents.filter((text) => text.includes(word)).length;
    const often = Object.values(ABSTRACT).map((words) => told(words[0] as string));
    const seldom = Object.values(ABSTRACT).map((words) => told(words[9] as string));
    expect(Math.min(...often)).toBeGreaterThan(10 * Math.max(...seldom));
  });

  test.each(HELD_OUT_FAMILIES)('holds out texts with one question each: %s', (family) => {
    const texts = Array.from({ length: 40 }, (_, i) => heldOut(family, stream(1, family, i), options)).filter(
      (text) => text !== undefined,
    );
    expect(texts.length).toBeGreaterThan(10);
    for (const text of texts) expect(text.match(/<\|user\|>/g)).toHaveLength(1);
  });
});

describe('a record', () => {
  const makers = [captionPairs(7, 4, 0.3), descriptions(7), instructions(7)];

  test('does not depend on how many records were made before it', () => {
    for (const make of makers) {
      const first = make(sceneOf(9), 9);
      make(sceneOf(8), 8);
      expect(make(sceneOf(9), 9)).toEqual(first);
    }
  });

  test('has turns of human and gpt, and the image in the first', () => {
    for (const record of makers.flatMap((make) => [0, 1, 2, 3].flatMap((item) => make(sceneOf(item), item)))) {
      const roles = record.conversations.map((turn) => turn.from);
      expect(roles).toEqual(roles.map((_, i) => (i % 2 === 0 ? 'human' : 'gpt')));
      expect(record.conversations.map((turn) => turn.value.startsWith('<image>\n'))).toEqual(
        roles.map((_, i) => i === 0),
      );
    }
  });

  test('for stage 2 asks about seven different questions, and the sign in two ways at most', () => {
    const conversations = Array.from(
      { length: 300 },
      (_, item) => makers[2]?.(sceneOf(item), item)[0]?.conversations ?? [],
    );
    const questions = conversations.map((turns) =>
      turns.filter((turn) => turn.from === 'human').map((turn) => turn.value.replace('<image>\n', '')),
    );
    for (const asked of questions) expect(new Set(asked).size).toBe(asked.length);
    const mean = questions.flat().length / questions.length;
    expect(mean).toBeGreaterThan(6.5);
    expect(mean).toBeLessThan(8.5);
  });
});
