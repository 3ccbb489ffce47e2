import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import sharp from 'sharp';
import { beforeAll, describe, expect, test, vi } from 'vitest';
import { loadAdapter } from '../../src/data/adapter.ts';
import { loadWeights, openWeights, readConfig, readStopIds } from '../../src/data/checkpoint.ts';
import type { DecoderConfig } from '../../src/data/config.ts';
import { MAX_PIXELS, readImage } from '../../src/data/image.ts';
import { readPreprocessor } from '../../src/data/preprocess.ts';
import { openSafetensors, type TensorFile } from '../../src/data/safetensors.ts';
import { writeSafetensors } from '../../src/data/safetensors-write.ts';
import { loadTokenizer } from '../../src/data/tokenizer.ts';
import { openTorchFile } from '../../src/data/torch-file.ts';
import { openEngine } from '../../src/engine/open.ts';
import { llavaShapes } from '../../src/nn/llava.ts';
import { foldersHolding, goldenRoot } from '../parity/golden.ts';
import { altered, damaged, unlessRefused } from './damage.ts';

const scratch = mkdtempSync(join(tmpdir(), 'damage-'));

beforeAll(async () => {
  await openEngine('wasm');
});

type Numbers = Readonly<Record<string, Readonly<{ shape: readonly number[]; values: readonly number[] }>>>;

async function readAll(opened: TensorFile): Promise<Numbers> {
  try {
    const read: Record<string, Numbers[string]> = {};
    for (const name of opened.tensors.keys()) {
      const { shape, values } = await opened.read(name);
      read[name] = { shape, values: [...values] };
    }
    return read;
  } finally {
    await opened.close();
  }
}

/** What a safetensors file says, read another way. */
function asWritten(bytes: Buffer): Numbers {
  const length = Number(bytes.readBigUInt64LE());
  const header = JSON.parse(bytes.toString('utf8', 8, 8 + length)) as Record<string, Stated>;
  const { __metadata__: _, ...tensors } = header;
  const data = new DataView(bytes.buffer, bytes.byteOffset + 8 + length);
  const entries = Object.entries(tensors).map(
    ([
      name,
      {
        dtype,
        shape,
        data_offsets: [start, end],
      },
    ]) => {
      const [size, read] = readers[dtype] as Reader;
      const values = Array.from({ length: (end - start) / size }, (_, i) => read(data, start + i * size));
      return [name, { shape, values }];
    },
  );
  return Object.fromEntries(entries) as Numbers;
}

type Stated = Readonly<{ dtype: string; shape: readonly number[]; data_offsets: readonly [number, number] }>;
type Reader = readonly [size: number, read: (data: DataView, at: number) => number];

const readers: Readonly<Record<string, Reader>> = {
  F64: [8, (data, at) => Math.fround(data.getFloat64(at, true))],
  F32: [4, (data, at) => data.getFloat32(at, true)],
  F16: [2, (data, at) => half(data.getUint16(at, true))],
  BF16: [2, (data, at) => new Float32Array(Uint32Array.of(data.getUint16(at, true) << 16).buffer)[0] as number],
  I64: [8, (data, at) => Number(data.getBigInt64(at, true))],
  I32: [4, (data, at) => data.getInt32(at, true)],
  I16: [2, (data, at) => data.getInt16(at, true)],
  I8: [1, (data, at) => data.getInt8(at)],
  U32: [4, (data, at) => data.getUint32(at, true)],
  U16: [2, (data, at) => data.getUint16(at, true)],
  U8: [1, (data, at) => data.getUint8(at)],
  BOOL: [1, (data, at) => data.getUint8(at)],
};

function half(bits: number): number {
  const [sign, exponent, fraction] = [bits >> 15 === 0 ? 1 : -1, (bits >> 10) & 31, bits & 1023];
  if (exponent === 31) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  return exponent === 0 ? sign * fraction * 2 ** -24 : sign * (1024 + fraction) * 2 ** (exponent - 25);
}

async function mixedFile(file: string): Promise<Buffer> {
  await writeSafetensors(file, [
    { name: 'a.weight', dtype: 'F32', shape: [3, 4], values: () => Float32Array.from({ length: 12 }, (_, i) => i / 7) },
    { name: 'b', dtype: 'F16', shape: [5], values: () => Float32Array.of(1, -2, 0.5, 6e-8, 60_000) },
    { name: 'c', dtype: 'BF16', shape: [2, 1, 2], values: () => Float32Array.of(1, 2, -3, 1e30) },
    { name: 'ids', dtype: 'I64', shape: [3], values: () => Int32Array.of(-1, 0, 70_000) },
    { name: 'none', dtype: 'U8', shape: [0, 7], values: () => new Uint8Array(0) },
  ]);
  return readFileSync(file);
}

