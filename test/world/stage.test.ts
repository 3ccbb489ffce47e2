import { mkdir, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { sha256 } from '../../src/hash.ts';
import { portsOf } from '../../src/stages/kind.ts';
import { type Params, world } from '../../src/stages/world/kind.ts';
import { run } from '../../src/stages/world/run.ts';
import { WORDS } from '../../src/world/vocabulary.ts';

let root: string;
let made = 0;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'world-'));
});
afterAll(() => rm(root, { recursive: true }));

/** Runs the stage and gives its outputs' paths. */
async function make(params: Params, signal = new AbortController().signal) {
  const scratch = join(root, String(made++));
  const output = Object.fromEntries(
    Object.keys(portsOf(world.outputs, params)).map((port) => [port, join(scratch, port)]),
  );
  await mkdir(scratch);
  const steps: number[] = [];
  const progress = (step: number) => void steps.push(step);
  const metrics = await run({
    params,
    input: {},
    output,
    scratch,
    replies: join(scratch, 'replies'),
    signal,
    progress,
    assist: false,
    share: () => {},
    log: () => {},
    logFile: join(scratch, 'log'),
  });
  return { output, metrics, steps };
}

const json = async (...path: string[]) => JSON.parse(await readFile(join(...path), 'utf8'));
const lines = async (...path: string[]) =>
  (await readFile(join(...path), 'utf8'))
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));

/** Digest of every file below a folder, by name. */
async function digests(folder: string): Promise<Record<string, string>> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  const pairs = files.map(async (file) => [file.slice(folder.length), sha256(await readFile(file))] as const);
  return Object.fromEntries((await Promise.all(pairs)).sort(([a], [b]) => (a < b ? -1 : 1)));
}

describe('the parameters of a world', () => {
  const validate = new Ajv2020({ strict: true }).compile(world.params);

  test('are accepted where what is made takes them', () => {
    expect(validate({ make: 'pairs', seed: 7, images: 100, captionsPerImage: 2 })).toBe(true);
    expect(validate({ make: 'benchmarks', split: 'dev', scale: 0.5 })).toBe(true);
  });

  test('are refused where what is made does not take them', () => {
    expect(validate({ make: 'corpus', captionsPerImage: 2 })).toBe(false);
    expect(validate({ make: 'captions', split: 'dev' })).toBe(false);
    expect(validate({ make: 'pairs', size: 60 })).toBe(false);
    expect(validate({ images: 4 })).toBe(false);
  });

  test('enter the identity with their defaults', () => {
    expect(world.identity?.({ make: 'captions', seed: 7 })).toEqual(
      world.identity?.({ make: 'captions', seed: 7, images: 4000, size: 64, patch: 8 }),
    );
    expect(world.identity?.({ make: 'captions', seed: 7 })).not.toEqual(
      world.identity?.({ make: 'captions', seed: 8 }),
    );
  });
});

describe('the stage', () => {
  test('writes image-caption pairs with an id for each caption, and the word list', async () => {
    const { output, metrics } = await make({ make: 'pairs', seed: 7, images: 70, captionsPerImage: 3 });
    const chat = await json(output['data'] ?? '', 'chat.json');
    expect(chat).toHaveLength(210);
    expect(new Set(chat.map((record: { id: string }) => record.id)).size).toBe(210);
    expect(await readdir(join(output['data'] ?? '', 'images'))).toHaveLength(70);
    expect(metrics).toEqual({ images: 70, questions: 210 });
    expect(await readFile(output['words'] ?? '', 'utf8')).toBe(`${WORDS.join('\n')}\n`);
  });

  test('writes conversations whose images exist, and the truth of each', async () => {
    const { output, steps } = await make({ make: 'instructions', seed: 7, images: 70 });
    const chat = await json(output['data'] ?? '', 'chat.json');
    const truth = await lines(output['truth'] ?? '', 'truth.jsonl');
    expect(truth.map((row) => row.image)).toEqual(chat.map((record: { image: string }) => record.image));
    for (const record of chat.slice(0, 5)) {
      const image = await sharp(join(output['data'] ?? '', 'images', record.image)).metadata();
      expect(image).toMatchObject({ width: 64, height: 64, format: 'png' });
    }
    for (const row of truth) expect(row.patches).toHaveLength(64);
    expect(steps).toEqual([64, 70]);
  });

  test('writes the same bytes again, and the first items of a larger set', async () => {
    const params = { make: 'captions', seed: 7, images: 20 } as const;
    const [first, again, larger] = [await make(params), await make(params), await make({ ...params, images: 30 })];
    expect(await digests(again.output['data'] ?? '')).toEqual(await digests(first.output['data'] ?? ''));
    const few = await json(first.output['data'] ?? '', 'chat.json');
    const many = await json(larger.output['data'] ?? '', 'chat.json');
    expect(many.slice(0, 20)).toEqual(few);
    const { '/chat.json': _, ...images } = await digests(first.output['data'] ?? '');
    expect(await digests(larger.output['data'] ?? '')).toMatchObject(images);
  });

  test('writes a corpus with held-out questions of every family', async () => {
    const { output, metrics } = await make({ make: 'corpus', seed: 7, documents: 50, heldOut: 3 });
    const train = await lines(output['corpus'] ?? '', 'train.jsonl');
    const held = await lines(output['corpus'] ?? '', 'heldout.jsonl');
    expect(train).toHaveLength(50);
    expect(metrics['characters']).toBe(train.reduce((sum, row) => sum + row.text.length, 0));
    expect(held.map((row) => row.family).filter((_, i) => i % 3 === 0)).toEqual([
      'vqav2',
      'textvqa',
      'gqa',
      'scienceqa',
      'mmbench',
      'pope',
      'vizwiz',
      'mmvet',
      'mmlu',
    ]);
    for (const row of held) expect(train.map((each) => each.text)).not.toContain(row.text);
  });

  test.each([
    [{ make: 'pairs', seed: 7, images: 3 }, '20699c5ae2679e73'],
    [{ make: 'captions', seed: 7, images: 3 }, 'b85d9ee40bf46b1d'],
    [{ make: 'instructions', seed: 7, images: 3 }, '81a9b72390fa4bbc'],
    [{ make: 'corpus', seed: 7, documents: 5, heldOut: 1 }, '698a045d344986df'],
    [{ make: 'benchmarks', seed: 7, scale: 0.02 }, '8ba186745206c555'],
  ] as const)(
    'makes of %j what version 2 always made (raise the version when this changes)',
    async (params, digest) => {
      const { output } = await make(params);
      const folders = Object.values(output).filter((path) => !path.endsWith('words'));
      const made = await Promise.all(folders.map(digests));
      expect(world.version).toBe(2);
      expect(sha256(JSON.stringify(made)).slice(0, 16)).toBe(digest);
    },
  );

  test('reports the metrics that its kind declares', async () => {
    for (const params of [
      { make: 'captions', images: 2 },
      { make: 'corpus', documents: 2, heldOut: 1 },
      { make: 'benchmarks', scale: 0.01 },
    ] as const) {
      expect(Object.keys((await make(params)).metrics)).toEqual(world.metrics?.(params));
    }
  });

  test('stops when it is told to', async () => {
    const stop = new AbortController();
    stop.abort(new Error('stopped'));
    await expect(make({ make: 'pairs', images: 10 }, stop.signal)).rejects.toThrow('stopped');
  });
});
