import type { Random } from '../data/random.ts';
import { type Entry, relation, type Scene } from './scene.ts';
import {
  ABSTRACT,
  CATEGORIES,
  CITIES,
  COUNTRIES,
  KIND_NAMES,
  KINDS,
  NUMBERS,
  type Relation,
  SYNONYMS,
} from './vocabulary.ts';

/** How loosely a caption is worded. */
export type Wording = Readonly<{
  /** probability of a synonym in the place of a word */
  synonyms: number;
  /** probability of "animal" in the place of "cat" */
  hypernyms: number;
}>;

export const STAGE_WORDING: Wording = { synonyms: 0.15, hypernyms: 0.03 };
/** Captions of the web kind, which encoders learn from. */
export const WEB_WORDING: Wording = { synonyms: 0.2, hypernyms: 0.06 };

/** Everything in the picture: "a dim photo of a small red apple and two blue fish on grass with a sign saying zoo". */
export function caption(scene: Scene, random: Random, wording: Wording): string {
  const degraded = scene.degradation && scene.degradation !== 'black' ? `a ${scene.degradation} photo of ` : '';
  const phrases = random.shuffle(scene.entries).map((entry) => entryPhrase(entry, random, wording));
  return `${degraded}${phrases.join(' and ')} on ${reword(scene.background, random, wording)}${signPhrase(scene)}`;
}

/**
 * A caption for training an encoder: the whole picture, a part of it, or shuffled tags; with probability `noise`
 * one to three words that have nothing to do with the picture, so that such words become improbable labels.
 */
export function webCaption(scene: Scene, random: Random, noise: number): string {
  const form = random.weighted([caption, partialCaption, tags], [5, 2, 3]);
  const words = form(scene, random, WEB_WORDING).split(' ');
  if (random.chance(noise)) {
    for (let extra = 1 + random.int(3); extra > 0; extra--) {
      words.splice(random.int(words.length + 1), 0, unrelatedWord(random));
    }
  }
  return words.join(' ');
}

function partialCaption(scene: Scene, random: Random, wording: Wording): string {
  const some = random.sample(scene.entries, 1 + random.int(scene.entries.length));
  const phrases = some.map((entry) => entryPhrase(entry, random, wording)).join(' and ');
  const place = random.chance(0.6) ? ` on ${reword(scene.background, random, wording)}` : '';
  return `${phrases}${place}${random.chance(0.5) ? signPhrase(scene) : ''}`;
}

function tags(scene: Scene, random: Random, wording: Wording): string {
  const all = [...scene.entries.flatMap(attributes), scene.background, ...signTags(scene)];
  const some = random.shuffle(all).slice(0, 1 + random.int(5));
  return some.map((tag) => reword(tag, random, wording)).join(' ');
}

function attributes(entry: Entry): string[] {
  const pattern = entry.pattern === 'plain' ? [] : [entry.pattern];
  return [entry.kind, entry.color, entry.size, ...pattern];
}

function signTags(scene: Scene): string[] {
  return scene.sign ? ['sign', scene.sign.word] : [];
}

function unrelatedWord(random: Random): string {
  if (random.chance(0.8)) return random.pick(ABSTRACT[random.pick(CATEGORIES)] ?? []);
  const places = KIND_NAMES.map((kind) => KINDS[kind].place);
  const parts = KIND_NAMES.map((kind) => KINDS[kind].part);
  return random.pick<string>(random.pick<readonly string[]>([COUNTRIES, CITIES, places, parts]));
}

/** All there is to say, for readers who see no picture; where things stand to each other follows in sentences. */
export function description(scene: Scene, random: Random): string {
  const entries = random.shuffle(scene.entries);
  const wording: Wording = { synonyms: 0.1, hypernyms: 0 };
  const phrases = entries.map((entry) => completePhrase(entry, random, wording)).join(' and ');
  const sentences = [`${phrases} on ${reword(scene.background, random, wording)}${signPhrase(scene)} .`];
  for (const [i, one] of entries.entries()) {
    for (const other of entries.slice(i + 1)) sentences.push(...sideSentences(one, other, random));
  }
  return sentences.join(' ');
}

/** One of the two ways to say where two things stand to each other, sometimes both. */
function sideSentences(one: Entry, other: Entry, random: Random): string[] {
  const pairs = random.shuffle([[one, other] as const, [other, one] as const]);
  const said = pairs.flatMap(([a, b]) => {
    const side = relation(a, b);
    return side ? [`the ${a.kind} is ${sidePhrase(side)} the ${b.kind} .`] : [];
  });
  return random.chance(0.3) ? said : said.slice(0, 1);
}

/**
 * Words without sentences, as picture tokens are: the attributes of one thing after another, the background, the
 * sign's word with or without "sign", in any order. "red apple small plain grass zoo .".
 */
export function keywords(scene: Scene, random: Random): string {
  const things = scene.entries.map(({ kind, color, size, pattern }) => random.shuffle([kind, color, size, pattern]));
  const sign = scene.sign && random.chance(0.5) ? signTags(scene) : signTags(scene).slice(1);
  return [...random.shuffle([...things, [scene.background], sign]).flat(), '.'].join(' ');
}

export function sidePhrase(side: Relation): string {
  return side === 'left' || side === 'right' ? `${side} of` : side;
}

function signPhrase(scene: Scene): string {
  return scene.sign ? ` with a sign saying ${scene.sign.word}` : '';
}

/** "two small striped cat": attributes are left out at random. A kind never changes its form in the plural. */
function entryPhrase(entry: Entry, random: Random, wording: Wording): string {
  const words: string[] = [];
  if (random.chance(0.6)) words.push(reword(entry.size, random, wording));
  if (random.chance(0.85)) words.push(reword(entry.color, random, wording));
  if (entry.pattern !== 'plain' && random.chance(0.7)) words.push(reword(entry.pattern, random, wording));
  words.push(random.chance(wording.hypernyms) ? KINDS[entry.kind].hypernym : reword(entry.kind, random, wording));
  return counted(entry, words);
}

function completePhrase(entry: Entry, random: Random, wording: Wording): string {
  const words = [entry.size, entry.color, entry.pattern, entry.kind].map((word) => reword(word, random, wording));
  return counted(entry, words);
}

function counted(entry: Entry, words: readonly string[]): string {
  const phrase = words.join(' ');
  return entry.cells.length === 1 ? withArticle(phrase) : `${numberWord(entry.cells.length)} ${phrase}`;
}

export function withArticle(phrase: string): string {
  return `${/^[aeiou]/.test(phrase) ? 'an' : 'a'} ${phrase}`;
}

export function numberWord(count: number): string {
  const word = NUMBERS[count];
  if (word === undefined) throw new Error(`no word for the number ${count}`);
  return word;
}

function reword(word: string, random: Random, wording: Wording): string {
  const synonyms = SYNONYMS[word];
  return synonyms && random.chance(wording.synonyms) ? random.pick(synonyms) : word;
}
