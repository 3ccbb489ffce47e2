import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { openSafetensors, openSharded } from '../../src/data/safetensors.ts';
import { type TensorToWrite, writeSafetensors } from '../../src/data/safetensors-write.ts';

const folder = mkdtempSync(join(tmpdir(), 'safetensors-'));
let files = 0;
const fresh = (): string => join(folder, `${files++}.safetensors`);

/** A file from its parts, right or wrong. */
function forge(header: unknown, data: Uint8Array, length?: bigint): string {
  const json = Buffer.from(typeof header === 'string' ? header : JSON.stringify(header));
  const prefix = Buffer.alloc(8);
  prefix.writeBigUInt64LE(length ?? BigInt(json.length));
  const file = fresh();
  writeFileSync(file, Buffer.concat([prefix, json, data]));
  return file;
}

async function readAll(file: string): Promise<Record<string, { shape: readonly number[]; values: unknown[] }>> {
  const opened = await openSafetensors(file);
  // a tensor may be called __proto__
  const out: Record<string, { shape: readonly number[]; values: unknown[] }> = Object.create(null);
  for (const name of opened.tensors.keys()) {
    const { shape, values } = await opened.read(name);
    out[name] = { shape, values: [...values] };
  }
  await opened.close();
  return out;
}

test('what is written is read back, for every kind and shape', async () => {
  const int = {
    I64: [-(2 ** 31), 2 ** 31 - 1],
    I32: [-(2 ** 31), 2 ** 31 - 1],
    U16: [0, 65535],
    U8: [0, 255],
  } as const;
  const tensor = fc
    .record({
      dtype: fc.constantFrom('F32', 'F16', 'BF16', 'I64', 'I32', 'U16', 'U8'),
      shape: fc.array(fc.integer({ min: 0, max: 4 }), { maxLength: 3 }),
      seed: fc.integer(),
    })
    .map(({ dtype, shape, seed }) => {
      const size = shape.reduce((a, b) => a * b, 1);
      const at = (i: number): number => {
        const [low, high] = int[dtype as keyof typeof int] ?? [-256, 256];
        return low + (Math.abs(Math.imul(seed, i + 1)) % (high - low + 1));
      };
      const numbers = Array.from({ length: size }, (_, i) => at(i));
      const make =
        { U8: Uint8Array, U16: Uint16Array, I32: Int32Array, I64: Int32Array }[dtype as string] ?? Float32Array;
      return { dtype: dtype as TensorToWrite['dtype'], shape, numbers, values: () => make.from(numbers) };
    });
  await fc.assert(
    fc.asyncProperty(fc.dictionary(fc.string({ minLength: 1 }), tensor, { maxKeys: 6 }), async (tensors) => {
      const names = Object.keys(tensors).filter((name) => name !== '__metadata__');
      const file = fresh();
      await writeSafetensors(
        file,
        names.map((name) => ({ name, ...(tensors[name] as NonNullable<(typeof tensors)[string]>) })),
      );
      const back = await readAll(file);
      expect(Object.keys(back).sort()).toEqual(names.sort());
      for (const name of names) {
        const { numbers, shape } = tensors[name] as NonNullable<(typeof tensors)[string]>;
        // integers up to 256 are exact in every floating-point kind
        expect(back[name]).toEqual({ shape, values: numbers });
      }
    }),
    { numRuns: 60 },
  );
});

test('the bytes do not depend on the order of the tensors, and every tensor is aligned to its kind', async () => {
  const tensors: TensorToWrite[] = [
    { name: 'bytes', dtype: 'U8', shape: [3], values: () => Uint8Array.of(1, 2, 3) },
    { name: 'b', dtype: 'F32', shape: [1], values: () => Float32Array.of(1.5) },
    { name: 'a', dtype: 'F32', shape: [2], values: () => Float32Array.of(0.1, 0.2) },
    { name: 'ids', dtype: 'I64', shape: [1], values: () => Int32Array.of(-7) },
    { name: 'half', dtype: 'F16', shape: [1], values: () => Float32Array.of(0.5) },
  ];
  const [one, two] = [fresh(), fresh()];
  await writeSafetensors(one, tensors);
  await writeSafetensors(two, tensors.toReversed());
  expect(readFileSync(one).equals(readFileSync(two))).toBe(true);
  const opened = await openSafetensors(one);
  expect([...opened.tensors.keys()]).toEqual(['ids', 'a', 'b', 'half', 'bytes']);
  expect(opened.metadata).toEqual({ format: 'pt' });
  for (const { name, start, dtype } of opened.tensors.values()) {
    expect([name, start % { I64: 8, F32: 4, F16: 2, U8: 1 }[dtype as 'F32']]).toEqual([name, 0]);
  }
  await opened.close();
});