describe('a damaged safetensors file is refused by name, or read as what it says', () => {
  const file = join(scratch, 'mixed.safetensors');

  const holds = async (bytes: Buffer): Promise<void> => {
    writeFileSync(file, bytes);
    const read = await unlessRefused(async () => readAll(await openSafetensors(file)), file);
    if (read !== undefined) expect(read).toEqual(asWritten(bytes));
  };

  test('whatever happened to its bytes', async () => {
    const whole = await mixedFile(join(scratch, 'whole.safetensors'));
    await holds(whole);
    const header = 8 + Number(whole.readBigUInt64LE());
    await fc.assert(fc.asyncProperty(damaged(whole, header), holds), { numRuns: 300 });
  });

  test('whatever its header says', async () => {
    const whole = await mixedFile(join(scratch, 'whole.safetensors'));
    const length = Number(whole.readBigUInt64LE());
    const header: unknown = JSON.parse(whole.toString('utf8', 8, 8 + length));
    const lying = altered(header).map((json) => {
      const text = Buffer.from(JSON.stringify(json) ?? '');
      const prefix = Buffer.alloc(8);
      prefix.writeBigUInt64LE(BigInt(text.length));
      return Buffer.concat([prefix, text, whole.subarray(8 + length)]);
    });
    await fc.assert(fc.asyncProperty(lying, holds), { numRuns: 300 });
  });
});

/** A checkpoint in two shards with their index. */
async function sharded(): Promise<Readonly<{ folder: string; index: unknown; numbers: Numbers }>> {
  const folder = join(scratch, 'sharded');
  mkdirSync(folder, { recursive: true });
  const tensor = (name: string, at: number) => {
    return { name, dtype: 'F32' as const, shape: [2], values: () => Float32Array.of(at, at + 0.5) };
  };
  await writeSafetensors(join(folder, 'model-00001-of-00002.safetensors'), [tensor('a', 1), tensor('b', 2)]);
  await writeSafetensors(join(folder, 'model-00002-of-00002.safetensors'), [tensor('c', 3)]);
  const [first, second] = readdirSync(folder).sort();
  const index = { metadata: { total_size: 24 }, weight_map: { a: first, b: first, c: second } };
  const numbers = Object.fromEntries(
    ['a', 'b', 'c'].map((name, i) => [name, { shape: [2], values: [i + 1, i + 1.5] }]),
  );
  return { folder, index, numbers };
}

test('an index gives the tensors that its shards have, or is refused', async () => {
  const { folder, index, numbers } = await sharded();
  await fc.assert(
    fc.asyncProperty(altered(index), async (json) => {
      writeFileSync(join(folder, 'model.safetensors.index.json'), JSON.stringify(json) ?? '');
      const read = await unlessRefused(async () => readAll(await openWeights(folder)), folder);
      for (const [name, one] of Object.entries(read ?? {})) expect(one).toEqual(numbers[name]);
    }),
    { numRuns: 300 },
  );
});

describe.each(foldersHolding('mm_projector.bin'))('%s/mm_projector.bin', (name) => {
  const whole = readFileSync(join(goldenRoot, name, 'mm_projector.bin'));
  const file = join(scratch, `${name}.bin`);

  test('however damaged, gives the numbers that were saved or is refused; nothing in it runs', async () => {
    const saved = await readAll(await openTorchFile(join(goldenRoot, name, 'mm_projector.bin')));
    const holds = async (bytes: Buffer): Promise<void> => {
      writeFileSync(file, bytes);
      const read = await unlessRefused(async () => readAll(await openTorchFile(file)), file);
      if (read !== undefined) expect(read).toEqual(saved);
    };
    const directory = whole.length - whole.readUInt32LE(whole.length - 6);
    const fromEnd = (bytes: Buffer): Buffer => Buffer.from(bytes).reverse();
    const pickle = 4096;
    await fc.assert(fc.asyncProperty(damaged(whole, pickle), holds), { numRuns: 200 });
    await fc.assert(fc.asyncProperty(damaged(fromEnd(whole), directory).map(fromEnd), holds), { numRuns: 200 });
  });

  test('with a damaged pickle whose checksum is right, gives tensors within the file or is refused', async () => {
    const [start, length] = pickleOf(whole);
    const pickle = whole.subarray(start, start + length);
    const changed = damaged(pickle).filter((bytes) => bytes.length === pickle.length);
    await fc.assert(
      fc.asyncProperty(changed, async (bytes) => {
        const copy = withoutChecksums(whole);
        copy.set(bytes, start);
        writeFileSync(file, copy);
        const read = await unlessRefused(async () => readAll(await openTorchFile(file)), file);
        const elements = Object.values(read ?? {}).reduce((sum, { values }) => sum + values.length, 0);
        expect(elements).toBeLessThan(copy.length);
      }),
      { numRuns: 400 },
    );
  });
});

