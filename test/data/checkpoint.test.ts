import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { afterEach, beforeAll, expect, test } from 'vitest';
import { loadAdapter } from '../../src/data/adapter.ts';
import { loadWeights, openWeights, readConfig, readConfigOf, readStopIds } from '../../src/data/checkpoint.ts';
import { saveAdapter, saveCheckpoint } from '../../src/data/checkpoint-write.ts';
import type { DecoderConfig } from '../../src/data/config.ts';
import { parseConfig } from '../../src/data/config-parse.ts';
import { writeSafetensors } from '../../src/data/safetensors-write.ts';
import { openEngine } from '../../src/engine/open.ts';
import { foldersHolding, goldenRoot } from '../parity/golden.ts';

const scratch = mkdtempSync(join(tmpdir(), 'checkpoint-'));
let made = 0;
function fresh(): string {
  const folder = join(scratch, String(made++));
  mkdirSync(folder);
  return folder;
}

beforeAll(async () => {
  await openEngine('wasm');
});
afterEach(() => tf.disposeVariables());

async function values(weights: Record<string, tf.Tensor>): Promise<Record<string, unknown>> {
  const out: Record<string, unknown> = {};
  for (const [name, tensor] of Object.entries(weights))
    out[name] = [tensor.shape, Buffer.from((await tensor.data()).buffer.slice(0))];
  return out;
}

test.each(foldersHolding('config.json'))(
  '%s is saved and loaded again with the same weights and configuration',
  async (name) => {
    const source = join(goldenRoot, name);
    const config = await readConfig(source);
    const before = tf.memory().numTensors;
    const weights = await loadWeights(source);
    const folder = fresh();
    await saveCheckpoint(folder, config, weights, { shardBytes: 100_000 });
    expect(readdirSync(folder).filter((file) => file.endsWith('.safetensors')).length).toBeGreaterThan(1);
    expect(await readConfig(folder)).toEqual({ ...config, dtype: 'float32' });
    const again = await loadWeights(folder);
    const stored = await values(weights);
    const reread = await values(again);
    expect(Object.keys(reread).sort()).toEqual(Object.keys(stored).sort());
    expect(Object.keys(stored).filter((key) => JSON.stringify(stored[key]) !== JSON.stringify(reread[key]))).toEqual(
      [],
    );
    tf.dispose([weights, again]);
    expect(tf.memory().numTensors).toBe(before);
  },
);

test.each(foldersHolding('config.v5.json'))('%s has one configuration in both styles', async (name) => {
  const { readFile } = await import('node:fs/promises');
  const recent = parseConfig(
    JSON.parse(await readFile(join(goldenRoot, name, 'config.v5.json'), 'utf8')),
    'config.v5.json',
  );
  const classic = await readConfig(join(goldenRoot, name));
  // the stored dtype is that of the process that wrote the newer file
  expect({ ...recent, dtype: '' }).toEqual({ ...classic, dtype: '' });
});

test.each(foldersHolding('mm_projector.bin'))('%s: both adapter files and the checkpoint agree', async (name) => {
  const [fromBin, fromSafetensors] = [fresh(), fresh()];
  copyFileSync(join(goldenRoot, name, 'mm_projector.bin'), join(fromBin, 'mm_projector.bin'));
  copyFileSync(join(goldenRoot, name, 'mm_projector.safetensors'), join(fromSafetensors, 'mm_projector.safetensors'));
  const bin = await loadAdapter(fromBin);
  const safe = await loadAdapter(fromSafetensors);
  const inside = await loadWeights(join(goldenRoot, name), { prefix: 'multi_modal_projector.' });
  expect(await values(bin)).toEqual(await values(safe));
  for (const [short, tensor] of Object.entries(inside)) {
    expect(await (bin[`multi_modal_projector.${short}`] as tf.Tensor).data()).toEqual(await tensor.data());
  }
  const saved = fresh();
  await saveAdapter(saved, bin);
  expect(await values(await loadAdapter(saved))).toEqual(await values(bin));
});

