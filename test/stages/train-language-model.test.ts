import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { loadWeights, readConfigOf } from '../../src/data/checkpoint.ts';
import { loadTokenizer, type Tokenizer } from '../../src/data/tokenizer.ts';
import { openEngine } from '../../src/engine/open.ts';
import { decode, decoderShapes, embedTokens, logitsOf } from '../../src/nn/decoder.ts';
import { problemLine } from '../../src/problem.ts';
import { heldOutAccuracy } from '../../src/stages/train-language-model/evaluate.ts';
import { trainLanguageModel } from '../../src/stages/train-language-model/kind.ts';
import { packRows } from '../../src/stages/train-language-model/rows.ts';
import { writeLines } from './pictures.ts';
import { problemsOf, runStage, temporary } from './run-stage.ts';

const root = temporary();
const corpus = join(root, 'corpus');
const FACTS = [
  ['what colour is a boat?', 'red'],
  ['what colour is the sea?', 'blue'],
  ['where is a fish?', 'in the sea'],
  ['where is a tree?', 'on the grass'],
] as const;
const dialogue = ([question, answer]: readonly [string, string]): string =>
  `<|user|>${question}<|assistant|>${answer}</s>`;

// compiling a step takes longer than the few steps here; the tests that are about graphs capture
beforeEach(() => void vi.stubEnv('SEA_CAPTURE', 'off'));
afterEach(() => void vi.unstubAllEnvs());
beforeAll(async () => {
  await openEngine();
  const documents = Array.from({ length: 24 }, (_, i) => {
    const [first, second] = [FACTS[i % 4], FACTS[(i + 1) % 4]] as const;
    return { text: `a red boat on the blue sea\n${dialogue(first as never)}${dialogue(second as never)}` };
  });
  const held = [
    ...FACTS.slice(0, 2).map((fact) => ({ text: dialogue(fact), family: 'colour' })),
    { text: dialogue(['where is a fish?', 'on the grass']), family: 'place' },
  ];
  writeLines(
    join(corpus, 'train.jsonl'),
    documents.map((line) => JSON.stringify(line)),
  );
  writeLines(
    join(corpus, 'heldout.jsonl'),
    held.map((line) => JSON.stringify(line)),
  );
});

const tiny = {
  family: 'llama',
  hidden: 16,
  layers: 1,
  heads: 2,
  intermediate: 24,
  symbols: 140,
  steps: 40,
  batchSize: 4,
  length: 48,
  learningRate: 0.03,
  warmupSteps: 4,
};
const train = (params: object, options = {}) =>
  runStage(trainLanguageModel, { ...tiny, ...params }, { corpus }, options);
const filesOf = (folder: string): Record<string, string> =>
  Object.fromEntries(readdirSync(folder).map((name) => [name, readFileSync(join(folder, name), 'latin1')]));
const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length;

test.each([
  ['llama', {}],
  ['llama', { kvHeads: 1, ropeTheta: 5e5 }],
  ['gemma', { kvHeads: 1, headDim: 12 }],
  ['phi3', {}],
] as const)('a %s learns and is written as a checkpoint: %j', async (family, params) => {
  const { metrics, steps, output } = await train({ family, ...params });
  const losses = steps.map((step) => step['loss'] as number);
  expect(losses).toHaveLength(40);
  expect(mean(losses.slice(-8))).toBeLessThan(0.5 * mean(losses.slice(0, 2)));
  expect(metrics['loss']).toBeCloseTo(mean(losses.slice(-8)), 5);
  const folder = output('model');
  expect(readdirSync(folder)).toEqual([
    'config.json',
    'generation_config.json',
    'model.safetensors',
    'special_tokens_map.json',
    'tokenizer.json',
    'tokenizer_config.json',
  ]);
  const config = await readConfigOf(folder, 'language-model');
  expect(config).toMatchObject({ family, maxPositions: 512, ...params });
  const weights = await loadWeights(folder, { expect: decoderShapes(config) });
  expect(metrics['parameters']).toBe(Object.values(weights).reduce((sum, { size }) => sum + size, 0));
  const tokenizer = await loadTokenizer(folder);
  expect(tokenizer.vocabSize).toBe(config.vocab);
  expect(tokenizer).toMatchObject({ bos: config.bos, eos: config.eos[0], pad: config.pad });
  const json = JSON.parse(readFileSync(join(folder, 'config.json'), 'utf8')) as Record<string, unknown>;
  expect(json['conversation_template']).toBe('short');
  tf.dispose(weights);
});

