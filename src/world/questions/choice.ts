import type { Random } from '../../data/random.ts';
import { numberWord } from '../caption.ts';
import { type Question, shuffledChoices } from '../question.ts';
import type { Scene } from '../scene.ts';
import { BACKGROUND_NAMES, COLOR_NAMES, DRAWN_KINDS, KINDS, type Kind, NUMBERS } from '../vocabulary.ts';
import { absentKinds, hasUniqueColor, presentKinds } from './look.ts';

export type ChoiceQuestion = Question & Readonly<{ choices: readonly string[] }>;

type Knowledge = 'place' | 'part';

/** What ScienceQA asks of these kinds, training never does: knowledge has to come from text. */
export const HELD_OUT: Readonly<Record<Knowledge, readonly Kind[]>> = {
  place: ['cherry', 'boat'],
  part: ['cat', 'lamp'],
};

/** ScienceQA: find the thing by its colour, then say what one knows of it. `training` leaves out HELD_OUT. */
export function knowledgeQuestion(scene: Scene, random: Random, training: boolean): ChoiceQuestion | undefined {
  const topic = random.pick(['place', 'part'] as const);
  const held: readonly Kind[] = training ? HELD_OUT[topic] : [];
  const candidates = scene.entries.filter((entry) => hasUniqueColor(scene, entry) && !held.includes(entry.kind));
  if (candidates.length === 0) return undefined;
  const { color, kind } = random.pick(candidates);
  const answer = KINDS[kind][topic];
  const present = presentKinds(scene);
  const others = DRAWN_KINDS.filter((other) => !present.includes(other)).map((other) => KINDS[other][topic]);
  const text = topic === 'place' ? `the ${color} thing is found in the` : `the ${color} thing has a`;
  return { text, answer, topic, choices: shuffledChoices(random, answer, others) };
}

/** MMBench: colour, kind, scene or number, with four options. */
export function pictureChoice(scene: Scene, random: Random): ChoiceQuestion {
  const { kind, color, cells } = random.pick(scene.entries);
  const of = (topic: string, text: string, answer: string, others: readonly string[]): ChoiceQuestion => {
    return { text, answer, topic, choices: shuffledChoices(random, answer, others) };
  };
  switch (random.int(4)) {
    case 0:
      return of('color', `what color is the ${kind}`, color, COLOR_NAMES);
    case 1:
      return of('thing', 'which is in the image', kind, absentKinds(scene));
    case 2:
      return of('scene', 'where is this', scene.background, BACKGROUND_NAMES);
    default:
      return of('count', `how many ${kind}`, numberWord(cells.length), NUMBERS.slice(1));
  }
}
