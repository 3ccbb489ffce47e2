import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Answers } from '../../src/benchmarks/answers.ts';
import { type Benchmark, groupBy, type Question } from '../../src/benchmarks/benchmark.ts';
import { gqa } from '../../src/benchmarks/gqa/gqa.ts';
import { imageBytes } from '../../src/benchmarks/images.ts';
import { mmbench } from '../../src/benchmarks/mmbench/mmbench.ts';
import { mmlu } from '../../src/benchmarks/mmlu/mmlu.ts';
import { mmvet } from '../../src/benchmarks/mmvet/mmvet.ts';
import { pope } from '../../src/benchmarks/pope/pope.ts';
import { scienceqa } from '../../src/benchmarks/scienceqa/scienceqa.ts';
import { textvqa } from '../../src/benchmarks/textvqa/textvqa.ts';
import { vizwiz } from '../../src/benchmarks/vizwiz/vizwiz.ts';
import { vqav2 } from '../../src/benchmarks/vqav2/vqav2.ts';
import { portsOf } from '../../src/stages/kind.ts';
import { world } from '../../src/stages/world/kind.ts';
import { run } from '../../src/stages/world/run.ts';
import { vqav2 as makeVqav2 } from '../../src/world/benchmarks/vqav2.ts';
import { SUBJECTS } from '../../src/world/facts.ts';
import type { Scene } from '../../src/world/scene.ts';
import { oracle } from './oracle.ts';

const READERS: readonly Benchmark[] = [vqav2, textvqa, gqa, scienceqa, pope, vizwiz, mmvet];
const ASKING = { prompt: 'bare', choices: 'text' } as const;

let root: string;
let scenes: ReadonlyMap<string, Scene>;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'world-benchmarks-'));
  const params = { make: 'benchmarks', seed: 7, scale: 0.2 } as const;
  const output = Object.fromEntries(
    Object.keys(portsOf(world.outputs, params)).map((port) => [port, join(root, port)]),
  );
  const { signal } = new AbortController();
  await run({
    params,
    input: {},
    output,
    scratch: root,
    replies: root,
    signal,
    progress: () => {},
    assist: false,
    share: () => {},
    log: () => {},
    logFile: join(root, 'log'),
  });
  const truth = (await readFile(join(root, 'truth', 'truth.jsonl'), 'utf8')).trimEnd().split('\n');
  scenes = new Map(truth.map((line) => JSON.parse(line)).map((row) => [row.image as string, row.scene as Scene]));
});
afterAll(() => rm(root, { recursive: true }));

/** What somebody who sees everything answers. */
function perfect({ image, text, choices }: Question): string {
  const scene = scenes.get(image?.name ?? '');
  if (!scene) throw new Error(`no truth for ${image?.name}`);
  if (scene.degradation === 'black') return 'unanswerable';
  return oracle(choices ? (text.split('\n')[0] ?? '') : text, scene);
}

function answersOf(questions: readonly Question[], answer: (question: Question) => string): Answers {
  const lines = questions.map((question, i) => ({
    question_id: question.id,
    prompt: question.recorded,
    text: answer(question),
    metadata: { choices: ASKING.choices },
    line: i + 1,
  }));
  return { file: 'answers.jsonl', lines, broken: [] };
}

describe.each(READERS)('the benchmark $name', (benchmark) => {
  const folder = () => join(root, benchmark.name);

  test('has questions about pictures that open', async () => {
    const questions = await benchmark.questions(folder(), ASKING);
    expect(questions.length).toBeGreaterThanOrEqual(20);
    for (const { image } of questions.slice(0, 10)) {
      if (!image) throw new Error('a question without a picture');
      expect(await sharp(await imageBytes(image)).metadata()).toMatchObject({ width: 64, height: 64, format: 'png' });
    }
  });

  test('gives who sees everything full marks', async () => {
    const answers = answersOf(await benchmark.questions(folder(), ASKING), perfect);
    const { metrics } = await benchmark.score(folder(), answers, { judge: 'none' });
    expect(metrics['score']).toBe(100);
  });

  test('asks what cannot be answered by one word for all', async () => {
    const questions = await benchmark.questions(folder(), ASKING);
    const said = questions.map(perfect);
    const commonest = Math.max(...[...new Set(said)].map((answer) => said.filter((each) => each === answer).length));
    expect(commonest / said.length).toBeLessThan(0.6);
  });
});

