import type { Random } from '../data/random.ts';
import { caption, description, keywords, STAGE_WORDING } from './caption.ts';
import { drawFact, drawToldFact, factQuestion, statement } from './facts.ts';
import { dialogue, END, FAMILIES, type Family, prompt, type Question } from './question.ts';
import { ask } from './questions/ask.ts';
import { type Scene, type SceneOptions, sampleScene } from './scene.ts';

/** The human turn of stage 1. */
export const DESCRIBE = 'describe the image';

type Topic = Family | 'caption';

/**
 * How often a described scene is asked about in each way. Signs and presence get more than their share: reading a word
 * off a sign and saying "no" are what a small model learns last.
 */
const TOPICS: Readonly<Record<Topic, number>> = {
  vqav2: 4,
  textvqa: 4,
  gqa: 2,
  scienceqa: 1,
  mmbench: 1,
  pope: 2,
  vizwiz: 1,
  mmvet: 1,
  caption: 0.5,
};
/** What a list of keywords answers: it does not say how many or where. */
const KEYWORD_TOPICS: Readonly<Partial<Record<Topic, number>>> = {
  vqav2: 2,
  textvqa: 2,
  pope: 1,
  scienceqa: 1,
  mmbench: 1,
};

/** Families whose answers are measured on held-out text; `mmlu` stands for the facts. */
export const HELD_OUT_FAMILIES = [...FAMILIES, 'mmlu'] as const;

/** Characters after which nothing more is asked: the document then fills a row of 128 tokens, and rarely overflows it. */
const LONG = 500;

export type CorpusOptions = Readonly<{ grid: number; signProbability: number; sceneShare: number }>;

/** One training document: a scene and questions about it, or facts. */
export function document(random: Random, options: CorpusOptions): string {
  if (!random.chance(options.sceneShare)) return factDocument(random);
  const form = random.weighted([captionDocument, describedScene, keywordScene], [0.1, 0.7, 0.2]);
  return form(random, { grid: options.grid, signProbability: options.signProbability, degradeProbability: 0 });
}

/** A short text with one question of a family; undefined when the scene drawn gives none. */
export function heldOut(family: Family | 'mmlu', random: Random, options: CorpusOptions): string | undefined {
  if (family === 'mmlu') return asked(factQuestion(drawFact(random), random));
  const scene = sampleScene(random, { ...options, degradeProbability: 0 });
  const question = ask(family, scene, random);
  return question && `${description(scene, random)}${asked(question)}`;
}

function captionDocument(random: Random, options: SceneOptions): string {
  return Array.from({ length: 4 }, () => `${caption(sampleScene(random, options), random, STAGE_WORDING)} .`).join(' ');
}

function describedScene(random: Random, options: SceneOptions): string {
  const scene = sampleScene(random, options);
  return questions(description(scene, random), scene, random, TOPICS);
}

function keywordScene(random: Random, options: SceneOptions): string {
  const scene = sampleScene(random, options);
  return questions(keywords(scene, random), scene, random, KEYWORD_TOPICS);
}

/** Different questions and their answers, until the document is long enough or little is left to ask. */
function questions(
  about: string,
  scene: Scene,
  random: Random,
  weights: Readonly<Partial<Record<Topic, number>>>,
): string {
  const topics = Object.keys(weights) as Topic[];
  const shares = Object.values(weights);
  const said = new Set<string>();
  let length = about.length;
  for (let tries = 40; tries > 0 && length < LONG; tries--) {
    const question = questionOf(random.weighted(topics, shares), scene, random);
    const countsKeywords = weights === KEYWORD_TOPICS && question?.topic === 'count';
    if (!question || countsKeywords || said.has(asked(question))) continue;
    said.add(asked(question));
    length += asked(question).length;
  }
  return about + [...said].join('');
}

function questionOf(topic: Topic, scene: Scene, random: Random): Question | undefined {
  if (topic !== 'caption') return ask(topic, scene, random);
  return { text: DESCRIBE, answer: caption(scene, random, STAGE_WORDING), topic };
}

/** Facts: stated, asked with four choices, or asked openly. */
function factDocument(random: Random): string {
  let text = '';
  while (text.length < LONG) {
    const fact = drawToldFact(random);
    const form = random.weighted(['statement', 'choice', 'open'] as const, [0.35, 0.4, 0.25]);
    if (form === 'statement') text += `${text === '' || text.endsWith(END) ? '' : ' '}${statement(fact)}`;
    else if (form === 'choice') text += asked(factQuestion(fact, random));
    else text += dialogue(fact.stem, fact.answer);
  }
  return text;
}

function asked(question: Question): string {
  return dialogue(prompt(question), question.answer);
}
