import { mkdirSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { loadAdapter } from '../../src/data/adapter.ts';
import { loadWeights, readConfig, readConfigOf } from '../../src/data/checkpoint.ts';
import { saveCheckpoint } from '../../src/data/checkpoint-write.ts';
import { encodePrompt, stopIds } from '../../src/data/conversation.ts';
import { preprocess, readPreprocessor } from '../../src/data/preprocess.ts';
import { openSafetensors } from '../../src/data/safetensors.ts';
import { loadTokenizer } from '../../src/data/tokenizer.ts';
import { openTorchFile } from '../../src/data/torch-file.ts';
import { openEngine } from '../../src/engine/open.ts';
import { type ExportOptions, exportArtifact } from '../../src/export/export.ts';
import { foldersHolding, goldenRoot } from '../parity/golden.ts';

const scratch = mkdtempSync(join(tmpdir(), 'export-'));
let made = 0;
const fresh = (): string => join(scratch, String(made++));
const write = (from: string, to: string, options: Partial<ExportOptions> = {}) =>
  exportArtifact(from, to, { card: ({ family }) => `# ${family}\n`, ...options });

beforeAll(async () => {
  await openEngine('wasm');
});

async function numbers(weights: Record<string, tf.Tensor>): Promise<Record<string, unknown>> {
  const entries = Object.entries(weights).map(async ([name, tensor]) => [
    name,
    [tensor.shape, [...(await tensor.data())]],
  ]);
  const read = Object.fromEntries(await Promise.all(entries)) as Record<string, unknown>;
  tf.dispose(weights);
  return read;
}

/** Checkpoints that have all of their files. */
const whole = foldersHolding('config.json').filter((name) =>
  readdirSync(join(goldenRoot, name)).includes('tokenizer.json'),
);
const llava = foldersHolding('mm_projector.bin').filter((name) => whole.includes(name));

describe.each(whole)('%s', (name) => {
  const source = join(goldenRoot, name);

  test('is exported with the same weights, configuration and tokenizer', async () => {
    const to = fresh();
    const exported = await write(source, to, { shardBytes: 100_000 });
    expect(exported.files.map(({ path }) => path)).toEqual(readdirSync(to).sort());
    expect(readFileSync(join(to, 'README.md'), 'utf8')).toBe(`# ${exported.family}\n`);
    expect(await readConfig(to)).toEqual(await readConfig(source));
    const [before, after] = [await numbers(await loadWeights(source)), await numbers(await loadWeights(to))];
    expect(Object.keys(after).sort()).toEqual(Object.keys(before).sort());
    for (const key of Object.keys(before)) expect([key, after[key]]).toEqual([key, before[key]]);
    const text = 'a red boat, 12 fish';
    expect((await loadTokenizer(to)).encode(text)).toEqual((await loadTokenizer(source)).encode(text));
  });

  test('in 16 bits, weights and configuration say so', async () => {
    const to = fresh();
    await write(source, to, { dtype: 'bfloat16' });
    expect((await readConfig(to)).dtype).toBe('bfloat16');
    const opened = await openSafetensors(join(to, 'model.safetensors'));
    expect(new Set([...opened.tensors.values()].map(({ dtype }) => dtype))).toEqual(new Set(['BF16']));
    await opened.close();
    const [before, after] = [await numbers(await loadWeights(source)), await numbers(await loadWeights(to))];
    for (const [key, [, values]] of Object.entries(before) as [string, [unknown, number[]]][]) {
      const [, rounded] = after[key] as [unknown, number[]];
      const worst = Math.max(
        ...values.map((value, i) => Math.abs((rounded[i] as number) - value) / Math.abs(value || 1)),
      );
      expect(worst, key).toBeLessThanOrEqual(2 ** -8);
    }
  });
});

describe.each(llava)('%s', (name) => {
  const source = join(goldenRoot, name);

  /** A folder as a training stage leaves it: with the conversation template that the model was tuned with. */
  async function tuned(): Promise<string> {
    const folder = fresh();
    const config = await readConfigOf(source, 'model');
    const weights = await loadWeights(source);
    await saveCheckpoint(folder, config, weights, { extra: { conversation_template: 'vicuna_v1' } });
    tf.dispose(weights);
    for (const file of ['tokenizer.json', 'tokenizer_config.json', 'preprocessor_config.json']) {
      writeFileSync(join(folder, file), readFileSync(join(source, file)));
    }
    return folder;
  }

  test('the adapter alone is the same in both of its files, with the configuration that LLaVA reads', async () => {
    const to = fresh();
    const { sort, files } = await write(source, to, { adapter: true });
    expect([sort, files.map(({ path }) => path)]).toEqual([
      'adapter',
      ['README.md', 'config.json', 'mm_projector.bin', 'mm_projector.safetensors'],
    ]);
    const expected = Object.entries(await numbers(await loadAdapter(source)));
    expect(Object.entries(await numbers(await loadAdapter(to))).sort()).toEqual(expected.sort());
    const [bin, safe] = [
      await openTorchFile(join(to, 'mm_projector.bin')),
      await openSafetensors(join(to, 'mm_projector.safetensors')),
    ];
    expect([...bin.tensors.keys()].sort()).toEqual([...safe.tensors.keys()].sort());
    for (const key of safe.tensors.keys()) expect(await bin.read(key)).toEqual(await safe.read(key));
    for (const { start } of bin.tensors.values()) expect(start % 64).toBe(0);
    await Promise.all([bin.close(), safe.close()]);
    const { vision, text } = await readConfigOf(source, 'model');
    expect(JSON.parse(readFileSync(join(to, 'config.json'), 'utf8'))).toMatchObject({
      mm_projector_type: 'mlp2x_gelu',
      mm_hidden_size: vision.hidden,
      hidden_size: text.hidden,
    });
    const again = fresh();
    await write(to, again); // an exported adapter is an adapter
    expect(readFileSync(join(again, 'mm_projector.bin')).equals(readFileSync(join(to, 'mm_projector.bin')))).toBe(true);
  });

  test('the processor pads to squares, and answers end where the conversation template ends them', async () => {
    const [from, to] = [await tuned(), fresh()];
    await write(from, to);
    const image = { width: 5, height: 9, pixels: Uint8Array.from({ length: 135 }, (_, i) => (i * 37) % 256) };
    const [ours, theirs] = [await readPreprocessor(from), await readPreprocessor(to)];
    expect(preprocess(image, theirs, true)).toEqual(preprocess(image, ours, true));
    const json = (file: string): unknown => JSON.parse(readFileSync(join(to, file), 'utf8'));
    expect(json('preprocessor_config.json')).toMatchObject({
      image_processor_type: 'LlavaImageProcessor',
      do_pad: true,
    });
    const tokenizer = await loadTokenizer(to);
    const stops = (json('generation_config.json') as { eos_token_id: number | number[] }).eos_token_id;
    expect([stops].flat()).toEqual(expect.arrayContaining([...stopIds(tokenizer, 'vicuna_v1')]));
    expect(readFileSync(join(to, 'chat_template.jinja'), 'utf8')).toContain('ASSISTANT:');
    expect(encodePrompt(tokenizer, 'vicuna_v1', [{ question: 'hello' }]).length).toBeGreaterThan(0);
  });

  test('a folder with other files in it is left alone; an earlier export is replaced with force', async () => {
    const to = fresh();
    await write(source, to, { shardBytes: 50_000 });
    await expect(write(source, to)).rejects.toThrow('is not empty');
    await write(source, to, { force: true });
    expect(readdirSync(to)).toContain('model.safetensors');
    expect(readdirSync(to).filter((file) => file.includes('-of-'))).toEqual([]);
    writeFileSync(join(to, 'notes.txt'), 'mine');
    await expect(write(source, to, { force: true })).rejects.toThrow('holds notes.txt');
    expect(readdirSync(to)).toContain('model.safetensors');
    const empty = fresh();
    mkdirSync(empty);
    await write(source, empty);
    expect(readdirSync(empty)).toContain('model.safetensors');
    await expect(write(source, process.cwd(), { force: true })).rejects.toThrow('is the folder you are in');
  });

  test('what fails or is stopped leaves nothing behind', async () => {
    const broken = await tuned();
    const file = join(broken, 'model.safetensors');
    writeFileSync(file, readFileSync(file).subarray(0, -4));
    const before = readdirSync(scratch);
    await expect(write(broken, join(scratch, 'never'))).rejects.toThrow(file);
    await expect(write(source, join(scratch, 'never'), { signal: AbortSignal.abort() })).rejects.toThrow('aborted');
    expect(readdirSync(scratch)).toEqual(before);
  });

  test('a number that float16 cannot hold is named', async () => {
    const [folder, to] = [fresh(), fresh()];
    const weights = await loadWeights(source);
    const name = 'multi_modal_projector.linear_2.bias';
    const large = tf.fill((weights[name] as tf.Tensor).shape, 70_000);
    await saveCheckpoint(folder, await readConfig(source), { ...weights, [name]: large });
    for (const file of ['tokenizer.json', 'preprocessor_config.json']) {
      writeFileSync(join(folder, file), readFileSync(join(source, file)));
    }
    tf.dispose([weights, large]);
    await expect(write(folder, to, { dtype: 'float16' })).rejects.toThrow(`tensor "${name}" has 70000 at element 0`);
    await write(folder, to, { dtype: 'bfloat16' });
  });
});

test('an encoder has no adapter', async () => {
  const [encoder] = whole.filter((name) => !llava.includes(name));
  await expect(write(join(goldenRoot, encoder as string), fresh(), { adapter: true })).rejects.toThrow('no adapter');
});
