import type { Random } from '../../data/random.ts';
import { numberWord } from '../caption.ts';
import type { Question } from '../question.ts';
import type { Scene } from '../scene.ts';

export type DescribeQuestion = Question &
  Readonly<{
    /** the words that count */
    parts: readonly string[];
    /** MM-Vet's names for what it takes */
    capabilities: readonly string[];
  }>;

/** MM-Vet: several things about one entry at once; each right word counts. */
export function describeQuestion(scene: Scene, random: Random): DescribeQuestion {
  const { kind, size, color, pattern, cells } = random.pick(scene.entries);
  const form = random.pick(['thing', 'place', 'sign'] as const);
  if (form === 'thing') {
    const parts = [numberWord(cells.length), size, color, pattern, kind];
    return of('thing', `describe the ${kind}`, parts, parts, ['rec', 'gen']);
  }
  if (form === 'sign' && scene.sign) {
    const parts = [color, kind, scene.sign.word];
    return of('sign', `describe the ${kind} and the sign`, parts, parts, ['rec', 'ocr', 'gen']);
  }
  const thing = [size, color, kind];
  const said = [...thing, 'on', scene.background];
  return of('place', `describe the ${kind} and the place`, said, [...thing, scene.background], ['rec', 'spat', 'gen']);
}

function of(
  topic: string,
  text: string,
  said: readonly string[],
  parts: readonly string[],
  capabilities: readonly string[],
): DescribeQuestion {
  return { text, answer: said.join(' '), topic, parts, capabilities };
}
