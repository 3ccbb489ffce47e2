import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { scoreFiles } from '../../src/benchmarks/score-files.ts';
import { ProblemError } from '../../src/problem.ts';

/** Mistakes in the contents of official files: each stops at its line or is told, so that no figure is silently lower. */

const sets = join(import.meta.dirname, '..', 'scoring');
const root = mkdtempSync(join(tmpdir(), 'mistakes-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

type Name = 'vqav2' | 'textvqa' | 'vizwiz' | 'gqa' | 'scienceqa' | 'pope' | 'mmbench' | 'mmvet' | 'mmlu';
// biome-ignore lint/suspicious/noExplicitAny: files of nine shapes, changed by hand
type Free = any;
type Change = (text: string) => string;

const json =
  (change: (value: Free) => void): Change =>
  (text) => {
    const value: Free = JSON.parse(text);
    change(value);
    return JSON.stringify(value, null, 1);
  };
const line =
  (index: number, change: (value: Free) => void): Change =>
  (text) =>
    changedLine(text, index, (old) => {
      const value: Free = JSON.parse(old);
      change(value);
      return JSON.stringify(value);
    });
const table = (change: (cells: string[][], column: (name: string) => number) => void): Change => {
  return (text) => {
    const cells = text
      .trimEnd()
      .split('\n')
      .map((row) => row.split('\t'));
    change(cells, (name) => cells[0]?.indexOf(name) ?? -1);
    return `${cells.map((row) => row.join('\t')).join('\n')}\n`;
  };
};
function changedLine(text: string, index: number, change: (old: string) => string): string {
  const lines = text.trimEnd().split('\n');
  lines[index] = change(lines[index] ?? '');
  return `${lines.join('\n')}\n`;
}
const set = (cells: string[][], row: number, column: number, value: string): void => {
  (cells[row] as string[])[column] = value;
};

/** The set with some files changed, and what came of scoring it. */
async function outcome(name: Name, changes: Readonly<Record<string, Change>>, variant?: string) {
  const folder = mkdtempSync(join(root, `${name}-`));
  cpSync(join(sets, name), folder, { recursive: true });
  if (name === 'mmlu') writeFileSync(join(folder, 'answers.jsonl'), mmluAnswers());
  for (const [file, change] of Object.entries(changes)) {
    writeFileSync(join(folder, file), change(readFileSync(join(folder, file), 'utf8')));
  }
  const options = {
    ...(name === 'mmvet' ? { judge: 'none' as const } : {}),
    ...(variant === undefined ? {} : { variant }),
  };
  const work = scoreFiles(name, { answers: join(folder, 'answers.jsonl'), data: folder }, options);
  const came = await work.catch((error: unknown) => error);
  return { folder, came };
}

function mmluAnswers(): string {
  const logprobs: Free = JSON.parse(readFileSync(join(sets, 'mmlu', 'letter_logprobs.json'), 'utf8'));
  return Object.entries(logprobs as Record<string, object[]>)
    .flatMap(([subject, own]) =>
      own.map(
        (row, i) => `${JSON.stringify({ question_id: `${subject}/${i}`, text: 'A', metadata: { logprobs: row } })}\n`,
      ),
    )
    .join('');
}

const tsv = 'mmbench_dev_20230712.tsv';
const csv = 'data/test/anatomy_test.csv';
const text = 'TextVQA_0.5.1_val.json';
const gqa = 'testdev_balanced_questions.json';
const deep = (): string => '{"a":'.repeat(100_000);
const firstProblem = (change: (problem: Free) => void): Change => json((value) => change(Object.values(value)[0]));

/** A second value under a key of the whole file, on its last line. */
const repeated =
  (key: string): Change =>
  (text) =>
    `${text.trimEnd().slice(0, -1)},\n"${key}": []}\n`;

const unsplit = table((cells, at) => {
  for (const row of cells.slice(1)) row[at('split')] = '';
});

const stops: readonly (readonly [string, Name, string, Change, string])[] = [
  ['an annotation that stands twice', 'vqav2', 'annotations.json', json((v) => v.annotations.splice(3, 0, v.annotations[1])), 'duplicate-id'],
  ['a question that stands twice', 'vqav2', 'questions.json', json((v) => v.questions.splice(3, 0, v.questions[1])), 'duplicate-id'],
  ['a second list of annotations', 'vqav2', 'annotations.json', repeated('annotations'), 'duplicate-key'],
  ['a second list that spells its key in another way', 'vqav2', 'annotations.json', repeated('annot\\u0061tions'), 'duplicate-key'],
  ['a second list of questions', 'vqav2', 'questions.json', repeated('questions'), 'duplicate-key'],
  ['an annotation of no question', 'vqav2', 'annotations.json', json((v) => v.annotations.splice(3, 0, { ...v.annotations[1], question_id: 5 })), 'unknown-question'],
  ['an id beyond 2^53', 'vqav2', 'questions.json', (t) => t.replace(/"question_id": ?\d+/, '"question_id": 9007199254740993'), 'wrong-shape'],
  ['JSON that nests without end', 'vqav2', 'annotations.json', deep, 'broken-json'],
  ['JSON that nests without end', 'textvqa', text, deep, 'broken-json'],
  ['a question file of no line', 'textvqa', 'llava_questions.jsonl', () => '', 'broken-json'],
  ['a prompt that no answer can be joined by', 'textvqa', 'llava_questions.jsonl', line(1, (v) => { v.text = 'what'; }), 'wrong-shape'],
  ['an image that stands twice', 'vizwiz', 'val.json', json((v) => v.splice(3, 0, v[1])), 'duplicate-id'],
  ['NaN for a number', 'vizwiz', 'val.json', (t) => t.replace(/"answerable": ?\d/, '"answerable": NaN'), 'wrong-shape'],
  ['JSON that nests without end', 'gqa', gqa, deep, 'broken-json'],
  ['an answer that is none of the choices', 'scienceqa', 'problems.json', firstProblem((p) => { p.answer = 7; }), 'no-answer'],
  ['a split with an unknown problem', 'scienceqa', 'pid_splits.json', json((v) => v.test.push('toString')), 'unknown-name'],
  ['a question without category', 'pope', 'llava_pope_test.jsonl', line(2, (v) => { delete v.category; }), 'wrong-shape'],
  ['a question that stands twice', 'pope', 'llava_pope_test.jsonl', (t) => changedLine(t, 0, (l) => `${l}\n${l}`), 'duplicate-id'],
  ['a label file of no line', 'pope', 'coco/coco_pope_random.json', () => '', 'broken-json'],
  ['a header alone', 'mmbench', tsv, (t) => t.slice(0, t.indexOf('\n') + 1), 'wrong-shape'],
  ['a zero byte', 'mmbench', tsv, (t) => changedLine(t, 4, (l) => `${l}\0`), 'not-utf-8'],
  ['a category that only some rows have', 'mmbench', tsv, table((c, at) => set(c, 1, at('category'), 'NA')), 'no-category'],
  ['a table of no row', 'mmlu', csv, () => '', 'wrong-shape'],
  ['examples of no row', 'mmlu', 'data/dev/anatomy_dev.csv', () => '\n\n', 'wrong-shape'],
  ['log-probabilities that are none', 'mmlu', 'answers.jsonl', line(1, (v) => { v.metadata.logprobs = [1]; }), 'wrong-shape'],
  ['NaN among the log-probabilities', 'mmlu', 'answers.jsonl', (t) => changedLine(t, 1, (l) => l.replace(/" A":[^,]+/, '" A":NaN')), 'wrong-shape'],
]; // biome-ignore format: a table

it.each(stops)('%s stops %s in %s', async (_, name, file, change, code) => {
  const { folder, came } = await outcome(name, { [file]: change });
  expect(came).toBeInstanceOf(ProblemError);
  expect((came as ProblemError).problems[0]).toMatchObject({
    code,
    at: { file: join(folder, file), line: expect.any(Number) },
  });
});

const told: readonly (readonly [string, Name, string, Change, RegExp])[] = [
  ['three annotators', 'vqav2', 'annotations.json', json((v) => v.annotations[0].answers.splice(3)), /more or fewer than 10 annotators: 1/],
  ['three annotators', 'vizwiz', 'val.json', json((v) => v[0].answers.splice(3)), /more or fewer than 10 annotators: 1/],
  ['another spelling of a label', 'pope', 'coco/coco_pope_random.json', line(1, (v) => { v.label = 'No'; }), /random: 1 labels are neither .* like "No": taken for yes/],
  ['labels in another order', 'pope', 'coco/coco_pope_random.json', (t) => `${t.trimEnd().split('\n').reverse().join('\n')}\n`, /random: \d+ labels stand in the place of another question/],
  ['an answer that is a missing value', 'mmbench', tsv, table((c, at) => set(c, 1, at(c[1]?.[at('answer')] ?? ''), 'None')), /1 rows, the first in line 2, have an answer that is none of their options/],
  ['a split column without a value', 'mmbench', tsv, unsplit, /\d\d questions have no split/],
  ['a question of no split', 'mmbench', tsv, table((c, at) => set(c, 1, at('split'), 'nan')), /1 questions have no split/],
  ['tokens without their space', 'mmlu', 'answers.jsonl', line(1, (v) => { v.metadata.logprobs = { A: -1, B: -2 }; }), /1 answers, the first in line 2, have no log-probability of any letter/],
]; // biome-ignore format: a table

it.each(told)('%s is told by %s (%s)', async (_, name, file, change, notice) => {
  const { came } = await outcome(name, { [file]: change });
  expect(came).not.toBeInstanceOf(Error);
  expect((came as { notices: readonly string[] }).notices.join('\n')).toMatch(notice);
});

it('TextVQA tells that fewer questions were asked than annotated', async () => {
  const cut: Change = (all) => all.trimEnd().split('\n').slice(1).join('\n');
  const { came } = await outcome('textvqa', { 'llava_questions.jsonl': cut, 'answers.jsonl': cut });
  expect((came as { notices: readonly string[] }).notices).toEqual([
    expect.stringMatching(/^1 of \d+ annotated questions were not asked/),
  ]);
});

it.each([
  ['textvqa', text, (all: string) => all.replace(/"data": ?\[/, '"data": [], "data": [')],
  ['gqa', gqa, (all: string) => all.replace('{', `{${JSON.stringify(Object.keys(JSON.parse(all))[0])}: {}, `)],
  ['vizwiz', 'val.json', (all: string) => all.replace(/"answerable": ?\d/, (last) => `"answerable": 7, ${last}`)],
] as const)('of two values under one key %s reads the last, as Python does', async (name, file, change) => {
  const { came } = await outcome(name, { [file]: change });
  expect(came).toEqual((await outcome(name, {})).came);
});

it('MMBench gives rows of no split a line without figures, as pandas does', async () => {
  const unsplit = table((cells, at) => set(cells, 1, at('split'), 'NA'));
  const { came } = await outcome('mmbench', { [tsv]: unsplit });
  const { circular } = (came as { details: Free }).details;
  expect(circular.map(({ split, Overall }: Free) => [split, Number.isNaN(Overall)])).toEqual([
    ['dev', false],
    ['nan', true],
  ]);
});

it('MMBench gives a table whose split column is empty what pandas gives: 2023 all rows under "full", later no figure', async () => {
  const lines = async (variant: string) => {
    const { came } = await outcome('mmbench', { [tsv]: unsplit }, variant);
    const { metrics, details } = came as { metrics: Free; details: Free };
    expect(metrics.score).toBeGreaterThan(0);
    return details.circular.map(({ split, Overall }: Free) => [split, Number.isNaN(Overall)]);
  };
  expect(await lines('vlmevalkit_2023_11')).toEqual([['full', false], ['dev', true], ['test', true]]); // biome-ignore format: a table
  expect(await lines('vlmevalkit_2024_06')).toEqual([['nan', true]]);
});

it.each(['category', 'l2-category', 'split'])(
  'MMBench of 2023 stops without a column "%s", the later ones do not',
  async (column) => {
    const without = table((cells, at) => {
      const index = at(column);
      for (const row of cells) row.splice(index, 1);
    });
    const { folder, came } = await outcome('mmbench', { [tsv]: without }, 'vlmevalkit_2023_11');
    expect((came as ProblemError).problems[0]).toMatchObject({
      code: 'wrong-shape',
      at: { file: join(folder, tsv), line: 1 },
    });
    expect((await outcome('mmbench', { [tsv]: without })).came).toMatchObject({
      metrics: { score: expect.any(Number) },
    });
  },
);

it.each([
  ['PK\x03\x04\x14\0\xff', 'the file is a ZIP archive or a workbook: unpack it, or export it as text'],
  ['\x1f\x8b\x08\0', 'the file is compressed: unpack it'],
  ['{"question_id": 1, "te\0xt": "a"}\n', 'the file holds zero bytes: it was damaged'],
  ['[\n{"question_id": 1}\n]\n', 'every line is one JSON object: no list around them'],
])('answers that are another kind of file are known for it: %j', async (bytes, hint) => {
  const answers = join(root, 'kind.jsonl');
  writeFileSync(answers, Buffer.from(bytes, 'latin1'));
  const error = await scoreFiles('vqav2', { answers, data: join(sets, 'vqav2') }).catch((reason: unknown) => reason);
  expect((error as ProblemError).problems[0]).toMatchObject({ at: { file: answers, line: 1 }, hint });
});

it.each([
  ['a folder', (at: string) => mkdirSync(at), 'a folder and no file'],
  ['a link to itself', (at: string) => symlinkSync(at, at), 'a link that leads back to itself'],
  ['an empty file', (at: string) => writeFileSync(at, ''), 'the file is empty'],
] as const)('answers that are %s are named so', async (kind, make, message) => {
  const answers = join(root, `answers-${kind.replaceAll(' ', '-')}`);
  make(answers);
  const error = await scoreFiles('pope', { answers, data: join(sets, 'pope') }).catch((reason: unknown) => reason);
  expect((error as ProblemError).problems[0]?.message).toContain(message);
});