test('a failed write leaves nothing behind', async () => {
  const before = readdirSync(folder).length;
  const broken = { name: 'x', dtype: 'F32', shape: [2], values: () => Float32Array.of(1) } as const;
  await expect(writeSafetensors(join(folder, 'broken.safetensors'), [broken])).rejects.toThrow('needs 8 bytes, got 4');
  const wrongKind = { name: 'x', dtype: 'F32', shape: [1], values: () => Int32Array.of(1) } as const;
  await expect(writeSafetensors(join(folder, 'broken.safetensors'), [wrongKind])).rejects.toThrow(
    'needs a Float32Array',
  );
  expect(readdirSync(folder).length).toBe(before);
});

const four = new Uint8Array(4);
const entry = (dtype: string, shape: unknown, offsets: unknown) => ({ dtype, shape, data_offsets: offsets });

test.each([
  [
    'an empty file',
    () => {
      const file = fresh();
      writeFileSync(file, '');
      return file;
    },
    'too few',
  ],
  ['a header longer than the file', () => forge({}, four, 5000n), 'truncated: a header of 5000 bytes'],
  ['an absurd header length', () => forge({}, four, 2n ** 60n), 'not a safetensors file'],
  ['a header that is no JSON', () => forge('{"a":', four), 'not valid JSON'],
  [
    'one name for two tensors',
    () => {
      const [first, second] = [entry('U8', [4], [0, 4]), entry('I8', [4], [0, 4])].map((one) => JSON.stringify(one));
      return forge(`{"a": ${first}, "\\u0061": ${second}}`, four);
    },
    'the key "a" stands twice',
  ],
  ['a header that is a list', () => forge('[1]', four), 'not a JSON object'],
  ['a tensor past the end', () => forge({ a: entry('F32', [2], [0, 8]) }, four), 'tensor "a" ends at byte'],
  ['offsets that contradict the shape', () => forge({ a: entry('F32', [2], [0, 4]) }, four), 'needs 8'],
  ['an unknown dtype', () => forge({ a: entry('Q4', [1], [0, 4]) }, four), 'tensor "a": dtype "Q4" is not one of'],
  ['a negative size', () => forge({ a: entry('U8', [-4], [0, 4]) }, four), '[-4] is not a shape'],
  ['a huge shape', () => forge({ a: entry('F32', [2 ** 40, 2 ** 40], [0, 4]) }, four), 'needs 4.83'],
  ['offsets that run backwards', () => forge({ a: entry('U8', [4], [4, 0]) }, four), 'tensor "a"'],
  ['missing offsets', () => forge({ a: { dtype: 'U8', shape: [4] } }, four), 'are not offsets'],
  [
    'tensors that overlap',
    () => forge({ a: entry('U8', [3], [0, 3]), b: entry('U8', [2], [2, 4]) }, four),
    '"b" overlaps tensor "a"',
  ],
  [
    'a hole',
    () => forge({ a: entry('U8', [1], [0, 1]), b: entry('U8', [2], [2, 4]) }, four),
    '1 unused bytes before tensor "b"',
  ],
  ['bytes left over', () => forge({ a: entry('U8', [1], [0, 1]) }, four), '3 bytes after the last tensor'],
  ['no file', () => join(folder, 'nowhere.safetensors'), 'there is no such file'],
])('%s is refused by name before any tensor is read', async (_, make, message) => {
  const file = make();
  const error: unknown = await openSafetensors(file).catch((thrown: unknown) => thrown);
  expect((error as Error).message).toContain(message);
  expect((error as Error).message).toContain(file);
});

test('a pipe in the place of a file is refused, and not waited for', async () => {
  const pipe = join(folder, 'pipe.safetensors');
  execFileSync('sh', ['-c', 'mkfifo "$0"', pipe]);
  await expect(openSafetensors(pipe)).rejects.toThrow(`${pipe}: it is not a file`);
});

test('a 64-bit integer that 32 bits cannot hold is an error, not another number', async () => {
  const file = forge({ n: entry('I64', [1], [0, 8]) }, Uint8Array.of(0, 0, 0, 0, 1, 0, 0, 0));
  const opened = await openSafetensors(file);
  await expect(opened.read('n')).rejects.toThrow('tensor "n" has an integer beyond 32 bits at element 0');
  await expect(opened.read('m')).rejects.toThrow('there is no tensor "m"');
  await opened.close();
});