test('training goes on after an interruption as if there had been none', async () => {
  const params = { steps: 8 };
  const whole = await train(params);
  const scratch = temporary();
  await expect(train(params, { scratch, stopAt: 5 })).rejects.toThrow('interrupted');
  const rest = await train(params, { scratch });
  expect(rest.steps).toHaveLength(3);
  expect(filesOf(rest.output('model'))).toEqual(filesOf(whole.output('model')));
  const measured = ({ secondsPerStep: _, ...values }: Readonly<Record<string, number>>) => values;
  expect(measured(rest.metrics)).toEqual(measured(whole.metrics));
});

test('captured steps are the eager ones, and an interrupted captured training goes on to the same bytes', async () => {
  vi.stubEnv('SEA_CAPTURE', 'on');
  const params = { steps: 8 };
  const captured = await train(params);
  const scratch = temporary();
  await expect(train(params, { scratch, stopAt: 5 })).rejects.toThrow('interrupted');
  const resumed = await train(params, { scratch });
  expect(resumed.steps).toHaveLength(3);
  expect(filesOf(resumed.output('model'))).toEqual(filesOf(captured.output('model')));
  vi.stubEnv('SEA_CAPTURE', 'off');
  const eager = await train(params);
  for (const [i, { loss }] of captured.steps.entries()) expect(loss).toBeCloseTo(eager.steps[i]?.['loss'] as number, 3);
}, 120_000);

test('a rate for Muon changes how the matrices of the blocks train, and the model still learns', async () => {
  const { metrics, steps } = await train({ muonLearningRate: 0.02 });
  expect(metrics['loss']).toBeLessThan(0.5 * (steps[0]?.['loss'] as number));
  const adamw = await train({ steps: 3 });
  const muon = await train({ steps: 3, muonLearningRate: 0.02 });
  const folders = [adamw.output('model'), muon.output('model')];
  const [one, other] = await Promise.all(folders.map((folder) => loadWeights(folder)));
  const differs = (name: string): number =>
    tf.tidy(() => tf.max(tf.abs(tf.sub(one?.[name] as tf.Tensor, other?.[name] as tf.Tensor))).dataSync()[0] as number);
  expect(differs('model.layers.0.mlp.down_proj.weight')).toBeGreaterThan(1e-3);
  tf.dispose([one, other]);
});

test('the seed decides the weights', async () => {
  const model = async (seed: number) => filesOf((await train({ steps: 2, seed })).output('model'))['model.safetensors'];
  expect(await model(0)).toBe(await model(0));
  expect(await model(1)).not.toBe(await model(0));
});

describe('held-out questions', () => {
  test('count as right when greedy decoding gives the whole answer', async () => {
    const { metrics, output } = await train({ hidden: 24, steps: 90 });
    const folder = output('model');
    const [tokenizer, config] = [await loadTokenizer(folder), await readConfigOf(folder, 'language-model')];
    const weights = await loadWeights(folder);
    const greedy = (question: string): string => {
      const ids = tokenizer.encode(`<|user|>${question}<|assistant|>`);
      const start = ids.length;
      while (ids.length < start + 30 && ids.at(-1) !== tokenizer.eos) {
        const next = tf.tidy(() => {
          const embeds = embedTokens(weights, tf.tensor2d([ids], undefined, 'int32'), config);
          const best = tf.argMax(logitsOf(weights, decode(weights, { embeds }, config).last, config), -1);
          return (best.arraySync() as number[][])[0]?.at(-1) as number;
        });
        ids.push(next);
      }
      return tokenizer.decode(ids.slice(start), { skipSpecial: true }).trim();
    };
    // with a wrong answer held out for every right one, so that both cases are there
    const asked = FACTS.flatMap(([question, answer]) => [
      { question, answer, family: 'as learnt' },
      { question, answer: `${answer} sea`, family: 'longer' },
    ]);
    const held = asked.map(({ question, answer, family }) => ({ text: dialogue([question, answer]), family }));
    const found = await heldOutAccuracy(weights, config, tokenizer, held);
    const right = asked.map(({ question, answer }) => greedy(question) === answer);
    const share = (family: string): number => {
      const own = right.filter((_, i) => asked[i]?.family === family);
      return (100 * own.filter(Boolean).length) / own.length;
    };
    expect(found).toEqual({
      'heldout.as learnt': share('as learnt'),
      'heldout.longer': share('longer'),
      heldout: (share('as learnt') + share('longer')) / 2,
    });
    expect(found['heldout.as learnt']).toBeGreaterThan(0);
    expect(found['heldout.longer']).toBe(0);
    expect(Object.keys(metrics)).toEqual(expect.arrayContaining(['heldout', 'heldout.colour', 'heldout.place']));
    tf.dispose(weights);
  });

  test('are not measured where there are none', async () => {
    expect(await heldOutAccuracy({}, {} as never, {} as never, [])).toEqual({});
  });
});

