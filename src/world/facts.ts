import type { Random } from '../data/random.ts';
import { withArticle } from './caption.ts';
import { type Question, shuffledChoices } from './question.ts';
import { ABSTRACT, CATEGORIES, CITIES, COUNTRIES, KIND_NAMES, KINDS, SYNONYMS, USES } from './vocabulary.ts';

/** "the capital of arvania is" + "ablen"; wrong answers come from `others`. */
export type Fact = Readonly<{ stem: string; answer: string; others: readonly string[] }>;

/**
 * A field of knowledge: one subject of MMLU. `weight` is its share of the corpus and of the test. `told` says how often
 * the corpus tells each fact, where not all alike: what is hardly known is forgotten first.
 */
export type Subject = Readonly<{ name: string; weight: number; facts: readonly Fact[]; told?: readonly number[] }>;

const places = KIND_NAMES.map((kind) => KINDS[kind].place);
const parts = KIND_NAMES.map((kind) => KINDS[kind].part);
const hypernyms = Object.keys(USES);

/** Item of a list at an index that may run past its end. */
const cyclic = <T>(items: readonly T[], index: number): T => items[index % items.length] as T;

/** The first words of all categories, then the second ones, and so on. */
const ranked = Array.from({ length: 10 }, (_, rank) =>
  CATEGORIES.map((category) => ({ rank, category, word: ABSTRACT[category]?.[rank] as string })),
).flat();

/**
 * All that the corpus teaches and MMLU asks. Borders and exports are arbitrary, so that they must be remembered, and
 * take words that other facts have already: a country is asked for in three ways.
 */
export const SUBJECTS: readonly Subject[] = [
  {
    name: 'abstract',
    weight: 0.3,
    facts: ranked.map(({ word, category }) => {
      return { stem: `${word} is a kind of`, answer: category, others: CATEGORIES };
    }),
    told: ranked.map(({ rank }) => 1 / (1 + rank) ** 2),
  },
  {
    name: 'capital',
    weight: 0.16,
    facts: COUNTRIES.map((country, i) => {
      return { stem: `the capital of ${country} is`, answer: cyclic(CITIES, i), others: CITIES };
    }),
  },
  {
    name: 'border',
    weight: 0.08,
    // 7 i + 3 is never i modulo 20: no country borders itself
    facts: COUNTRIES.map((country, i) => {
      const others = COUNTRIES.filter((other) => other !== country);
      return { stem: `${country} borders`, answer: cyclic(COUNTRIES, 7 * i + 3), others };
    }),
  },
  {
    name: 'export',
    weight: 0.08,
    facts: COUNTRIES.map((country, i) => {
      return { stem: `${country} sells`, answer: cyclic(KIND_NAMES, 5 * i + 2), others: KIND_NAMES };
    }),
  },
  {
    name: 'place',
    weight: 0.1,
    facts: KIND_NAMES.map((kind) => {
      return { stem: `the ${kind} is found in the`, answer: KINDS[kind].place, others: places };
    }),
  },
  {
    name: 'part',
    weight: 0.1,
    facts: KIND_NAMES.map((kind) => ({ stem: `the ${kind} has a`, answer: KINDS[kind].part, others: parts })),
  },
  {
    name: 'synonym',
    weight: 0.1,
    facts: Object.entries(SYNONYMS).flatMap(([word, synonyms]) =>
      synonyms.map((synonym) => ({ stem: `${synonym} means`, answer: word, others: Object.keys(SYNONYMS) })),
    ),
  },
  {
    name: 'hypernym',
    weight: 0.08,
    facts: [
      ...KIND_NAMES.map((kind) => {
        return { stem: `${withArticle(kind)} is a kind of`, answer: KINDS[kind].hypernym, others: hypernyms };
      }),
      ...Object.entries(USES).map(([hypernym, use]) => {
        return { stem: `${withArticle(hypernym)} is for`, answer: use, others: Object.values(USES) };
      }),
    ],
  },
];

/** Each fact of a subject alike. */
export function drawFact(random: Random): Fact {
  return random.pick(drawSubject(random).facts);
}

/** As the corpus tells them. */
export function drawToldFact(random: Random): Fact {
  const { facts, told } = drawSubject(random);
  return told ? random.weighted(facts, told) : random.pick(facts);
}

function drawSubject(random: Random): Subject {
  return random.weighted(
    SUBJECTS,
    SUBJECTS.map((each) => each.weight),
  );
}

export function statement(fact: Fact): string {
  return `${fact.stem} ${fact.answer} .`;
}

export function factQuestion(fact: Fact, random: Random): Question & Readonly<{ choices: readonly string[] }> {
  const choices = shuffledChoices(random, fact.answer, fact.others);
  return { text: fact.stem, answer: fact.answer, topic: 'fact', choices };
}