test('a checkpoint of the wrong sort is refused by name', async () => {
  const [encoder] = foldersHolding('preprocessor_config.json');
  await expect(readConfigOf(join(goldenRoot, encoder as string), 'language-model')).rejects.toThrow(
    'not a language-model',
  );
});

const scalar = (name: string, value = 1) => ({
  name,
  dtype: 'F32' as const,
  shape: [1],
  values: () => Float32Array.of(value),
});

test('missing, surplus and wrongly shaped tensors are all named before anything is read', async () => {
  const folder = fresh();
  await writeSafetensors(
    join(folder, 'model.safetensors'),
    ['a.weight', 'b.wieght', 'c.weight', 'x.position_ids'].map((name) => scalar(name)),
  );
  const expect_ = { 'a.weight': [1], 'b.weight': [1], 'c.weight': [2, 3] };
  const error = await loadWeights(folder, { expect: expect_ }).catch((thrown: unknown) => thrown as Error);
  const file = join(folder, 'model.safetensors');
  expect((error as Error).message.split('\n')).toEqual([
    `${folder}: tensor "b.weight" is missing`,
    `${file}: tensor "c.weight" is [1], but config.json needs [2, 3]`,
    `${file}: tensor "b.wieght" is none of this model's`,
  ]);
});

test('of very many tensors that do not fit, some are named and the others counted', async () => {
  const folder = fresh();
  await writeSafetensors(join(folder, 'model.safetensors'), [scalar('layers.0')]);
  const layers = Object.fromEntries(Array.from({ length: 400 }, (_, i) => [`layers.${i}`, [1]]));
  const error = await loadWeights(folder, { expect: layers }).catch((thrown: unknown) => thrown as Error);
  const lines = (error as Error).message.split('\n');
  expect(lines).toHaveLength(7);
  expect(lines[0]).toBe(`${folder}: tensor "layers.1" is missing`);
  expect(lines[6]).toBe(`${folder}: 393 more of its tensors are missing, surplus or of another shape or kind`);
});

test('a head that a tied model stores all the same is taken too, for the model to decide about', async () => {
  const folder = fresh();
  await writeSafetensors(join(folder, 'model.safetensors'), [
    scalar('model.embed_tokens.weight'),
    scalar('lm_head.weight'),
  ]);
  const weights = await loadWeights(folder, { expect: { 'model.embed_tokens.weight': [1] } });
  expect(Object.keys(weights).sort()).toEqual(['lm_head.weight', 'model.embed_tokens.weight']);
});

test("LLaVA's newer spelling is read under its classic names", async () => {
  const folder = fresh();
  const names = [
    'lm_head.weight',
    'model.language_model.embed_tokens.weight',
    'model.vision_tower.vision_model.pre_layrnorm.bias',
    'model.multi_modal_projector.linear_1.bias',
  ];
  await writeSafetensors(
    join(folder, 'model.safetensors'),
    names.map((name) => scalar(name)),
  );
  expect(Object.keys(await loadWeights(folder)).sort()).toEqual([
    'language_model.lm_head.weight',
    'language_model.model.embed_tokens.weight',
    'multi_modal_projector.linear_1.bias',
    'vision_tower.vision_model.pre_layrnorm.bias',
  ]);
  expect(Object.keys(await loadWeights(folder, { prefix: 'language_model.' })).sort()).toEqual([
    'lm_head.weight',
    'model.embed_tokens.weight',
  ]);
});

test('a folder without weights says which files were looked for', async () => {
  await expect(openWeights(fresh())).rejects.toThrow('model.safetensors.index.json, pytorch_model.bin');
  await expect(readConfig(fresh())).rejects.toThrow('config.json: there is no such file');
});

test('stop ids come from generation_config.json where there is one', async () => {
  const config = parseConfig({ model_type: 'llama', eos_token_id: 9 }, 'config.json') as DecoderConfig;
  const folder = fresh();
  expect(await readStopIds(folder, config)).toEqual([9]);
  writeFileSync(join(folder, 'generation_config.json'), JSON.stringify({ eos_token_id: [3, 4] }));
  expect(await readStopIds(folder, config)).toEqual([3, 4]);
});
