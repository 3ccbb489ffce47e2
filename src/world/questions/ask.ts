import type { Random } from '../../data/random.ts';
import type { Family, Question } from '../question.ts';
import type { Scene } from '../scene.ts';
import { knowledgeQuestion, pictureChoice } from './choice.ts';
import { describeQuestion } from './describe.ts';
import { anyPresenceQuestion, blindQuestion, lookQuestion, signQuestion } from './look.ts';
import { relationQuestion } from './relation.ts';

type Ask = (scene: Scene, random: Random) => Question | undefined;

const ASK: Readonly<Record<Family, Ask>> = {
  vqav2: lookQuestion,
  textvqa: signQuestion,
  gqa: relationQuestion,
  scienceqa: (scene, random) => knowledgeQuestion(scene, random, false),
  mmbench: pictureChoice,
  pope: anyPresenceQuestion,
  vizwiz: blindQuestion,
  mmvet: describeQuestion,
};

/** A random question of a family; undefined when the scene gives none (no sign to read, no two things to compare). */
export function ask(family: Family, scene: Scene, random: Random): Question | undefined {
  return ASK[family](scene, random);
}

/** As `ask`, without what training must not see; of a black picture nothing can be answered. */
export function askInTraining(family: Family, scene: Scene, random: Random): Question | undefined {
  if (scene.degradation === 'black') return blindQuestion(scene, random);
  return family === 'scienceqa' ? knowledgeQuestion(scene, random, true) : ask(family, scene, random);
}
