import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, expect, test } from 'vitest';
import { benchmarkNamed } from '../../src/benchmarks/list.ts';
import { scoreFiles } from '../../src/benchmarks/score-files.ts';
import { expandImages } from '../../src/data/batch.ts';
import { loadWeights, readConfigOf } from '../../src/data/checkpoint.ts';
import { encodeConversation, IGNORE } from '../../src/data/conversation.ts';
import { readPixels } from '../../src/data/pixels.ts';
import { readPreprocessor } from '../../src/data/preprocess.ts';
import { loadTokenizer } from '../../src/data/tokenizer.ts';
import { openEngine } from '../../src/engine/open.ts';
import { decode, embedTokens, logitsOf } from '../../src/nn/decoder.ts';
import { LLAVA_PARTS, llavaFeatures, visualTokens } from '../../src/nn/llava.ts';
import { within } from '../../src/nn/weights.ts';
import { identityOf } from '../../src/plan/key.ts';
import { benchmark } from '../../src/stages/benchmark/kind.ts';
import { writeLines, writePicture } from './pictures.ts';
import { problemsOf, runStage, temporary } from './run-stage.ts';
import { writeModel } from './tiny-checkpoints.ts';

const root = temporary();
const [model, data] = [join(root, 'model'), join(root, 'scienceqa')];

// a choice of 2 and of 4, with and without image; one option begins like another
const PROBLEMS = {
  1: {
    question: 'what is it?',
    choices: ['a fish', 'a fish on the sea', 'no', 'a red boat'],
    answer: 1,
    image: 'image.png',
  },
  2: { question: 'is there a red boat?', choices: ['yes', 'no'], answer: 0, image: null },
  3: { question: 'what is on the sea?', choices: ['the blue boat', 'fish', 'what?'], answer: 2, image: 'image.png' },
} as const;

beforeAll(async () => {
  await openEngine();
  await writeModel(model, 160);
  const problems = Object.entries(PROBLEMS).map(([id, problem]) => [id, { ...problem, hint: '', subject: 'sea' }]);
  writeLines(join(data, 'problems.json'), [JSON.stringify(Object.fromEntries(problems))]);
  writeLines(join(data, 'pid_splits.json'), [JSON.stringify({ test: Object.keys(PROBLEMS) })]);
  for (const id of [1, 3]) await writePicture(join(data, 'images'), `test/${id}/image.png`, 20, 12);
});

const own = { benchmark: 'scienceqa', prompt: 'bare', choose: 'likelihood' };

type Line = Readonly<{ question_id: string; text: string; metadata: { choose: string; logLikelihoods: number[] } }>;
const linesOf = (file: string): Line[] =>
  readFileSync(file, 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Line);
const ask = async (params: object): Promise<readonly Line[]> =>
  linesOf((await runStage(benchmark, { ...own, ...params }, { model, data })).output('answers'));

/** Log-probability of one whole answer, as training would see the conversation: one sequence, no batch, no padding. */
async function logLikelihood(asked: string, image: string | undefined, answer: string): Promise<number> {
  const tokenizer = await loadTokenizer(model);
  const weights = await loadWeights(model);
  const config = await readConfigOf(model, 'model');
  const question = (image === undefined ? '' : '<image>\n') + asked;
  const { ids, labels } = expandImages(encodeConversation(tokenizer, 'short', [{ question, answer }]), 16, -1);
  const pixels = image === undefined ? undefined : await readPixels([image], await readPreprocessor(model), 16);
  const language = within(weights, LLAVA_PARTS.language);
  const sum = tf.tidy(() => {
    const row = tf.tensor2d([ids.map((id) => Math.max(0, id))], undefined, 'int32');
    const words = embedTokens(language, row, config.text);
    const start = ids.indexOf(-1);
    const part = (from: number, count: number): tf.Tensor => tf.slice(words, [0, from, 0], [1, count, 16]);
    const embeds =
      pixels === undefined
        ? words
        : tf.concat(
            [
              part(0, start),
              visualTokens(weights, llavaFeatures(weights, pixels, config), config),
              part(start + 16, ids.length - start - 16),
            ],
            1,
          );
    const logs = tf.logSoftmax(logitsOf(language, decode(language, { embeds }, config.text).last, config.text));
    const values = (logs.arraySync() as number[][][])[0] as number[][];
    return labels.reduce((total, id, t) => (id === IGNORE ? total : total + (values[t - 1]?.[id] as number)), 0);
  });
  tf.dispose([weights, ...(pixels === undefined ? [] : [pixels])]);
  return sum;
}

