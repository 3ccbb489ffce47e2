import { stream } from '../data/random.ts';
import { caption, STAGE_WORDING, webCaption } from './caption.ts';
import { DESCRIBE } from './corpus.ts';
import { type Family, prompt, type Question } from './question.ts';
import { askInTraining } from './questions/ask.ts';
import type { Scene } from './scene.ts';

/** LLaVA's conversation record. */
export type Conversation = Readonly<{
  id: string;
  image: string;
  conversations: readonly Readonly<{ from: 'human' | 'gpt'; value: string }>[];
}>;

/** What picture `index` of a set becomes in its chat.json. */
export type MakeRecords = (scene: Scene, index: number) => Conversation[];

/** For an encoder: several captions of each picture, a record each. */
export function captionPairs(seed: number, captionsPerImage: number, noise: number): MakeRecords {
  return (scene, index) => {
    const random = stream(seed, 'world', 'pairs', 'captions', index);
    return Array.from({ length: captionsPerImage }, (_, i) => {
      const answer = webCaption(scene, random, noise);
      return record(`pair-${index}-${i}`, index, [{ question: DESCRIBE, answer }]);
    });
  };
}

/** For stage 1: one caption of each picture. */
export function descriptions(seed: number): MakeRecords {
  return (scene, index) => {
    const answer = caption(scene, stream(seed, 'world', 'captions', 'caption', index), STAGE_WORDING);
    return [record(`caption-${index}`, index, [{ question: DESCRIBE, answer }])];
  };
}

/**
 * One turn each, where the scene allows it. The sign is asked about twice (in other words): that is what benchmarks
 * of reading were at chance without.
 */
const TURNS: readonly Family[] = [
  'vqav2',
  'vqav2',
  'textvqa',
  'textvqa',
  'gqa',
  'scienceqa',
  'mmbench',
  'pope',
  'vizwiz',
  'mmvet',
];

/** For stage 2: a conversation of about seven questions on each picture. */
export function instructions(seed: number): MakeRecords {
  return (scene, index) => {
    const random = stream(seed, 'world', 'instructions', 'questions', index);
    const asked = new Map<string, Question>();
    for (const family of random.shuffle(TURNS)) {
      const question = askInTraining(family, scene, random);
      // the same question twice teaches nothing
      if (question && !asked.has(prompt(question))) asked.set(prompt(question), question);
    }
    const turns = [...asked].map(([question, { answer }]) => ({ question, answer }));
    return [record(`instruction-${index}`, index, turns)];
  };
}

export function imageName(index: number): string {
  return `${String(index).padStart(6, '0')}.png`;
}

function record(
  id: string,
  index: number,
  turns: readonly Readonly<{ question: string; answer: string }>[],
): Conversation {
  const conversations = turns.flatMap(({ question, answer }, turn) => [
    { from: 'human' as const, value: turn === 0 ? `<image>\n${question}` : question },
    { from: 'gpt' as const, value: answer },
  ]);
  return { id, image: imageName(index), conversations };
}