describe('the splits', () => {
  test('test and dev share no picture', () => {
    const pictures = (split: 'test' | 'dev') => {
      const { images } = makeVqav2({ seed: 7, split, side: 64, scale: 0.2 });
      return images.map(({ shot }) => Buffer.from(shot.picture.pixels).toString('base64'));
    };
    const tested = new Set(pictures('test'));
    expect(pictures('dev').filter((picture) => tested.has(picture))).toEqual([]);
  });

  test('begin with the same questions whatever their size', () => {
    const small = makeVqav2({ seed: 7, split: 'test', side: 64, scale: 0.1 });
    const large = makeVqav2({ seed: 7, split: 'test', side: 64, scale: 0.2 });
    const questions = (text: string | undefined) => JSON.parse(text ?? '').questions;
    const [few, many] = [questions(small.files['questions.json']), questions(large.files['questions.json'])];
    expect(many.slice(0, few.length)).toEqual(few);
  });
});

describe("MMBench's table", () => {
  const folder = () => join(root, 'mmbench');
  const rows = async () => {
    const table = await readFile(join(folder(), 'mmbench_dev_20230712.tsv'), 'utf8');
    const [head = '', ...lines] = table.trimEnd().split('\n');
    return lines.map((line) => Object.fromEntries(line.split('\t').map((cell, i) => [head.split('\t')[i], cell])));
  };

  test('has every question four times, the right option once under each letter', async () => {
    const groups = groupBy(await rows(), (row) => Number(row['index']) % 1_000_000);
    expect(groups.size).toBe(40);
    for (const group of groups.values()) {
      expect(group.map((row) => Math.floor(Number(row['index']) / 1_000_000))).toEqual([0, 1, 2, 3]);
      expect(new Set(group.map((row) => row['answer'])).size).toBe(4);
      expect(new Set(group.map((row) => row[row['answer'] ?? ''])).size).toBe(1);
    }
  });

  test('gives full marks to who always names the right option, and none to who always takes the first', async () => {
    const questions = await mmbench.questions(folder(), ASKING);
    const right = new Map((await rows()).map((row) => [row['index'], row[row['answer'] ?? ''] ?? '']));
    const score = async (answer: (question: Question) => string) => {
      return (await mmbench.score(folder(), answersOf(questions, answer), {})).metrics['score'];
    };
    expect(await score(({ id }) => right.get(String(id)) ?? '')).toBe(100);
    expect(await score(({ choices }) => choices?.[0] ?? '')).toBe(0);
    for (const { image } of questions.slice(-5)) {
      if (!image) throw new Error('a question without a picture');
      expect(await sharp(await imageBytes(image)).metadata()).toMatchObject({ width: 64, height: 64 });
    }
  });
});

describe("MMLU's tables", () => {
  test('ask for facts, whose letter names the answer', async () => {
    for (const { name, facts } of SUBJECTS) {
      const text = await readFile(join(root, 'mmlu', 'data', 'test', `${name}_test.csv`), 'utf8');
      for (const line of text.trimEnd().split('\n')) {
        const [stem = '', ...cells] = line.split(',');
        expect(cells).toHaveLength(5);
        expect(facts.find((fact) => fact.stem === stem)?.answer).toBe(cells['ABCD'.indexOf(cells[4] ?? '')]);
      }
    }
  });

  test('give full marks to who knows the facts', async () => {
    const folder = join(root, 'mmlu');
    const questions = await mmlu.questions(folder, ASKING);
    const known = new Map(SUBJECTS.flatMap(({ facts }) => facts.map(({ stem, answer }) => [stem, answer])));
    const answers = answersOf(questions, ({ text }) => known.get(text.split('\n')[0] ?? '') ?? '');
    expect((await mmlu.score(folder, answers, {})).metrics['score']).toBe(100);
    expect(questions.length).toBe(79); // 0.2 of 400, rounded in every subject
  });
});
