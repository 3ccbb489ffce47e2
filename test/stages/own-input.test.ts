import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { benchmarkNamed } from '../../src/benchmarks/list.ts';
import { copyImages } from '../../src/data/copy-images.ts';
import { readChat, readDataset } from '../../src/data/dataset.ts';
import { readImage } from '../../src/data/image.ts';
import type { Problem } from '../../src/problem.ts';
import { dataset } from '../../src/stages/dataset/kind.ts';
import { questionSet } from '../../src/stages/question-set/kind.ts';
import { words } from '../../src/stages/words/kind.ts';
import { BAD_QUESTIONS, BAD_RECORDS, BAD_WORDS, writeOwnFolder } from './own-folder.ts';
import { writeLines } from './pictures.ts';
import { problemsOf, runStage, temporary } from './run-stage.ts';

const own = temporary();
beforeAll(() => writeOwnFolder(own));

const file = (name: string): string => join(own, name);
const input = {
  dataset: { chat: file('chat.json'), images: file('images') },
  words: { file: file('words.txt') },
  questions: { questions: file('questions.jsonl'), images: file('images') },
};

type Bad = readonly (readonly [name: string, line: number, about: string])[];

/** Each bad item is a problem with file, line and reason, in the order of the file. */
function expectNamed(problems: readonly Pick<Problem, 'message' | 'at'>[], bad: Bad): void {
  expect(problems).toHaveLength(bad.length);
  bad.forEach(([name, line, about], i) => {
    expect(problems[i]?.message).toContain(about);
    expect(problems[i]?.at).toMatchObject({ file: file(name), line });
  });
}

/** What a log says of left-out items, as problems again. */
const logged = (log: readonly string[]): Pick<Problem, 'message' | 'at'>[] =>
  log.map((line) => {
    const [, path = '', number, message = ''] = /^left out: (.+?):(\d+):1: (.+)$/.exec(line) ?? [];
    return { message, at: { file: path, line: Number(number), column: 1 } };
  });

describe('your own conversations', () => {
  test('stop with every bad record named, before anything is kept', async () => {
    expectNamed(await problemsOf(runStage(dataset, input.dataset)), BAD_RECORDS);
  });

  test('are taken in without the bad ones, which are named in the log', async () => {
    const { output, metrics, log } = await runStage(dataset, { ...input.dataset, onBadItem: 'skip' });
    expect(metrics).toEqual({ records: 3, images: 3, skipped: 4 });
    expectNamed(logged(log), BAD_RECORDS);
    const records = await readDataset(output('data'));
    expect(records.map(({ id, image }) => [id, image])).toEqual([
      ['boat', 'boat.png'],
      ['fish', 'below/fish.jpg'],
      ['tall', 'tall.jpeg'],
    ]);
    expect(records[0]?.turns).toEqual([{ question: '<image>\nwhat is it?', answer: 'a red boat on the sea' }]);
    const { width, height } = await readImage(join(output('data'), 'images', 'below', 'fish.jpg'));
    expect([width, height]).toEqual([100, 64]);
    expect(existsSync(join(output('data'), 'images', 'broken.jpg'))).toBe(false);
  });

  test('can be text alone', async () => {
    const turns = [
      { from: 'human', value: 'what is red?' },
      { from: 'gpt', value: 'a boat' },
    ];
    const chat = join(temporary(), 'chat.json');
    writeFileSync(chat, JSON.stringify([{ id: 1, conversations: turns }]));
    const { metrics, output } = await runStage(dataset, { chat });
    expect(metrics).toEqual({ records: 1, images: 0, skipped: 0 });
    expect(readdirSync(join(output('data'), 'images'))).toEqual([]);
  });

  test.each([
    ['nothing that can be used', '[{"id": 1}]', 'there is no record that can be used'],
    ['no array', '{}', 'line 1: a JSON array was expected'],
  ])('with %s stop, even where bad ones are left out', async (_, content, message) => {
    const chat = join(temporary(), 'chat.json');
    writeFileSync(chat, content);
    const [problem] = await problemsOf(runStage(dataset, { chat, onBadItem: 'skip' }));
    expect(problem?.message).toBe(`${chat}: ${message}`);
  });
});

