import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openTorchFile } from '../../src/data/torch-file.ts';
import { foldersHolding, goldenRoot } from '../parity/golden.ts';

const scratch = mkdtempSync(join(tmpdir(), 'torch-'));
let files = 0;

/** A zip archive without compression. */
function zip(entries: Readonly<Record<string, Buffer>>, method = 0): string {
  const parts: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  for (const [name, data] of Object.entries(entries)) {
    const local = Buffer.alloc(30);
    local.writeUInt32LE(0x04034b50);
    local.writeUInt16LE(method, 8);
    local.writeUInt32LE(data.length, 18);
    local.writeUInt32LE(data.length, 22);
    local.writeUInt16LE(name.length, 26);
    const central = Buffer.alloc(46);
    central.writeUInt32LE(0x02014b50);
    central.writeUInt16LE(method, 10);
    central.writeUInt32LE(data.length, 20);
    central.writeUInt32LE(data.length, 24);
    central.writeUInt16LE(name.length, 28);
    central.writeUInt32LE(offset, 42);
    directory.push(central, Buffer.from(name));
    parts.push(local, Buffer.from(name), data);
    offset += 30 + name.length + data.length;
  }
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50);
  end.writeUInt16LE(Object.keys(entries).length, 10);
  end.writeUInt32LE(Buffer.concat(directory).length, 12);
  end.writeUInt32LE(offset, 16);
  const file = join(scratch, `${files++}.bin`);
  writeFileSync(file, Buffer.concat([...parts, ...directory, end]));
  return file;
}

const global = (module: string, name: string): string => `c${module}\n${name}\n`;
const string = (text: string): string => `X${String.fromCharCode(text.length)}\0\0\0${text}`;
const byte = (value: number): string => `K${String.fromCharCode(value)}`;

/** A pickle of {"w": tensor} as torch writes it. */
function pickled(type: string, length: number, shape: number[], strides: number[], offset = 0): Buffer {
  const tuple = (items: number[]): string => `(${items.map(byte).join('')}t`;
  const storage = `(${string('storage')}${global('torch', type)}${string('0')}${string('cpu')}${byte(length)}tQ`;
  const tensor = `${global('torch._utils', '_rebuild_tensor_v2')}(${storage}${byte(offset)}${tuple(shape)}${tuple(strides)}\x89${global('collections', 'OrderedDict')})RtR`;
  return Buffer.from(`\x80\x02}(${string('w')}${tensor}u.`, 'latin1');
}

const numbers = Buffer.from(Float32Array.of(1, 2, 3, 4, 5, 6).buffer);

test('a pickle that is longer than any dictionary of tensors is refused before it is run', async () => {
  const marks = Buffer.concat([Buffer.from('\x80\x02', 'latin1'), Buffer.alloc(9 << 20, '(')]);
  const file = zip({ 'm/data.pkl': marks });
  await expect(openTorchFile(file)).rejects.toThrow(`${file}: a pickle of ${marks.length} bytes is too long`);
});

test('a tensor is read from its place in the storage', async () => {
  const file = zip({
    'm/data.pkl': pickled('FloatStorage', 6, [2, 2], [2, 1], 2),
    'm/byteorder': Buffer.from('little'),
    'm/data/0': numbers,
  });
  const opened = await openTorchFile(file);
  const { shape, values } = await opened.read('w');
  expect([shape, [...values]]).toEqual([
    [2, 2],
    [3, 4, 5, 6],
  ]);
  await opened.close();
});

const evil = Buffer.from(`\x80\x02${global('posix', 'system')}(${string('echo owned')}tR.`, 'latin1');

test.each([
  ['a call of anything else', () => zip({ 'm/data.pkl': evil }), 'it refers to posix.system, which is not run'],
  [
    'an unknown opcode',
    () => zip({ 'm/data.pkl': Buffer.from('\x80\x02\x93.', 'latin1') }),
    'opcode 0x93 is not supported',
  ],
  [
    'a pickle that ends early',
    () => zip({ 'm/data.pkl': pickled('FloatStorage', 6, [6], [1]).subarray(0, 40) }),
    'truncated',
  ],
  [
    'a pickle of something else',
    () => zip({ 'm/data.pkl': Buffer.from('\x80\x02K\x01.', 'latin1') }),
    'does not hold a dictionary',
  ],
  [
    'a view beyond its storage',
    () => zip({ 'm/data.pkl': pickled('FloatStorage', 6, [7], [1]), 'm/data/0': numbers }),
    'needs more than the 24 bytes',
  ],
  [
    'a transposed tensor',
    () => zip({ 'm/data.pkl': pickled('FloatStorage', 6, [2, 3], [1, 2]), 'm/data/0': numbers }),
    'not stored row by row',
  ],
  [
    'a storage that is missing',
    () => zip({ 'm/data.pkl': pickled('FloatStorage', 6, [6], [1]) }),
    'storage 0 is missing',
  ],
  ['compressed entries', () => zip({ 'm/data.pkl': pickled('FloatStorage', 6, [6], [1]) }, 8), 'is compressed'],
  [
    'another byte order',
    () => zip({ 'm/data.pkl': pickled('FloatStorage', 6, [6], [1]), 'm/byteorder': Buffer.from('big') }),
    'byte order is "big"',
  ],
  [
    'a file that is no archive',
    () => {
      const file = join(scratch, 'text.bin');
      writeFileSync(file, 'hello');
      return file;
    },
    'not a zip archive',
  ],
])('%s is refused, naming the file', async (_, make, message) => {
  const file = make();
  const error = await openTorchFile(file).catch((thrown: unknown) => thrown as Error);
  expect((error as Error).message).toContain(message);
  expect((error as Error).message).toContain(file);
});

test.each(foldersHolding('mm_projector.bin'))('%s: a file cut anywhere is refused', async (name) => {
  const whole = readFileSync(join(goldenRoot, name, 'mm_projector.bin'));
  for (const share of [0.1, 0.5, 0.9, 0.999]) {
    const file = join(scratch, `cut-${share}.bin`);
    writeFileSync(file, whole.subarray(0, Math.floor(whole.length * share)));
    await expect(openTorchFile(file)).rejects.toThrow(file);
  }
});