/** Where data.pkl lies in an archive: start and length. */
function pickleOf(archive: Buffer): readonly [number, number] {
  const [entry] = directoryOf(archive).filter(({ name }) => name.endsWith('/data.pkl'));
  if (entry === undefined) throw new Error('no data.pkl');
  const header = archive.readUInt32LE(entry.at + 42);
  const start = header + 30 + archive.readUInt16LE(header + 26) + archive.readUInt16LE(header + 28);
  return [start, archive.readUInt32LE(entry.at + 24)];
}

function directoryOf(archive: Buffer): readonly Readonly<{ at: number; name: string }>[] {
  const end = archive.lastIndexOf('PK\x05\x06', undefined, 'latin1');
  const entries: { at: number; name: string }[] = [];
  for (let at = archive.readUInt32LE(end + 16); archive.readUInt32LE(at) === 0x02014b50; ) {
    const [name, extra, comment] = [28, 30, 32].map((offset) => archive.readUInt16LE(at + offset)) as number[];
    entries.push({ at, name: archive.toString('utf8', at + 46, at + 46 + (name as number)) });
    at += 46 + (name as number) + (extra as number) + (comment as number);
  }
  return entries;
}

/** As torch writes a file when it is told not to compute them. */
function withoutChecksums(archive: Buffer): Buffer {
  const copy = Buffer.from(archive);
  for (const { at } of directoryOf(archive)) copy.writeUInt32LE(0, at + 16);
  return copy;
}

/** A golden checkpoint with one of its JSON files altered. */
function withFile(name: string, file: string): Readonly<{ folder: string; json: unknown; write(json: unknown): void }> {
  const folder = join(scratch, `${name}-${file}`);
  cpSync(join(goldenRoot, name), folder, { recursive: true });
  const json: unknown = JSON.parse(readFileSync(join(folder, file), 'utf8'));
  return { folder, json, write: (value) => writeFileSync(join(folder, file), JSON.stringify(value) ?? '') };
}

const [llava] = foldersHolding('mm_projector.bin') as [string];

describe('a checkpoint whose other files are wrong is refused by name, or loads as what it then is', () => {
  test('config.json: the weights fit it, or what does not is named', async () => {
    const { folder, json, write } = withFile(llava, 'config.json');
    await fc.assert(
      fc.asyncProperty(altered(json), async (value) => {
        write(value);
        const before = tf.memory().numTensors;
        const weights = await unlessRefused(async () => {
          const config = await readConfig(folder);
          return config.family === 'llava' ? loadWeights(folder, { expect: llavaShapes(config) }) : undefined;
        }, folder);
        for (const tensor of Object.values(weights ?? {})) expect(tensor.dtype).toBe('float32');
        tf.dispose(weights ?? {});
        expect(tf.memory().numTensors).toBe(before);
      }),
      { numRuns: 120 },
    );
  });

  test('generation_config.json', async () => {
    const { folder, json, write } = withFile(llava, 'generation_config.json');
    const config = { eos: [2] } as unknown as DecoderConfig;
    await fc.assert(
      fc.asyncProperty(altered(json), async (value) => {
        write(value);
        const ids = await unlessRefused(() => readStopIds(folder, config), folder);
        expect((ids ?? []).every((id) => Number.isSafeInteger(id))).toBe(true);
      }),
    );
  });

  test('preprocessor_config.json: numbers that can be computed with', async () => {
    const { folder, json, write } = withFile(llava, 'preprocessor_config.json');
    await fc.assert(
      fc.asyncProperty(altered(json), async (value) => {
        write(value);
        const how = await unlessRefused(() => readPreprocessor(folder), folder);
        if (how === undefined) return;
        const sizes = [how.crop, how.resize].flatMap((size) => Object.values(size ?? {}));
        expect(sizes.every((size) => Number.isSafeInteger(size) && size > 0 && size <= 16_384)).toBe(true);
        expect((how.normalise?.std ?? []).every((std) => std > 0)).toBe(true);
      }),
      { numRuns: 200 },
    );
  });

  test('tokenizer.json: ids of its own vocabulary', async () => {
    vi.spyOn(console, 'warn').mockReturnValue(undefined); // the library thinks aloud
    const { folder, json, write } = withFile(llava, 'tokenizer.json');
    const { model, ...rest } = json as { model: { vocab: object; merges: unknown[] } };
    const small = { ...rest, model: { ...model, merges: model.merges.slice(0, 20) } };
    await fc.assert(
      fc.asyncProperty(altered(small), async (value) => {
        write(value);
        await unlessRefused(async () => {
          const tokenizer = await loadTokenizer(folder);
          const ids = tokenizer.encode('a red boat, 12 fish </s>');
          expect(ids.every((id) => Number.isInteger(id) && id >= 0 && id < tokenizer.vocabSize)).toBe(true);
          tokenizer.decode(ids);
        }, folder);
      }),
      { numRuns: 60 },
    );
  });
});

