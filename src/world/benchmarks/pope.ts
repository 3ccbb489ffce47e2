import type { Random } from '../../data/random.ts';
import { jsonLines } from '../json-lines.ts';
import type { Question } from '../question.ts';
import { absentKinds, presenceQuestion, presentKinds } from '../questions/look.ts';
import type { Scene } from '../scene.ts';
import { BACKGROUNDS, KINDS, type Kind } from '../vocabulary.ts';
import { type Exam, type Folder, sheets } from './exam.ts';

const PICTURES = 100;
/** How many of the most frequent absent kinds a popular question is drawn from. */
const POPULAR = 3;

const CATEGORIES = ['adversarial', 'popular', 'random'] as const;
type Category = (typeof CATEGORIES)[number];

/** POPE: for every picture and category one question about something that is there and one about something that is not. */
export function pope(exam: Exam): Folder {
  const items = sheets(exam, 'pope', PICTURES).map(({ index, shot, random }) => {
    const asked = CATEGORIES.map((category) => [category, pair(shot.scene, category, random)] as const);
    return { image: `COCO_val2014_${String(310000 + index).padStart(12, '0')}.png`, shot, asked };
  });
  const rows = CATEGORIES.map((category, c) => ({
    category,
    rows: items.flatMap(({ image, asked }) => {
      return (asked[c]?.[1] ?? []).map(({ text, answer }) => ({ image, text, label: answer }));
    }),
  }));
  const numbered = rows.map(({ category, rows }) => {
    const lines = rows.map((row, i) => ({ question_id: i + 1, ...row }));
    return [`coco/coco_pope_${category}.json`, jsonLines(lines)] as const;
  });
  const llava = rows.flatMap(({ category, rows }) => {
    return rows.map(({ image, text }) => ({ image, text: `${text}\n${INSTRUCTION}`, category }));
  });
  return {
    files: {
      ...Object.fromEntries(numbered),
      'llava_pope_test.jsonl': jsonLines(llava.map((row, i) => ({ question_id: i, ...row }))),
    },
    images: items.map(({ image, shot }) => ({ name: image, shot })),
  };
}

const INSTRUCTION = 'Answer the question using a single word or phrase.';

function pair(scene: Scene, category: Category, random: Random): readonly Question[] {
  const there = presenceQuestion(random.pick(presentKinds(scene)), 'yes');
  const absent = presenceQuestion(random.pick(candidates(scene, category)), 'no');
  return [there, absent];
}

/** Absent kinds: any; the most frequent; those that one expects on this background, else again the most frequent. */
export function candidates(scene: Scene, category: Category): readonly Kind[] {
  const absent = absentKinds(scene);
  if (category === 'random') return absent;
  const popular = [...absent].sort((a, b) => KINDS[b].frequency - KINDS[a].frequency).slice(0, POPULAR);
  if (category === 'popular') return popular;
  const associated: readonly Kind[] = BACKGROUNDS[scene.background];
  const expected = absent.filter((kind) => associated.includes(kind));
  return expected.length > 0 ? expected : popular;
}
