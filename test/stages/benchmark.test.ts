import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { expandImages } from '../../src/data/batch.ts';
import { loadWeights, readConfigOf } from '../../src/data/checkpoint.ts';
import { encodePrompt } from '../../src/data/conversation.ts';
import { readPixels } from '../../src/data/pixels.ts';
import { readPreprocessor } from '../../src/data/preprocess.ts';
import { loadTokenizer } from '../../src/data/tokenizer.ts';
import { openEngine } from '../../src/engine/open.ts';
import { decode, embedTokens, logitsOf } from '../../src/nn/decoder.ts';
import { LLAVA_PARTS, llavaFeatures, visualTokens } from '../../src/nn/llava.ts';
import { within } from '../../src/nn/weights.ts';
import { benchmark } from '../../src/stages/benchmark/kind.ts';
import { writeLines, writePicture } from './pictures.ts';
import { problemsOf, type RunOptions, runStage, temporary } from './run-stage.ts';
import { writeLanguageModel, writeModel } from './tiny-checkpoints.ts';

const root = temporary();
const [model, languageModel, data, text] = ['model', 'language', 'data', 'text'].map((name) => join(root, name)) as [
  string,
  string,
  string,
  string,
];
// of different lengths, two of one image, one without; not in the order in which they are asked
const QUESTIONS = [
  { question_id: 1, image: 'one.png', text: 'is there a blue fish on the sea? what is it?' },
  { question_id: 'two', image: 'two.jpg', text: 'what?' },
  { question_id: 3, text: 'is there a red boat?' },
  { question_id: 4, image: 'one.png', text: 'what?' },
  { question_id: 5, image: 'below/three.png', text: 'a fish' },
] as const;

beforeAll(async () => {
  await openEngine();
  await writeModel(model);
  await writeLanguageModel(languageModel);
  for (const name of ['one.png', 'two.jpg', 'below/three.png']) await writePicture(join(data, 'images'), name, 20, 12);
  writeLines(
    join(data, 'questions.jsonl'),
    QUESTIONS.map((question) => JSON.stringify(question)),
  );
  const plain = QUESTIONS.map(({ question_id, text: asked }) => JSON.stringify({ question_id, text: asked }));
  writeLines(join(text, 'questions.jsonl'), plain);
});

const own = { benchmark: 'questions', prompt: 'bare', maxNewTokens: 6 };

type Line = Readonly<{ question_id: string | number; text: string; metadata?: { logprobs?: Record<string, number> } }>;
const read = (file: string): Line[] =>
  readFileSync(file, 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Line);

async function ask(params: object, input: Record<string, string>, options?: RunOptions): Promise<readonly Line[]> {
  return read((await runStage(benchmark, params, input, options)).output('answers'));
}

type Words = Readonly<{ image?: string; text: string }>;

/** The greedy answer of a model to one question, everything computed again for every token. */
async function recomputed(folder: string, { image, text: asked }: Words, maxNew: number): Promise<string> {
  const tokenizer = await loadTokenizer(folder);
  const weights = await loadWeights(folder);
  const llava = folder === model;
  const config = llava ? await readConfigOf(folder, 'model') : undefined;
  const decoder = config?.text ?? (await readConfigOf(folder, 'language-model'));
  const language = llava ? within(weights, LLAVA_PARTS.language) : weights;
  const question = (image === undefined ? '' : '<image>\n') + asked;
  const marked = encodePrompt(tokenizer, 'short', [{ question }]);
  const prompt = expandImages({ ids: marked, labels: marked, segments: marked.map(() => 0) }, 16, -1).ids;
  const start = prompt.indexOf(-1);
  const pixels =
    image === undefined
      ? undefined
      : await readPixels([join(data, 'images', image)], await readPreprocessor(folder), 16);
  const ids: number[] = [];
  while (ids.length < maxNew) {
    const next = tf.tidy(() => {
      const all = [...prompt, ...ids];
      const words = embedTokens(language, tf.tensor2d([all.map((id) => Math.max(0, id))], undefined, 'int32'), decoder);
      const visual =
        pixels && config ? visualTokens(weights, llavaFeatures(weights, pixels, config), config) : undefined;
      const part = (from: number, count: number): tf.Tensor => tf.slice(words, [0, from, 0], [1, count, 16]);
      const embeds =
        visual === undefined
          ? words
          : tf.concat([part(0, start), visual, part(start + 16, all.length - start - 16)], 1);
      const logits = logitsOf(language, decode(language, { embeds }, decoder).last, decoder);
      return (tf.argMax(logits, -1).arraySync() as number[][])[0]?.at(-1) as number;
    });
    if (next === tokenizer.eos) break;
    ids.push(next);
  }
  tf.dispose([weights, ...(pixels === undefined ? [] : [pixels])]);
  return tokenizer.decode(ids, { skipSpecial: true }).trim();
}

