import { copyFileSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { loadWeights, readConfigOf } from '../../src/data/checkpoint.ts';
import { openFeatures } from '../../src/data/features.ts';
import { openSafetensors } from '../../src/data/safetensors.ts';
import { spelling } from '../../src/data/spelling.ts';
import { openEngine } from '../../src/engine/open.ts';
import { llavaShapes } from '../../src/nn/llava.ts';
import { benchmark } from '../../src/stages/benchmark/kind.ts';
import { checkpoint } from '../../src/stages/checkpoint/kind.ts';
import { extractLabels } from '../../src/stages/extract-labels/kind.ts';
import { features } from '../../src/stages/features/kind.ts';
import { finetune } from '../../src/stages/finetune/kind.ts';
import { pretrain } from '../../src/stages/pretrain/kind.ts';
import { writeDataset, writeLines, writePicture } from './pictures.ts';
import { problemsOf, runStage, temporary } from './run-stage.ts';
import { writeLanguageModel } from './tiny-checkpoints.ts';

const golden = (name: string): string => resolve('test/golden', name);
const root = temporary();
const languageModel = join(root, 'language');
let data: string;

beforeAll(async () => {
  vi.stubEnv('SEA_CAPTURE', 'off'); // a few tiny steps are not worth a graph each
  await openEngine();
  await writeLanguageModel(languageModel);
  data = await writeDataset(
    join(root, 'data'),
    ['one.png', 'two.png', 'three.png', 'four.png'].map((image, i) => ({
      image,
      caption: i % 2 === 0 ? 'a red boat' : 'a blue fish',
    })),
  );
});
afterAll(() => void vi.unstubAllEnvs());

// tokens before the patches; patches on one side
const ENCODERS = [
  ['dinov2-tiny', 1, 4],
  ['dinov2-reg-tiny', 4, 4],
  ['vit-mae-tiny', 1, 6],
] as const;

describe.each(ENCODERS)('%s', (name, leading, grid) => {
  test('is taken in byte for byte, without a tokenizer', async () => {
    const { output, metrics } = await runStage(checkpoint, { path: golden(name), type: 'encoder' });
    const [weights, config] = ['model.safetensors', 'config.json'].map((file) => [
      readFileSync(join(golden(name), file)),
      readFileSync(join(output('checkpoint'), file)),
    ]);
    expect(weights?.[0]?.equals(weights[1] as Buffer)).toBe(true);
    expect(config?.[0]?.equals(config[1] as Buffer)).toBe(true);
    expect(metrics['parameters']).toBeGreaterThan(30_000);
  });

  test('features are what transformers gives for the padded picture: the patches alone, in raster order', async () => {
    const image = 'portrait_rgb.png';
    const own = await writeDataset(join(temporary(), 'data'), [{ image, caption: 'a boat' }]);
    copyFileSync(join(golden('images'), image), join(own, 'images', image));
    const { output, metrics } = await runStage(features, { layer: -2 }, { encoder: golden(name), data: own });
    expect(metrics).toMatchObject({ images: 1, tokens: grid * grid, dim: 32 });
    const { rows, close } = await openFeatures(output('features'));
    const found = new Float32Array(rows.size);
    rows.readInto(found, 0, 0);
    close();
    const { cases } = JSON.parse(readFileSync(join(golden(name), 'cases.json'), 'utf8')) as {
      cases: readonly { name: string; inputs: readonly string[]; hidden_states: readonly string[] }[];
    };
    const processed = cases.find((one) => one.name === 'processed');
    const file = await openSafetensors(join(golden(name), 'expected.safetensors'));
    const { values, shape } = await file.read(processed?.hidden_states.at(-2) as string);
    await file.close();
    const tokens = shape[1] as number;
    const at = (processed?.inputs.indexOf(`pixel_values/pad/rgb/${image}`) as number) * tokens + leading;
    expect(tokens).toBe(leading + grid * grid);
    const worst = Math.max(...found.map((value, i) => Math.abs(value - (values[at * 32 + i] as number))));
    expect(worst).toBeLessThan(1e-4);
  });

  test('goes through both stages, tuned as well, into a model that a benchmark asks', async () => {
    const encoder = golden(name);
    const seen = (await runStage(features, {}, { encoder, data })).output('features');
    const few = { steps: 3, batchSize: 2, learningRate: 0.01 };
    const { output: one } = await runStage(pretrain, few, { languageModel, data, features: seen });
    const input = { languageModel, encoder, data, adapter: one('adapter') };
    const tuning = { ...few, conversation: 'short' };
    const cached = await runStage(finetune, { ...tuning, steps: 1 }, { ...input, features: seen });
    const tuned = await runStage(finetune, { ...tuning, trainable: ['*'] }, input);
    // the first step's rate is 0, so both measure the starting model
    expect(tuned.steps[0]?.['loss']).toBeCloseTo(cached.metrics['loss'] as number, 4);
    const model = tuned.output('model');
    const config = await readConfigOf(model, 'model');
    expect(config).toMatchObject({ featureSelect: 'default', vision: { trainedSize: 42, patchSize: 7 } });
    const [before, after] = [cached.output('model'), model].map((folder) =>
      loadWeights(folder, { expect: llavaShapes(config) }),
    );
    const moved = async (weight: string): Promise<number> => {
      const [a, b] = [(await before)?.[weight] as tf.Tensor, (await after)?.[weight] as tf.Tensor];
      return tf.tidy(() => tf.max(tf.abs(tf.sub(a, b))).dataSync()[0] as number);
    };
    for (const part of ['attention.attention.query.weight', 'attention.output.dense.bias'])
      expect(await moved(`vision_tower.encoder.layer.1.${part}`)).toBeGreaterThan(0);
    expect(await moved('vision_tower.embeddings.position_embeddings')).toBeGreaterThan(0);
    expect(await moved('vision_tower.encoder.layer.2.attention.attention.query.weight')).toBe(0); // beyond what is read
    tf.dispose([await before, await after] as tf.TensorContainer[]);

    const asked = temporary();
    await writePicture(join(asked, 'images'), 'one.png', 20, 12);
    writeLines(join(asked, 'questions.jsonl'), [JSON.stringify({ question_id: 1, image: 'one.png', text: 'what?' })]);
    const answers = await runStage(
      benchmark,
      { benchmark: 'questions', prompt: 'bare', maxNewTokens: 3 },
      { model, data: asked },
    );
    expect(answers.metrics['questions']).toBe(1);
  });

  test('has no words: labels need another encoder', async () => {
    const words = writeLines(join(root, 'words.txt'), ['boat', 'sea', 'red']);
    const [problem] = await problemsOf(runStage(extractLabels, { top: 2 }, { encoder: golden(name), data, words }));
    expect(problem?.code).toBe('no-text-encoder');
    expect(problem?.message).toMatch(/has no paired text encoder/);
    expect(problem?.hint).toMatch(/labels\.encoder may be another/);
  });
});

test('a preprocessor sets the size: more pixels are more patches', async () => {
  const folder = temporary();
  for (const file of readdirSync(golden('dinov2-tiny')))
    copyFileSync(join(golden('dinov2-tiny'), file), join(folder, file));
  const file = join(folder, 'preprocessor_config.json');
  const json = JSON.parse(readFileSync(file, 'utf8')) as object;
  const write = (size: object): void => writeFileSync(file, JSON.stringify({ ...json, ...size }));
  write({ size: { shortest_edge: 72 }, crop_size: { height: 66, width: 66 } });
  const { metrics } = await runStage(features, {}, { encoder: folder, data });
  expect(metrics['tokens']).toBe(81);
  write({ size: { shortest_edge: 72 }, crop_size: { height: 66, width: 65 } });
  const [problem] = await problemsOf(runStage(checkpoint, { path: folder, type: 'encoder' }));
  expect(problem?.message).toContain('makes an image of 65 x 66 pixels; the encoder reads squares');
});

test('a plain ViT with a pooler, or with a classifier around it, is the same tower as within MAE', async () => {
  const mae = await openSafetensors(join(golden('vit-mae-tiny'), 'model.safetensors'));
  const names = [...mae.tensors.keys()];
  await mae.close();
  const inside = names.filter((name) => name.startsWith('vit.'));
  const plain = inside.map((name) => name.slice(4));
  const ofMae = spelling(names, undefined);
  expect(names.flatMap((name) => ofMae(name) ?? [])).toEqual(plain);
  const pooled = [...plain, 'pooler.dense.weight', 'embeddings.mask_token'];
  const ofVit = spelling(pooled, Object.fromEntries(plain.map((name) => [name, []])));
  expect(pooled.flatMap((name) => ofVit(name) ?? [])).toEqual(plain);
  const newer = ['model.multi_modal_projector.linear_1.bias', ...plain.map((name) => `model.vision_tower.${name}`)];
  const ofLlava = spelling([...newer, 'model.vision_tower.pooler.dense.bias'], undefined);
  expect(newer.map(ofLlava)).toEqual(newer.map((name) => name.slice('model.'.length)));
  expect(ofLlava('model.vision_tower.pooler.dense.bias')).toBeUndefined();
});