describe('your own words', () => {
  test('stop with every bad line named', async () => {
    expectNamed(await problemsOf(runStage(words, input.words)), BAD_WORDS);
  });

  test('are taken in without the bad lines', async () => {
    const { output, metrics, log } = await runStage(words, { ...input.words, onBadItem: 'skip' });
    expect(metrics).toEqual({ words: 9, skipped: 2 });
    expectNamed(logged(log), BAD_WORDS);
    expect(readFileSync(output('words'), 'utf8')).toBe('boat\nfish\nsea\ntree\nred\nblue\ngrass\nwater\ntall\n');
  });
});

describe('your own questions', () => {
  test('stop with every bad line named', async () => {
    expectNamed(await problemsOf(runStage(questionSet, input.questions)), BAD_QUESTIONS);
  });

  test('become a benchmark without the bad lines', async () => {
    const { output, metrics, log } = await runStage(questionSet, { ...input.questions, onBadItem: 'skip' });
    expect(metrics).toEqual({ questions: 3, skipped: 3 });
    expectNamed(logged(log), BAD_QUESTIONS);
    const asked = await benchmarkNamed('questions').questions(output('data'), { prompt: 'bare', choices: 'text' });
    expect(asked.map(({ id, text, image }) => [id, text, image?.name])).toEqual([
      [1, 'what is it?', 'boat.png'],
      ['fish', 'is there a fish?', 'below/fish.jpg'],
      [4, 'is grass green?', undefined],
    ]);
  });

  test.each([
    ['{"text": "what?"}', 'a question needs a "question_id"'],
    ['{"question_id": 1.5, "text": "what?"}', 'a question needs a "question_id"'],
    ['[]', 'a question needs a "question_id"'],
    ['{"question_id": 1, "text": " "}', 'question 1 has no "text"'],
    ['{"question_id": 1, "text": "<image>\\nwhat?"}', 'question 1 has <image> in its "text"'],
    ['{"question_id": 1, "text": "what?", "image": "../x.png"}', '"image" must be a path below the folder of images'],
    ['{"question_id": 1, "text": "what?", "image": "/x.png"}', '"image" must be a path below the folder of images'],
    ['{"question_id": 1, "text": "what?", "image": "x.png"}', 'no folder of images was given'],
    ['{"question_id": 1, "text": "what?", "answer": 3}', '"answer" must be a text or a list of texts'],
    ['{"question_id": 1, "text": "what?", "answer": []}', '"answer" must be a text or a list of texts'],
  ])('that cannot be asked are told why: %s', async (line, about) => {
    const questions = writeLines(join(temporary(), 'questions.jsonl'), ['{"question_id": 0, "text": "fine?"}', line]);
    const [problem] = await problemsOf(runStage(questionSet, { questions }));
    expect(problem?.at).toEqual({ file: questions, line: 2, column: 1 });
    expect(problem?.message).toContain(about);
  });

  test('stop when none is left, with what was wrong', async () => {
    const questions = writeLines(join(temporary(), 'questions.jsonl'), ['{']);
    const problems = await problemsOf(runStage(questionSet, { questions, onBadItem: 'skip' }));
    expect(problems.map(({ code }) => code)).toEqual(['no-questions', 'bad-question']);
  });
});

test('files that are not there are named', async () => {
  const missing = join(own, 'none');
  for (const [kind, params] of [
    [dataset, { chat: missing }],
    [questionSet, { questions: missing }],
    [words, { file: missing }],
  ] as const) {
    const [problem] = await problemsOf(runStage(kind, params));
    expect(problem?.message).toBe(`${missing}: there is no such file`);
  }
});

test('looking at images ends when it is stopped', async () => {
  const signal = AbortSignal.abort(new Error('stopped'));
  await expect(readChat(file('chat.json'), file('images'), { signal })).rejects.toThrow('stopped');
});

test('images are copied with their folders, and no more of them once it is stopped', async () => {
  const [from, to] = [temporary(), temporary()];
  mkdirSync(join(from, 'a', 'b'), { recursive: true });
  const names = ['one', 'a/two', 'a/b/three'];
  for (const name of names) writeFileSync(join(from, name), name);
  await copyImages(names, from, to, new AbortController().signal);
  expect(names.map((name) => readFileSync(join(to, name), 'utf8'))).toEqual(names);
  const empty = temporary();
  await expect(copyImages(names, from, empty, AbortSignal.abort(new Error('stopped')))).rejects.toThrow('stopped');
  expect(readdirSync(empty)).toEqual([]);
});
