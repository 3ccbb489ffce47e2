import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { writeLines, writePicture } from './pictures.ts';

/** What is wrong in the folder, as it must be named: file, line, and what about it. */
export const BAD_RECORDS = [
  ['chat.json', 16, 'is not UTF-8'],
  ['chat.json', 20, 'broken.jpg'],
  ['chat.json', 24, 'missing.png'],
  ['chat.json', 28, 'id "boat" is taken by the record of line 4'],
] as const;
export const BAD_WORDS = [
  ['words.txt', 3, 'the word "caf\\xe9" is not UTF-8'],
  ['words.txt', 5, 'the word "boat" is on line 1 already'],
] as const;
export const BAD_QUESTIONS = [
  ['questions.jsonl', 2, 'broken.jpg'],
  ['questions.jsonl', 4, 'a second question with the id 1'],
  ['questions.jsonl', 5, 'not valid JSON'],
] as const;

const GOOD = [
  ['boat', 'boat.png', 'a red boat on the sea'],
  ['fish', 'below/fish.jpg', 'a blue fish in the water'],
  ['tall', 'tall.jpeg', 'a tall tree on the grass'],
] as const;

/**
 * A user's own folder, with pictures of several formats and sizes, conversations, words and questions; among them a broken
 * and a missing image, an id given twice and texts that are not UTF-8. `copies` repeats the good records.
 */
export async function writeOwnFolder(folder: string, copies = 1): Promise<void> {
  const images = join(folder, 'images');
  mkdirSync(images, { recursive: true });
  await writePicture(images, 'boat.png', 40, 30);
  await writePicture(images, 'below/fish.jpg', 100, 64);
  await writePicture(images, 'tall.jpeg', 20, 90);
  const whole = readFileSync(join(images, 'tall.jpeg'));
  writeFileSync(join(images, 'broken.jpg'), whole.subarray(0, whole.length / 2));
  const record = (id: string, image: string, caption: string): string =>
    `{"id": "${id}", "image": "${image}", "conversations": [\n` +
    `  {"from": "human", "value": "<image>\\nwhat is it?"},\n  {"from": "gpt", "value": "${caption}"}\n]}`;
  const records = [
    ...GOOD.map(([id, image, caption]) => record(id, image, caption)),
    record('latin', 'boat.png', 'caf\u00e9'),
    record('broken', 'broken.jpg', 'a boat'),
    record('missing', 'missing.png', 'a boat'),
    record('boat', 'boat.png', 'a second boat'),
    ...Array.from({ length: copies - 1 }, (_, i) =>
      GOOD.map(([id, image, caption]) => record(`${id}-${i}`, image, caption)),
    ).flat(),
  ];
  // Latin-1: the one letter beyond ASCII becomes a byte that is not UTF-8
  writeFileSync(join(folder, 'chat.json'), Buffer.from(`[\n\n\n${records.join(',\n')}\n]\n`, 'latin1'));
  const words = ['boat', 'fish', 'caf\u00e9', '', 'boat', 'sea', 'tree', 'red', 'blue', 'grass', 'water', 'tall'];
  writeFileSync(join(folder, 'words.txt'), Buffer.from(`${words.join('\n')}\n`, 'latin1'));
  writeLines(join(folder, 'questions.jsonl'), [
    '{"question_id": 1, "image": "boat.png", "text": "what is it?", "answer": ["a boat", "boat"]}',
    '{"question_id": 2, "image": "broken.jpg", "text": "what is it?", "answer": "a boat"}',
    '{"question_id": "fish", "image": "below/fish.jpg", "text": "is there a fish?", "answer": "yes", "note": "ours"}',
    '{"question_id": 1, "text": "again?"}',
    '{"question_id": 3, "text": ',
    '',
    '{"question_id": 4, "text": "is grass green?"}',
  ]);
}