test('answers are what greedy decoding of each question alone gives, in the order of the questions', async () => {
  const lines = await ask(own, { model, data });
  expect(lines.map(({ question_id }) => question_id)).toEqual([1, 'two', 3, 4, 5]);
  const expected: string[] = [];
  for (const question of QUESTIONS) expected.push(await recomputed(model, question, 6));
  expect(lines.map((line) => line.text)).toEqual(expected);
  expect(new Set(expected).size).toBeGreaterThan(3); // the model does tell questions and images apart
});

test('a language model alone answers questions without images', async () => {
  const lines = await ask(own, { languageModel, data: text });
  const expected: string[] = [];
  for (const { text: asked } of QUESTIONS) expected.push(await recomputed(languageModel, { text: asked }, 6));
  expect(lines.map((line) => line.text)).toEqual(expected);
});

test('the batch size changes no answer', async () => {
  const one = await ask({ ...own, batchSize: 1 }, { model, data });
  for (const batchSize of [2, 3]) expect(await ask({ ...own, batchSize }, { model, data })).toEqual(one);
});

test('questions of one picture, which is read once for all of them, are answered as each alone', async () => {
  const folder = join(root, 'pictures');
  for (const name of ['one.png', 'two.jpg']) await writePicture(join(folder, 'images'), name, 20, 12);
  const words = ['what?', 'is there a blue fish?', 'is it red?', 'a fish', 'the sea', 'what is it?', 'no', 'boat'];
  const asked = words.map((own, i) => ({ question_id: i, image: i % 3 === 2 ? 'two.jpg' : 'one.png', text: own }));
  writeLines(
    join(folder, 'questions.jsonl'),
    asked.map((question) => JSON.stringify(question)),
  );
  const together = await ask(own, { model, data: folder });
  expect(together).toEqual(await ask({ ...own, batchSize: 1 }, { model, data: folder }));
  expect(new Set(together.map(({ text: said }) => said)).size).toBeGreaterThan(3);
});

test('an answer is no longer than asked for, whatever its neighbours may be', async () => {
  // some 75 tokens of prompt leave less room in 96 positions than `maxNewTokens`; its neighbour has room for all of them
  const long = { question_id: 'long', text: 'fish '.repeat(18).trim() };
  const folder = join(root, 'long');
  writeLines(
    join(folder, 'questions.jsonl'),
    [long, QUESTIONS[2]].map((question) => JSON.stringify(question)),
  );
  const tokenizer = await loadTokenizer(languageModel);
  const taken = encodePrompt(tokenizer, 'short', [{ question: long.text }]).length;
  const [first, second] = await ask({ ...own, maxNewTokens: 60 }, { languageModel, data: folder });
  expect(first?.text).toBe(await recomputed(languageModel, long, 96 - taken));
  expect(second?.text).toBe(await recomputed(languageModel, QUESTIONS[2], 60));
});

test('an interrupted run asks only what is left and gives the same file', async () => {
  const whole = await ask({ ...own, batchSize: 2 }, { model, data });
  const scratch = temporary();
  const stopped = runStage(benchmark, { ...own, batchSize: 2 }, { model, data }, { scratch, stopAt: 4 });
  await expect(stopped).rejects.toThrow('interrupted');
  const kept = readFileSync(join(scratch, 'answers.jsonl'), 'utf8');
  expect(kept.trimEnd().split('\n')).toHaveLength(2);
  // the last line was not finished when the program was killed: its two questions are asked again
  writeFileSync(join(scratch, 'answers.jsonl'), kept.slice(0, -20));
  const resumed = await runStage(benchmark, { ...own, batchSize: 2 }, { model, data }, { scratch });
  expect(read(resumed.output('answers'))).toEqual(whole);
  expect(readFileSync(join(scratch, 'answers.jsonl'), 'utf8').trimEnd().split('\n')).toHaveLength(3);
});