describe('rows', () => {
  const letters = '_bea*cdfgh';
  /** One token a letter; `_` begins a text, `*` stands before an answer, `e` ends it, `-` is padding. */
  const tokenizer = {
    encode: (text: string) => [1, ...[...text].map((letter) => letters.indexOf(letter) + 1)],
    idOf: () => letters.indexOf('*') + 1,
    eos: letters.indexOf('e') + 1,
    pad: 0,
  } as unknown as Tokenizer;
  const [assistant, end] = [letters.indexOf('*') + 1, letters.indexOf('e') + 1];

  test('hold every document whole where it fits, and every token is predicted once', () => {
    const texts = fc.array(fc.string({ unit: fc.constantFrom(...'bea*cdfgh'), maxLength: 14 }), {
      minLength: 1,
      maxLength: 9,
    });
    fc.assert(
      fc.property(texts, fc.integer({ min: 8, max: 20 }), (documents, length) => {
        const { count, ids, next, weights } = packRows(documents, tokenizer, length, 4);
        const all = documents.flatMap((text) => tokenizer.encode(text));
        const said: number[] = []; // the rows' tokens, each begun anew or going on from the row before
        for (let row = 0; row < count; row++) {
          const at = row * length;
          const used = [...weights.subarray(at, at + length)].filter((weight) => weight > 0).length;
          const own = [ids[at] as number, ...next.subarray(at, at + used)];
          expect([...ids.subarray(at, at + used)]).toEqual(own.slice(0, -1));
          expect([...next.subarray(at + used, at + length)].every((id) => id === -100)).toBe(true);
          let answering = false;
          own.forEach((id, t) => {
            if (t > 0) expect(weights[at + t - 1]).toBe(answering ? 4 : 1);
            if (id === assistant) answering = true;
            else if (id === end) answering = false;
          });
          said.push(...(said.length > 0 && own[0] !== 1 ? own.slice(1) : own));
        }
        // a last row of one token predicts nothing and is left out
        expect(all.slice(0, said.length)).toEqual(said);
        expect(all.length - said.length).toBeLessThanOrEqual(1);
      }),
      { numRuns: 200 },
    );
  });
});

test.each([
  [{ heads: 3, hidden: 16 }, 'headDim is 5.333333333333333; rotary positions need an even number'],
  [{ heads: 4, kvHeads: 3 }, '4 heads cannot share 3 key heads'],
  [{ symbols: 90 }, "a vocabulary of 90 cannot hold 6 special tokens and the texts' characters: 102"],
])('sizes that do not fit are refused: %j', async (params, message) => {
  expect((await problemsOf(train(params))).map((problem) => problem.message)).toEqual([message]);
});

test('a corpus that cannot be read is told with file and line', async () => {
  const folder = join(root, 'bad');
  const refused = async () => {
    const [problem] = await problemsOf(runStage(trainLanguageModel, tiny, { corpus: folder }));
    return problem === undefined ? '' : problemLine(problem);
  };
  expect(await refused()).toBe(`${join(folder, 'train.jsonl')}: there is no such file`);
  for (const line of ['{"text": 3}', 'text', '{"text": "a", "family": 1}']) {
    writeLines(join(folder, 'train.jsonl'), ['{"text": "a boat"}', '', line]);
    expect(await refused()).toBe(
      `${join(folder, 'train.jsonl')}:3:1: expected a JSON object {"text": "...", "family"?: "..."} on this line`,
    );
  }
});
