import { mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { type FeatureWork, openFeatures, writeFeatures } from '../../src/data/features.ts';
import { openLabels, writeLabels } from '../../src/data/labels.ts';
import { stream } from '../../src/data/random.ts';
import { openSafetensors } from '../../src/data/safetensors.ts';

const fresh = (): string => mkdtempSync(join(tmpdir(), 'shards-'));
const [tokens, dim, count] = [4, 10, 100];
const shardBytes = 40 * 4 * tokens * dim; // 40 images a file: three files
const images = Array.from({ length: count }, (_, i) => `${i}.png`);
const valueAt = (image: number, element: number): number => Math.fround(image + element / 1024);

function work(folder: string, more: Partial<FeatureWork> = {}): FeatureWork {
  const produce = async (start: number, length: number): Promise<Float32Array> =>
    Float32Array.from({ length: length * tokens * dim }, (_, i) =>
      valueAt(start + Math.floor(i / (tokens * dim)), i % (tokens * dim)),
    );
  return {
    folder,
    images,
    tokens,
    dim,
    layer: -2,
    grid: [2, 2],
    shardBytes,
    produce,
    signal: new AbortController().signal,
    ...more,
  };
}

/** The same work, noting where each file begins that is made. */
function noted(folder: string): { starts: number[]; work: FeatureWork } {
  const starts: number[] = [];
  const { produce } = work(folder);
  const noting = (start: number, length: number): Promise<Float32Array> => {
    starts.push(start);
    return produce(start, length);
  };
  return { starts, work: work(folder, { produce: noting }) };
}

const contents = (folder: string): Record<string, string> =>
  Object.fromEntries(
    readdirSync(folder)
      .sort()
      .map((name) => [name, readFileSync(join(folder, name)).toString('base64').slice(0, 100)]),
  );

test('features are read back image by image, in any order', async () => {
  const folder = fresh();
  await writeFeatures(work(folder));
  const features = await openFeatures(folder);
  expect(features.manifest.shards.length).toBe(3);
  const target = new Float32Array(2 * tokens * dim);
  for (const image of stream(1, 'order').sample(images, 50)) {
    const index = features.indexOf(image) as number;
    features.rows.readInto(target, tokens * dim, index);
    expect([target[0], target[tokens * dim], target.at(-1)]).toEqual([
      0,
      valueAt(index, 0),
      valueAt(index, tokens * dim - 1),
    ]);
  }
  expect(features.indexOf('nowhere.png')).toBeUndefined();
  expect(() => features.rows.readInto(target, 0, count)).toThrow(`item ${count} of ${count}`);
  expect(() => features.rows.readInto(new Int32Array(tokens * dim), 0, 0)).toThrow('F32 "features" into Int32Array');
  features.close();
});

test('mean and deviation are those of every dimension over images and tokens', async () => {
  const folder = fresh();
  const values = Float32Array.of(1, 10, 3, 10, 5, 10, 7, 10);
  await writeFeatures({
    ...work(folder),
    images: ['a', 'b'],
    tokens: 2,
    dim: 2,
    grid: [1, 2],
    produce: async () => values,
  });
  const { manifest, close } = await openFeatures(folder);
  close();
  expect(manifest.mean).toEqual([4, 10]);
  expect(manifest.std[0]).toBeCloseTo(Math.sqrt(5), 12);
  expect(manifest.std[1]).toBe(0);
});

test('work that was stopped goes on behind the last whole file and ends with the same bytes', async () => {
  const [whole, broken] = [fresh(), fresh()];
  await writeFeatures(work(whole));
  const controller = new AbortController();
  const stopped = work(broken, {
    signal: controller.signal,
    progress: () => controller.abort(new Error('stopped by the user')),
  });
  await expect(writeFeatures(stopped)).rejects.toThrow('stopped by the user');
  expect(readdirSync(broken)).toEqual(['features-00000.safetensors']);
  const again = noted(broken);
  await writeFeatures(again.work);
  expect(again.starts).toEqual([40, 80]);
  expect(contents(broken)).toEqual(contents(whole));
});

test('half a file that a killed run left beside the whole ones is not part of the result', async () => {
  const [whole, broken] = [fresh(), fresh()];
  await writeFeatures(work(whole));
  writeFileSync(join(broken, 'features-00001.safetensors.4711.tmp'), 'half');
  await writeFeatures(work(broken));
  expect(contents(broken)).toEqual(contents(whole));
});

test('a file that was cut short is made again', async () => {
  const folder = fresh();
  await writeFeatures(work(folder));
  truncateSync(join(folder, 'features-00001.safetensors'), 500);
  await expect(openFeatures(folder)).rejects.toThrow('features-00001.safetensors: truncated');
  const again = noted(folder);
  await writeFeatures(again.work);
  expect(again.starts).toEqual([40]);
  (await openFeatures(folder)).close();
});

test('a folder without its manifest, or with another one, is refused by name', async () => {
  const folder = fresh();
  await writeFeatures(work(folder, { images: images.slice(0, 3) }));
  writeFileSync(join(folder, 'manifest.json'), '{"images": []}');
  await expect(openFeatures(folder)).rejects.toThrow('it has no "images" or no "shards"');
  rmSync(join(folder, 'manifest.json'));
  await expect(openFeatures(folder)).rejects.toThrow('manifest.json');
});

test('more files than are kept open are read in any order', async () => {
  const folder = fresh();
  await writeFeatures(work(folder, { shardBytes: 4 * tokens * dim }));
  const features = await openFeatures(folder);
  expect(features.manifest.shards.length).toBe(count);
  const target = new Float32Array(tokens * dim);
  for (const image of stream(2, 'order').shuffle([...images, ...images])) {
    features.rows.readInto(target, 0, features.indexOf(image) as number);
    expect(target[3]).toBe(valueAt(Number.parseInt(image, 10), 3));
  }
  features.close();
});

const none = new AbortController().signal;
const about = {
  words: ['dog', 'cat'],
  top: 2,
  readout: 'surgery',
  sign: 1 as const,
  grid: [1, 2] as const,
  images: ['a', 'b'],
};
const made = {
  words: Int32Array.of(0, 1, 1, -1, 1, 0, -1, -1),
  scores: Float32Array.of(0.5, 0.25, 0.125, 0, 1, 0.5, 0, 0),
};

async function readLabels(folder: string, image: string) {
  const labels = await openLabels(folder);
  const [words, nearest, scores] = [new Int32Array(4), new Int32Array(4), new Float32Array(4)];
  for (const [rows, target] of [
    [labels.words, words],
    [labels.nearest, nearest],
    [labels.scores, scores],
  ] as const)
    rows.readInto(target, 0, labels.indexOf(image) as number);
  labels.close();
  return { labels, words: [...words], nearest: [...nearest], scores: [...scores] };
}

test('labels keep their words, scores and what they were made with', async () => {
  const folder = fresh();
  await writeLabels({ folder, about, produce: async () => made, signal: none });
  const { labels, words, scores } = await readLabels(folder, 'b');
  expect(words).toEqual([1, 0, -1, -1]);
  expect(scores).toEqual([1, 0.5, 0, 0]);
  expect(labels.manifest).toMatchObject(about);
  expect(labels.words.shape).toEqual([2, 2]);
});

test('words of a score below the least one are read as none, and stay in the file', async () => {
  const folder = fresh();
  await writeLabels({ folder, about: { ...about, minScore: 0.25 }, produce: async () => made, signal: none });
  const { words, nearest, scores } = await readLabels(folder, 'a');
  expect(words).toEqual([0, 1, -1, -1]);
  expect(nearest).toEqual([0, 1, 1, -1]);
  expect(scores).toEqual([0.5, 0.25, 0.125, 0]);
});

test.each([
  [65_535, 'U16'],
  [65_536, 'I32'],
] as const)('of a list of %i words indices are stored as %s', async (length, dtype) => {
  const folder = fresh();
  const words = Array.from({ length }, (_, i) => `${i}`);
  const last = { ...made, words: Int32Array.of(length - 1, 0, 1, -1, 1, length - 1, -1, -1) };
  await writeLabels({ folder, about: { ...about, words }, produce: async () => last, signal: none });
  const file = await openSafetensors(join(folder, 'labels-00000.safetensors'));
  await file.close();
  expect(file.tensors.get('words')?.dtype).toBe(dtype);
  expect(file.tensors.get('scores')?.dtype).toBe('F16');
  expect((await readLabels(folder, 'a')).words).toEqual([length - 1, 0, 1, -1]);
});

test.each([
  ['top', 0, '"top" is 0'],
  ['grid', [2], '"grid" is [2], not [height, width]'],
  ['words', 'dog', '"words" is no list of words'],
  ['sign', 0, '"sign" is 0, not 1 or -1'],
  ['minScore', 'low', '"minScore" is "low", not a number'],
  ['top', 3, 'words of an image are 2 x 2, but grid and top say 2 x 3'],
])('labels whose manifest has %s %j are refused', async (name, value, message) => {
  const folder = fresh();
  await writeLabels({ folder, about, produce: async () => made, signal: none });
  const manifest = JSON.parse(readFileSync(join(folder, 'manifest.json'), 'utf8')) as object;
  writeFileSync(join(folder, 'manifest.json'), JSON.stringify({ ...manifest, [name]: value }));
  await expect(openLabels(folder)).rejects.toThrow(message);
});