describe('the letters of MMLU', () => {
  const mmlu = join(root, 'mmlu');
  const rows = ['what is red?,a boat,a fish,the sea,no,A', '"is there a fish, or not?",yes,no,a boat,the sea,B'];
  beforeAll(() => {
    for (const split of ['dev', 'test']) mkdirSync(join(mmlu, 'data', split), { recursive: true });
    writeLines(join(mmlu, 'data', 'dev', 'astronomy_dev.csv'), ['what is it?,yes,no,a fish,the sea,C']);
    writeLines(join(mmlu, 'data', 'test', 'astronomy_test.csv'), rows);
  });

  test('have the log-probabilities that the model gives for the token behind the prompt', async () => {
    const lines = await ask({ benchmark: 'mmlu', prompt: 'bare', batchSize: 2 }, { languageModel, data: mmlu });
    const tokenizer = await loadTokenizer(languageModel);
    const [weights, config] = [await loadWeights(languageModel), await readConfigOf(languageModel, 'language-model')];
    const prompts = [
      'what is red?\nA. a boat\nB. a fish\nC. the sea\nD. no\nAnswer:',
      'is there a fish, or not?\nA. yes\nB. no\nC. a boat\nD. the sea\nAnswer:',
    ];
    prompts.forEach((prompt, i) => {
      const embeds = embedTokens(weights, tf.tensor2d([tokenizer.encode(prompt)], undefined, 'int32'), config);
      const logs = tf.logSoftmax(logitsOf(weights, decode(weights, { embeds }, config).last, config));
      const last = (logs.arraySync() as number[][][])[0]?.at(-1) as number[];
      const expected = ['A', 'B', 'C', 'D'].map(
        (letter) => last[tokenizer.encode(letter, { special: false }).at(-1) as number],
      );
      const logprobs = lines[i]?.metadata?.logprobs ?? {};
      expect(Object.keys(logprobs)).toEqual([' A', ' B', ' C', ' D']);
      for (const [k, value] of Object.values(logprobs).entries()) expect(value).toBeCloseTo(expected[k] as number, 4);
      const best = ['A', 'B', 'C', 'D'][Object.values(logprobs).indexOf(Math.max(...Object.values(logprobs)))];
      expect(lines[i]?.text).toBe(best);
    });
    expect(lines.map(({ question_id }) => question_id)).toEqual(['astronomy/0', 'astronomy/1']);
    tf.dispose(weights);
  });

  test('are asked with examples as far as the model has positions for them', async () => {
    const logprobs = async (positions: number, prompt: string) => {
      const folder = join(root, `language-${positions}`);
      await writeLanguageModel(folder, positions);
      const lines = await ask({ benchmark: 'mmlu', prompt }, { languageModel: folder, data: mmlu });
      return lines[0]?.metadata?.logprobs;
    };
    const [without, headOnly, withExample] = [
      await logprobs(160, 'bare'),
      await logprobs(160, 'llava'),
      await logprobs(400, 'llava'),
    ];
    expect(headOnly).not.toEqual(without);
    expect(withExample).not.toEqual(headOnly);
  });
});

test.each([
  [{}, 'one-model', 'none is connected'],
  [{ model, languageModel }, 'one-model', 'two are connected'],
])('one model is asked: %j', async (input, code, message) => {
  const [problem] = await problemsOf(runStage(benchmark, own, { ...input, data }));
  expect(problem?.code).toBe(code);
  expect(problem?.message).toContain(message);
});

test('every question that cannot be asked is named', async () => {
  const problems = await problemsOf(runStage(benchmark, own, { languageModel, data }));
  expect(problems.map(({ code }) => code)).toEqual(Array.from({ length: 4 }, () => 'no-eyes'));
  expect(problems[1]?.message).toBe('question two has an image, but the model has no vision tower');
  const folder = join(root, 'too-long');
  const asked = [
    { question_id: 7, text: 'fish '.repeat(100) },
    { question_id: 8, text: '<image>\nwhat?' },
  ];
  writeLines(
    join(folder, 'questions.jsonl'),
    asked.map((question) => JSON.stringify(question)),
  );
  const long = await problemsOf(runStage(benchmark, own, { languageModel, data: folder }));
  expect(long.map(({ code }) => code)).toEqual(['prompt-too-long', 'image-mark']);
  expect(long[0]?.message).toMatch(/^question 7 takes \d+ tokens; the model has 96 positions$/);
});

test('a missing image is named', async () => {
  const folder = join(root, 'no-image');
  writeLines(join(folder, 'questions.jsonl'), [JSON.stringify({ question_id: 1, image: 'gone.png', text: 'what?' })]);
  const [problem] = await problemsOf(runStage(benchmark, own, { model, data: folder }));
  expect(problem).toMatchObject({ code: 'missing-image' });
  expect(problem?.message).toContain(join(folder, 'images', 'gone.png'));
});

test('a checkpoint that does not say its template needs one stated', async () => {
  const folder = join(root, 'unsaid');
  await writeLanguageModel(folder);
  const config = JSON.parse(readFileSync(join(folder, 'config.json'), 'utf8')) as Record<string, unknown>;
  delete config['conversation_template'];
  writeFileSync(join(folder, 'config.json'), JSON.stringify(config));
  const [problem] = await problemsOf(runStage(benchmark, own, { languageModel: folder, data: text }));
  expect(problem?.code).toBe('no-conversation');
  expect(problem?.hint).toMatch(/^write conversation: plain \| vicuna_v1 /);
  const stated = await ask({ ...own, conversation: 'short' }, { languageModel: folder, data: text });
  expect(stated).toEqual(await ask(own, { languageModel, data: text }));
  const [unfit] = await problemsOf(
    runStage(benchmark, { ...own, conversation: 'gemma' }, { languageModel, data: text }),
  );
  expect(unfit?.message).toContain('there is no token "<start_of_turn>"');
});
