import { encodePng } from '../png.ts';
import { type ChoiceQuestion, pictureChoice } from '../questions/choice.ts';
import { LETTERS, letterOf } from './choices.ts';
import { type Exam, type Folder, type Sheet, sheets } from './exam.ts';

const PICTURES = 200;
const COLUMNS = 'index question hint A B C D answer category image source l2-category comment split'.split(' ');

const FINE = 'finegrained_perception (instance-level)';
const CATEGORIES: Readonly<Record<string, readonly [category: string, above: string]>> = {
  color: ['attribute_recognition', FINE],
  thing: ['object_localization', FINE],
  scene: ['image_scene', 'coarse_perception'],
  count: ['object_counting', 'finegrained_perception (cross-instance)'],
};

/**
 * MMBench's table: pictures inside, and every question four times with its options rotated (circular evaluation:
 * a question counts when all four are answered right).
 */
export function mmbench(exam: Exam): Folder {
  const items = sheets(exam, 'mmbench', PICTURES).map((sheet) => ({
    index: sheet.index,
    question: pictureChoice(sheet.shot.scene, sheet.random),
    image: base64(sheet),
  }));
  const rows = LETTERS.flatMap((_, rotation) => {
    // a later row names the row that holds its picture
    return items.map(({ index, question, image }) => {
      return row(index, rotated(question, rotation), rotation, rotation === 0 ? image : String(index));
    });
  });
  const table = [COLUMNS, ...rows].map((cells) => `${cells.join('\t')}\n`).join('');
  return { files: { 'mmbench_dev_20230712.tsv': table }, images: [] };
}

function base64({ shot }: Sheet): string {
  return encodePng(shot.picture.pixels, shot.picture.side).toString('base64');
}

function rotated(question: ChoiceQuestion, by: number): ChoiceQuestion {
  return { ...question, choices: [...question.choices.slice(by), ...question.choices.slice(0, by)] };
}

function row(index: number, question: ChoiceQuestion, rotation: number, image: string): string[] {
  const { text, choices, answer, topic } = question;
  const [category, above] = CATEGORIES[topic] ?? [];
  if (!category || !above) throw new Error(`no MMBench category for questions about ${topic}`);
  const id = String(index + rotation * 1_000_000);
  return [id, text, '', ...choices, letterOf(choices, answer), category, image, 'mini world', above, '', 'dev'];
}