test('doubles, small integers and booleans are widened', async () => {
  const data = new Uint8Array(8 + 4 + 2 + 2);
  const view = new DataView(data.buffer);
  view.setFloat64(0, 0.1, true);
  view.setInt16(8, -300, true);
  view.setUint16(10, 60000, true);
  data.set([1, 0, 0xff, 7], 12);
  const file = forge(
    {
      double: entry('F64', [], [0, 8]),
      short: entry('I16', [1], [8, 10]),
      word: entry('U16', [1], [10, 12]),
      flags: entry('BOOL', [2], [12, 14]),
      tiny: entry('I8', [2], [14, 16]),
    },
    data,
  );
  expect(await readAll(file)).toEqual({
    double: { shape: [], values: [Math.fround(0.1)] },
    short: { shape: [1], values: [-300] },
    word: { shape: [1], values: [60000] },
    flags: { shape: [2], values: [1, 0] },
    tiny: { shape: [2], values: [-1, 7] },
  });
});

test('tensors longer than one chunk arrive whole', async () => {
  const size = (1 << 24) / 2 + 12345;
  const values = Float32Array.from({ length: size }, (_, i) => i % 2048);
  const file = fresh();
  await writeSafetensors(file, [{ name: 'long', dtype: 'F16', shape: [size], values: () => values }]);
  const opened = await openSafetensors(file);
  const back = (await opened.read('long')).values;
  await opened.close();
  expect(Buffer.from(back.buffer, back.byteOffset, back.byteLength).equals(Buffer.from(values.buffer))).toBe(true);
});

async function shards(index: unknown): Promise<string> {
  const here = mkdtempSync(join(folder, 'shards-'));
  const one = (name: string, value: number): TensorToWrite => ({
    name,
    dtype: 'F32',
    shape: [1],
    values: () => Float32Array.of(value),
  });
  await writeSafetensors(join(here, 'model-00001-of-00002.safetensors'), [one('a', 1), one('b', 2)]);
  await writeSafetensors(join(here, 'model-00002-of-00002.safetensors'), [one('c', 3)]);
  const file = join(here, 'model.safetensors.index.json');
  writeFileSync(file, JSON.stringify(index));
  return file;
}

const first = 'model-00001-of-00002.safetensors';
const second = 'model-00002-of-00002.safetensors';

test('shards read as one file', async () => {
  const opened = await openSharded(await shards({ weight_map: { a: first, b: first, c: second } }));
  expect([...opened.tensors.keys()]).toEqual(['a', 'b', 'c']);
  expect([...(await opened.read('c')).values]).toEqual([3]);
  await opened.close();
});

test.each([
  [
    { weight_map: { a: first, b: first, c: 'model-00003-of-00003.safetensors' } },
    'model-00003-of-00003.safetensors: there is no such file',
  ],
  [{ weight_map: { a: second, b: first, c: second } }, `tensor "a" is not in ${second}, where the index has it`],
  [{ weight_map: { a: first, c: second } }, `tensor "b" of ${first} is not in the index`],
  [{ weight_map: { a: '../secret.safetensors' } }, 'is not the name of a file in this folder'],
  [{ weight_map: { a: '..' } }, 'tensor "a": ".." is not the name of a file in this folder'],
  [{}, 'no "weight_map"'],
])('an index that disagrees with its shards is refused: %j', async (index, message) => {
  await expect(openSharded(await shards(index))).rejects.toThrow(message);
});

/** MiB that a process of its own takes more at its most for opening a file, and what it says of it. */
function opening(file: string): Readonly<{ took: number; said: string }> {
  const program = `
    const { openSafetensors } = await import(${JSON.stringify(join(import.meta.dirname, '../../dist/data/safetensors.js'))});
    const peak = () => process.resourceUsage().maxRSS / 1024;
    const before = peak();
    const said = await openSafetensors(${JSON.stringify(file)}).then((opened) => [...opened.tensors.keys()].join(), (error) => error.message);
    console.log(JSON.stringify({ took: peak() - before, said }));`;
  return JSON.parse(execFileSync(process.execPath, ['--input-type=module', '-e', program], { encoding: 'utf8' }));
}

test('a header of 24 MiB that is padded, or nests, takes less memory than that', () => {
  const length = 24 << 20;
  const entry = '{"t":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}';
  const padded = opening(forge(`${entry}}`.padEnd(length), new Uint8Array(1)));
  expect(padded).toEqual({ took: expect.any(Number), said: 't' });
  const within = opening(forge(`${entry.padEnd(length - 1)}}`, new Uint8Array(1)));
  expect(within.said).toBe('t');
  const nested = opening(forge(`{"t":${'['.repeat(length)}`, new Uint8Array(1)));
  expect(nested.said).toMatch(/the header is not valid JSON: it nests deeper than 16 levels$/);
  for (const { took } of [padded, within, nested]) expect(took).toBeLessThan(16);
}, 120_000);

test('spaces inside a name count, however many', async () => {
  const name = `a${' '.repeat(3 << 20)}b`;
  const header = { [name]: { dtype: 'U8', shape: [1], data_offsets: [0, 1] } };
  expect([...(await openSafetensors(forge(header, new Uint8Array(1)))).tensors.keys()]).toEqual([name]);
});