test('weights stored as integers are refused by name', async () => {
  const folder = join(scratch, 'integers');
  mkdirSync(folder);
  const file = join(folder, 'model.safetensors');
  await writeSafetensors(file, [{ name: 'a', dtype: 'I32', shape: [2], values: () => Int32Array.of(1, 2) }]);
  const work = () => loadWeights(folder, { expect: { a: [2] } });
  await expect(work()).rejects.toThrow(`${file}: tensor "a" is I32, but weights are floating-point numbers`);
});

test.each([
  ['F32', Number.NaN, 'NaN'],
  ['F16', Number.POSITIVE_INFINITY, 'infinity'],
  ['BF16', Number.NEGATIVE_INFINITY, '-infinity'],
] as const)('weights with a number that is none are refused by name: %s, %s', async (dtype, value, told) => {
  const folder = mkdtempSync(join(scratch, 'unfinite-'));
  const file = join(folder, 'model.safetensors');
  const values = () => Float32Array.of(1, -1e4, 0, 0, value, 6e-5);
  await writeSafetensors(file, [
    { name: 'fine', dtype, shape: [1], values: () => Float32Array.of(-2) },
    { name: 'spoilt', dtype, shape: [2, 3], values },
  ]);
  const before = tf.memory().numTensors;
  await expect(loadWeights(folder, { expect: { fine: [1], spoilt: [2, 3] } })).rejects.toThrow(
    `${file}: tensor "spoilt" has ${told} at element 4; weights are finite numbers`,
  );
  expect(tf.memory().numTensors).toBe(before);
});

test('an adapter with a number that is none is refused by name', async () => {
  const folder = mkdtempSync(join(scratch, 'unfinite-'));
  const file = join(folder, 'mm_projector.safetensors');
  await writeSafetensors(
    file,
    [0, 2].flatMap((layer) => [
      {
        name: `model.mm_projector.${layer}.weight`,
        dtype: 'F32' as const,
        shape: [1, 1],
        values: () => Float32Array.of(1),
      },
      {
        name: `model.mm_projector.${layer}.bias`,
        dtype: 'F32' as const,
        shape: [1],
        values: () => Float32Array.of(layer / 0),
      },
    ]),
  );
  await expect(loadAdapter(folder)).rejects.toThrow(`${file}: tensor "model.mm_projector.0.bias" has NaN at element 0`);
});

test.each(['png', 'jpeg', 'webp'] as const)(
  'a damaged %s is an image that fits its size, or refused',
  async (format) => {
    const file = join(scratch, `picture.${format}`);
    const pixels = Buffer.from(Array.from({ length: 24 * 18 * 3 }, (_, i) => (i * 37) % 251));
    const whole = await sharp(pixels, { raw: { width: 24, height: 18, channels: 3 } })
      .toFormat(format)
      .toBuffer();
    await fc.assert(
      fc.asyncProperty(damaged(whole, 200), async (bytes) => {
        writeFileSync(file, bytes);
        const image = await unlessRefused(() => readImage(file), file);
        if (image === undefined) return;
        expect(image.pixels.length).toBe(image.width * image.height * 3);
        expect(image.width * image.height).toBeLessThan(MAX_PIXELS);
      }),
      { numRuns: 150 },
    );
  },
);

test('a drawing, a folder and an image with a very long side are no images', async () => {
  const files = {
    'drawing.png': Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="8" height="8"><rect width="8"/></svg>'),
    'long.png': await sharp({ create: { width: 20_000, height: 1, channels: 3, background: 'red' } })
      .png()
      .toBuffer(),
  };
  for (const [name, bytes] of Object.entries(files)) writeFileSync(join(scratch, name), bytes);
  mkdirSync(join(scratch, 'folder.png'));
  for (const name of [...Object.keys(files), 'folder.png']) {
    const file = join(scratch, name);
    expect(await unlessRefused(() => readImage(file), file)).toBeUndefined();
  }
});
