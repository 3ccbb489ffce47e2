import type { Random } from '../../data/random.ts';
import { numberWord, withArticle } from '../caption.ts';
import type { Question } from '../question.ts';
import type { Entry, Scene } from '../scene.ts';
import { DRAWN_KINDS, type Kind } from '../vocabulary.ts';

/** Which of the drawn kinds a scene shows, and which it does not. */
export function presentKinds(scene: Scene): readonly Kind[] {
  return scene.entries.map((entry) => entry.kind);
}

export function absentKinds(scene: Scene): readonly Kind[] {
  const present = presentKinds(scene);
  return DRAWN_KINDS.filter((kind) => !present.includes(kind));
}

/** The only entry of its colour. */
export function hasUniqueColor(scene: Scene, entry: Entry): boolean {
  return scene.entries.every((other) => other === entry || other.color !== entry.color);
}

/** VQAv2: what something looks like, how many there are, where this is. */
export function lookQuestion(scene: Scene, random: Random): Question {
  const entry = random.pick(scene.entries);
  const { kind, color, size, pattern, cells } = entry;
  switch (random.int(6)) {
    case 0:
      return { text: `what color is the ${kind}`, answer: color, topic: 'color' };
    case 1:
      if (!hasUniqueColor(scene, entry)) return { text: `what color is the ${kind}`, answer: color, topic: 'color' };
      return { text: `what is the ${color} thing`, answer: kind, topic: 'thing' };
    case 2:
      return { text: `how many ${kind}`, answer: numberWord(cells.length), topic: 'count' };
    case 3:
      return { text: 'where is this', answer: scene.background, topic: 'scene' };
    case 4:
      return { text: `what size is the ${kind}`, answer: size, topic: 'size' };
    default:
      return { text: `what pattern has the ${kind}`, answer: pattern, topic: 'pattern' };
  }
}

const SIGN_QUESTIONS = ['what does the sign say', 'what is written on the sign', 'which word is on the sign'] as const;

/** TextVQA: the word on the sign. */
export function signQuestion(scene: Scene, random: Random): Question | undefined {
  if (!scene.sign) return undefined;
  return { text: random.pick(SIGN_QUESTIONS), answer: scene.sign.word, topic: 'sign' };
}

/** POPE: is something there that is there, or that is not. */
export function presenceQuestion(kind: Kind, answer: 'yes' | 'no'): Question {
  return { text: `is there ${withArticle(kind)}`, answer, topic: 'presence' };
}

export function anyPresenceQuestion(scene: Scene, random: Random): Question {
  if (random.chance(0.5)) return presenceQuestion(random.pick(presentKinds(scene)), 'yes');
  return presenceQuestion(random.pick(absentKinds(scene)), 'no');
}

export const UNANSWERABLE = 'unanswerable';

/** VizWiz: like VQAv2, but the picture may be black, or lack the thing that is asked about. */
export function blindQuestion(scene: Scene, random: Random): Question {
  if (scene.degradation === 'black') return { ...lookQuestion(scene, random), answer: UNANSWERABLE };
  if (!random.chance(0.25)) return lookQuestion(scene, random);
  const kind = random.pick(absentKinds(scene));
  const text = random.pick([`what color is the ${kind}`, `what size is the ${kind}`, `what pattern has the ${kind}`]);
  return { text, answer: UNANSWERABLE, topic: 'missing' };
}
