import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { benchmarkNamed } from '../../src/benchmarks/list.ts';
import { scoreFiles, submissionOf } from '../../src/benchmarks/score-files.ts';
import { type Problem, ProblemError, problemLine } from '../../src/problem.ts';

const sets = join(import.meta.dirname, '..', 'scoring');
const root = mkdtempSync(join(tmpdir(), 'damaged-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

/** Every file that scoring reads, by benchmark. */
const FILES = {
  vqav2: ['answers.jsonl', 'questions.json', 'annotations.json'],
  textvqa: ['answers.jsonl', 'TextVQA_0.5.1_val.json', 'llava_questions.jsonl'],
  vizwiz: ['answers.jsonl', 'val.json'],
  gqa: [
    'answers.jsonl',
    'testdev_balanced_questions.json',
    'testdev_balanced_choices.json',
    'testdev_balanced_sceneGraphs.json',
    'testdev_balanced_attentions.json',
  ],
  scienceqa: ['answers.jsonl', 'problems.json', 'pid_splits.json'],
  pope: ['answers.jsonl', 'llava_pope_test.jsonl', 'coco/coco_pope_random.json'],
  mmbench: ['answers.jsonl', 'mmbench_dev_20230712.tsv'],
  mmvet: ['answers.jsonl', 'mm-vet.json'],
  mmlu: ['answers.jsonl', 'data/test/anatomy_test.csv'],
  questions: ['answers.jsonl', 'questions.jsonl'],
} as const;
type Name = keyof typeof FILES;
const names = Object.keys(FILES) as Name[];
const each = names.flatMap((name) => FILES[name].map((file) => [name, file] as const));

const copies: string[] = [];
afterEach(() => {
  for (const folder of copies.splice(0)) rmSync(folder, { recursive: true, force: true });
});

/** A copy of a benchmark's set whose files may be damaged. */
function copyOf(name: Name): string {
  const folder = mkdtempSync(join(root, `${name}-`));
  copies.push(folder);
  cpSync(join(root, 'sets', name), folder, { recursive: true });
  return folder;
}

const score = (name: Name, folder: string) =>
  scoreFiles(
    name,
    { answers: join(folder, 'answers.jsonl'), data: folder },
    { ...(name === 'mmvet' ? { judge: 'none' } : {}), ...(name === 'gqa' ? { variant: 'full_mode' } : {}) },
  );

async function problemOf(work: Promise<unknown>): Promise<Problem> {
  const error = await work.then(
    () => new Error('no problem'),
    (reason: unknown) => reason,
  );
  if (!(error instanceof ProblemError)) throw error;
  return error.problems[0] as Problem;
}

beforeAll(() => {
  const at = (name: string) => join(root, 'sets', name);
  for (const name of names) if (name !== 'questions') cpSync(join(sets, name), at(name), { recursive: true });
  const logprobs = readFileSync(join(sets, 'mmlu', 'letter_logprobs.json'), 'utf8');
  const rows = Object.entries(JSON.parse(logprobs) as Record<string, readonly object[]>).flatMap(([subject, own]) =>
    own.map((row, i) => ({ question_id: `${subject}/${i}`, text: 'A', metadata: { logprobs: row } })),
  );
  const lines = (values: readonly object[]): string => values.map((value) => `${JSON.stringify(value)}\n`).join('');
  writeFileSync(join(at('mmlu'), 'answers.jsonl'), lines(rows));
  const own = ['red', 'caf\u00e9', 'a boat'].map((answer, i) => ({ question_id: i, text: `what is ${i}?`, answer }));
  cpSync(join(sets, 'pope', 'answers.jsonl'), join(at('questions'), 'answers.jsonl'));
  writeFileSync(join(at('questions'), 'questions.jsonl'), lines(own));
  writeFileSync(
    join(at('questions'), 'answers.jsonl'),
    lines(own.map(({ question_id, answer }) => ({ question_id, text: answer }))),
  );
});

describe.each(each)('%s with a damaged %s stops and names it', (name, file) => {
  const damaged = async (change: (bytes: Buffer) => Buffer): Promise<Problem> => {
    const folder = copyOf(name);
    const path = join(folder, file);
    writeFileSync(path, change(readFileSync(path)));
    const problem = await problemOf(score(name, folder));
    expect(problem.at).toMatchObject({ file: path, line: expect.any(Number) });
    return problem;
  };

  it('in UTF-16, with a byte order mark or without', async () => {
    const marked = await damaged((bytes) => Buffer.from(`\ufeff${bytes.toString()}`, 'utf16le'));
    expect(marked).toMatchObject({ at: { line: 1 }, hint: 'the file looks like UTF-16: save it as UTF-8' });
    const bare = await damaged((bytes) => Buffer.from(bytes.toString(), 'utf16le'));
    expect(bare.hint).toBe('the file looks like UTF-16: save it as UTF-8');
  });

  it('in Latin-1, at the line', async () => {
    const text = readFileSync(join(root, 'sets', name, file), 'utf8').replace(/[^\0-\x7f]/g, 'e');
    const middle = text.indexOf(' ', text.length / 2);
    const problem = await damaged(() => Buffer.from(`${text.slice(0, middle)}\xe9${text.slice(middle)}`, 'latin1'));
    expect(problem).toMatchObject({ code: 'not-utf-8', at: { line: text.slice(0, middle).split('\n').length } });
  });

  it.skipIf(/\.(csv|tsv)$/.test(file))('with a byte order mark, as Python does', async () => {
    const problem = await damaged((bytes) => Buffer.concat([Buffer.from([0xef, 0xbb, 0xbf]), bytes]));
    expect(problemLine(problem)).toContain('byte order mark');
  });

  it.skipIf(/\.(csv|tsv)$/.test(file))('that was cut', async () => {
    expect(await damaged((bytes) => bytes.subarray(0, bytes.length - 9))).toMatchObject({ code: 'broken-json' });
  });

  // without LLaVA's question file TextVQA is asked without OCR tokens; a subject without its table was not asked
  it.skipIf(name === 'textvqa' || name === 'mmlu')('that is not there', async () => {
    const folder = copyOf(name);
    rmSync(join(folder, file));
    expect(problemLine(await problemOf(score(name, folder)))).toContain(folder);
  });
});

describe.each(names)('%s', (name) => {
  it('stops at a folder that is not there or is a file', async () => {
    const answers = join(root, 'sets', name, 'answers.jsonl');
    for (const data of [join(root, 'nowhere'), answers]) {
      const options = name === 'mmvet' ? ({ judge: 'none' } as const) : {};
      expect(problemLine(await problemOf(scoreFiles(name, { answers, data }, options)))).toContain(data);
      const asking = { prompt: 'llava', choices: 'letter' } as const;
      expect(problemLine(await problemOf(benchmarkNamed(name).questions(data, asking)))).toContain(data);
      if (benchmarkNamed(name).submission !== undefined)
        expect(problemLine(await problemOf(submissionOf(name, { answers, data })))).toContain(data);
    }
  });

  it('reads lines that end as on Windows', async () => {
    const folder = copyOf(name);
    const answers = join(folder, 'answers.jsonl');
    const before = await score(name, folder);
    writeFileSync(answers, readFileSync(answers, 'utf8').replaceAll('\n', '\r\n'));
    expect(await score(name, folder)).toEqual(before);
  });

  it.skipIf(['pope', 'textvqa'].includes(name))('takes the last of two answers, and says so', async () => {
    const folder = copyOf(name);
    const before = await score(name, folder);
    const answers = join(folder, 'answers.jsonl');
    const lines = readFileSync(answers, 'utf8').trimEnd().split('\n');
    const wrong = (lines[1] ?? '').replace(/"text":\s*"[^"]*"/, '"text": "nobody knows"').replace(/"logprobs":\s*\{[^}]*\}/, '"logprobs": {}'); // biome-ignore format: short
    writeFileSync(answers, `${[lines[0], wrong, ...lines.slice(1)].join('\n')}\n`);
    const after = await score(name, folder);
    expect(after.metrics).toEqual(before.metrics);
    expect(after.notices.at(-1)).toMatch(
      /^a line answers a question again, the first is line 3: the last answer counts/,
    );
  });
});

it('rows that could only be wrong stop: a table that was cut', async () => {
  const mmlu = copyOf('mmlu');
  const csv = join(mmlu, 'data/test/anatomy_test.csv');
  const rows = readFileSync(csv, 'utf8').trimEnd().split('\n');
  writeFileSync(csv, `${[...rows.slice(0, -1), rows.at(-1)?.slice(0, -1)].join('\n')}\n`);
  const [cut, problem] = [rows.length, await problemOf(score('mmlu', mmlu))];
  expect(problem).toMatchObject({ code: 'no-answer', at: { file: csv, line: cut } });

  const mmbench = copyOf('mmbench');
  const tsv = join(mmbench, 'mmbench_dev_20230712.tsv');
  const lines = readFileSync(tsv, 'utf8').split('\n');
  const column = (lines[0] ?? '').split('\t').indexOf('answer');
  const cells = (lines[1] ?? '').split('\t');
  lines[1] = cells.map((cell, at) => (at === column ? '' : cell)).join('\t');
  writeFileSync(tsv, lines.join('\n'));
  expect(await problemOf(score('mmbench', mmbench))).toMatchObject({ code: 'no-answer', at: { file: tsv, line: 2 } });
  // but it can be asked and uploaded: only the server has the answers of the test split
  const upload = await submissionOf('mmbench', { answers: join(mmbench, 'answers.jsonl'), data: mmbench });
  expect(upload?.name).toBe('mmbench.xlsx');
});