test.each(['letter', 'text'] as const)(
  'the answer by %s is the most probable one, its end included',
  async (choices) => {
    const lines = await ask({ choices });
    const questions = await benchmarkNamed('scienceqa').questions(data, { prompt: 'bare', choices });
    for (const [i, { text, choices: options = [], image }] of questions.entries()) {
      const path = image !== undefined && 'path' in image ? image.path : undefined;
      const spoken = options.map((option, at) => (choices === 'text' ? option : 'ABCDE'.charAt(at)));
      const expected: number[] = [];
      for (const one of spoken) expected.push(await logLikelihood(text, path, one));
      const { text: answer, metadata } = lines[i] as Line;
      expect(metadata.logLikelihoods).toHaveLength(options.length);
      for (const [at, value] of metadata.logLikelihoods.entries()) expect(value).toBeCloseTo(expected[at] as number, 3);
      expect(answer).toBe(spoken[expected.indexOf(Math.max(...expected))]);
    }
  },
);

test('the batch size changes no choice, nor does an interruption', async () => {
  const whole = await ask({ choices: 'text' });
  for (const batchSize of [1, 5]) {
    const other = await ask({ choices: 'text', batchSize });
    expect(other.map(({ text }) => text)).toEqual(whole.map(({ text }) => text));
  }
  const scratch = temporary();
  const params = { ...own, choices: 'text', batchSize: 1 };
  await expect(runStage(benchmark, params, { model, data }, { scratch, stopAt: 2 })).rejects.toThrow('interrupted');
  const resumed = await runStage(benchmark, params, { model, data }, { scratch });
  const once = await runStage(benchmark, params, { model, data });
  expect(readFileSync(resumed.output('answers'))).toEqual(readFileSync(once.output('answers')));
});

test('scores say that the options were chosen by likelihood; mixed answers stop', async () => {
  const { output } = await runStage(benchmark, own, { model, data });
  const answers = output('answers');
  const { details, notices } = await scoreFiles('scienceqa', { answers, data });
  expect(details['choose']).toBe('likelihood');
  expect(notices[0]).toContain('choose: likelihood');
  const [first, ...others] = readFileSync(answers, 'utf8').trimEnd().split('\n');
  const mixed = join(root, 'mixed.jsonl');
  writeLines(mixed, [(first ?? '').replace('"choose":"likelihood",', ''), ...others]);
  const [problem] = await problemsOf(scoreFiles('scienceqa', { answers: mixed, data }));
  expect(problem?.code).toBe('mixed-choices');
});

test('questions without options cannot be decided by likelihood', async () => {
  const folder = join(root, 'open');
  writeLines(join(folder, 'questions.jsonl'), ['{"question_id": 7, "text": "what?"}']);
  const params = { benchmark: 'questions', prompt: 'bare', choose: 'likelihood' };
  const [problem] = await problemsOf(runStage(benchmark, params, { model, data: folder }));
  expect(problem?.message).toBe('question 7 of questions has no options to choose from by likelihood');
});

test('answers that are generated keep the key that they had before there was a choice', () => {
  const params = { benchmark: 'mmbench', prompt: 'llava', choices: 'letter', batchSize: 32 };
  expect(identityOf(benchmark, { ...params, choose: 'generate' })).toEqual(params);
  expect(identityOf(benchmark, { ...params, choose: 'likelihood' })).not.toEqual(params);
});
