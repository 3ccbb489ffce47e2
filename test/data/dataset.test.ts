import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import sharp from 'sharp';
import { beforeAll, expect, test } from 'vitest';
import { readChat, readDataset } from '../../src/data/dataset.ts';
import { jsonItems } from '../../src/data/json-items.ts';
import { readWords } from '../../src/data/words.ts';
import type { ProblemError } from '../../src/problem.ts';

const folder = mkdtempSync(join(tmpdir(), 'dataset-'));
const images = join(folder, 'images');
let files = 0;

function write(text: string | Buffer): string {
  const file = join(folder, `${files++}.json`);
  writeFileSync(file, text);
  return file;
}

const record = (id: string, image = 'a.png', answer = 'a dog'): string =>
  JSON.stringify({
    id,
    image,
    conversations: [
      { from: 'human', value: '<image>\nwhat?' },
      { from: 'gpt', value: answer },
    ],
  });

beforeAll(async () => {
  mkdirSync(images);
  const png = await sharp({ create: { width: 4, height: 4, channels: 3, background: 'red' } })
    .png()
    .toBuffer();
  writeFileSync(join(images, 'a.png'), png);
  writeFileSync(join(images, 'cut.png'), png.subarray(0, 50));
});

async function items(file: string): Promise<{ text: string; line: number }[]> {
  const found: { text: string; line: number }[] = [];
  for await (const { bytes, line } of jsonItems(file)) found.push({ text: bytes.toString(), line });
  return found;
}

test('the items of a JSON array are those of JSON.parse, with the lines on which they begin', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.jsonValue()), fc.constantFrom(0, 1, 2), async (values, indent) => {
      const text = JSON.stringify(values, null, indent);
      const found = await items(write(text));
      expect(found.map((item) => JSON.parse(item.text) as unknown)).toEqual(JSON.parse(text));
      const lines = text.split('\n');
      for (const { text: item, line } of found) expect(lines[line - 1]).toContain(item.trim().split('\n')[0]);
    }),
    { numRuns: 50 },
  );
});

test('items that cross the border of what is read at once arrive whole', async () => {
  const long = Array.from({ length: 6 }, (_, i) => `${i}"\\é,]}`.repeat(70_000));
  const found = await items(write(JSON.stringify(long)));
  expect(found.map((item) => JSON.parse(item.text) as unknown)).toEqual(long);
});

test.each([
  ['{"a": 1}', 'line 1: a JSON array was expected'],
  ['\n[{"a": 1}', 'line 2: the file ends inside its JSON array'],
  ['[1]\n[2]', 'line 2: there is something after the JSON array'],
  ['', 'line 1: the file ends inside'],
])('a file that is no array is refused: %j', async (text, message) => {
  await expect(readChat(write(text), images)).rejects.toThrow(message);
});

test('a conversation file is read with its turns; a byte order mark and number ids are fine', async () => {
  const second = JSON.stringify({
    id: 7,
    conversations: [
      { from: 'gpt', value: 'an answer without a question' },
      ...['one', 'two'].flatMap((value) => [
        { from: 'human', value },
        { from: 'gpt', value: value.toUpperCase() },
      ]),
    ],
  });
  const { records, problems } = await readChat(write(`\ufeff[${record('x')},\n${second}]`), images);
  expect(problems).toEqual([]);
  expect(records).toEqual([
    { id: 'x', image: 'a.png', turns: [{ question: '<image>\nwhat?', answer: 'a dog' }] },
    {
      id: '7',
      turns: [
        { question: 'one', answer: 'ONE' },
        { question: 'two', answer: 'TWO' },
      ],
    },
  ]);
});

const bad = Buffer.concat([
  Buffer.from(
    `[\n${record('good')},\n${record('broken', 'cut.png')},\n${record('missing', 'nowhere.png')},\n${record('good')},\n`,
  ),
  Buffer.from(record('latin', 'a.png', 'caf#')).map((byte) => (byte === 0x23 ? 0xe9 : byte)),
  Buffer.from(`,\n${record('outside', '../secret.png')},\n{"id": "half",\n${record('last')}\n]`),
]);

const named = [
  [3, 'record "broken"', 'cut.png: not an image that can be read'],
  [4, 'record "missing"', 'nowhere.png: there is no such file'],
  [5, 'id "good" is taken by the record of line 2'],
  [6, 'caf\\xe9', 'is not UTF-8'],
  [7, 'record "outside"', 'must be a path below the folder of images'],
] as const;

test('every bad record is named with its line, and stops the run when it should', async () => {
  const file = write(Buffer.from(bad.toString('latin1').replace('{"id": "half",\n', ''), 'latin1'));
  const error = (await readChat(file, images).catch((thrown: unknown) => thrown)) as ProblemError;
  expect(error.problems.map((problem) => problem.at?.line)).toEqual(named.map(([line]) => line));
  named.forEach(([line, ...parts], i) => {
    for (const part of parts) expect(error.problems[i]?.message).toContain(part);
    expect(error.problems[i]?.at).toEqual({ file, line, column: 1 });
  });
});

test('bad records are left out and named when they may be skipped', async () => {
  const file = write(Buffer.from(bad.toString('latin1').replace('{"id": "half",\n', ''), 'latin1'));
  const { records, problems } = await readChat(file, images, { onBadItem: 'skip' });
  expect(records.map(({ id }) => id)).toEqual(['good', 'last']);
  expect(problems).toHaveLength(named.length);
});

test('a brace that is missing in one record is told and not guessed over', async () => {
  await expect(readChat(write(bad), images, { onBadItem: 'skip' })).rejects.toThrow(
    'the file ends inside its JSON array',
  );
});

test.each([
  [{ id: 'x' }, '"conversations" must be a list'],
  [{ conversations: [] }, 'needs an "id"'],
  [{ id: 'x', conversations: [{ from: 'human', value: 'a' }] }, 'needs questions and answers in turn'],
  [
    {
      id: 'x',
      conversations: [
        { from: 'human', value: 'a' },
        { from: 'human', value: 'b' },
      ],
    },
    'must be from "human" and "gpt"',
  ],
  [
    {
      id: 'x',
      conversations: [
        { from: 'human', value: 1 },
        { from: 'gpt', value: 'b' },
      ],
    },
    'has no text in "value"',
  ],
  [
    {
      id: 'x',
      conversations: [
        { from: 'human', value: '<image>' },
        { from: 'gpt', value: 'b' },
      ],
    },
    'no "image", but 1 <image> marks',
  ],
  [
    {
      id: 'x',
      image: 'a.png',
      conversations: [
        { from: 'human', value: 'q' },
        { from: 'gpt', value: 'b' },
      ],
    },
    'one "image", but 0 <image> marks',
  ],
  ['text', 'must be a JSON object'],
])('a record that is none is named: %j', async (json, message) => {
  await expect(readChat(write(JSON.stringify([json])), images)).rejects.toThrow(message);
});

test('skipping everything is an error and not an empty dataset', async () => {
  const file = write(`[${record('a', 'cut.png')}]`);
  await expect(readChat(file, images, { onBadItem: 'skip' })).rejects.toThrow('no record that can be used');
  await expect(readChat(join(folder, 'none.json'), images)).rejects.toThrow('none.json: there is no such file');
});

test('a dataset folder of a stage is read without opening its images', async () => {
  const made = mkdtempSync(join(folder, 'made-'));
  writeFileSync(join(made, 'chat.json'), `[${record('a', 'not-there-yet.png')}]`);
  expect(await readDataset(made)).toHaveLength(1);
});

test('words are read with the same care: not UTF-8, twice, empty lines, Windows line ends', async () => {
  const file = join(folder, 'words.txt');
  writeFileSync(
    file,
    Buffer.concat([Buffer.from('\ufeffdog\r\n\ntraffic light\ncaf'), Buffer.of(0xe9), Buffer.from('\ndog\ncat')]),
  );
  const { words, problems } = await readWords(file, 'skip');
  expect(words).toEqual(['dog', 'traffic light', 'cat']);
  expect(problems.map(({ at, message }) => [at?.file, at?.line, message])).toEqual([
    [file, 4, 'the word "caf\\xe9" is not UTF-8'],
    [file, 5, 'the word "dog" is on line 1 already'],
  ]);
  await expect(readWords(file)).rejects.toThrow('not UTF-8');
  writeFileSync(file, '\n \n');
  await expect(readWords(file)).rejects.toThrow('there is no word in it');
});
