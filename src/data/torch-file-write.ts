import { type FileHandle, open, rename, rm } from 'node:fs/promises';
import { crc32 } from 'node:zlib';
import { byteLength, encodeTensor, type TensorToWrite, writeFully } from './safetensors-write.ts';

/**
 * Writes a file of `torch.save` with a dictionary of floating-point tensors, under its final name by rename, one tensor
 * in memory at a time. For small files such as adapters: a zip archive without 64-bit positions ends at 4 GB.
 */
export async function writeTorchFile(file: string, tensors: readonly TensorToWrite[]): Promise<void> {
  const total = tensors.reduce((sum, tensor) => sum + byteLength(tensor), 0);
  if (total > 2 ** 32 - 2 ** 24) throw new Error(`${file}: ${total} bytes of tensors, more than such an archive holds`);
  const unfinished = `${file}.${process.pid}.tmp`;
  const handle = await open(unfinished, 'w');
  try {
    await writeArchive(handle, tensors);
    await handle.close();
    await rename(unfinished, file);
  } catch (error) {
    await handle.close().catch(() => undefined);
    await rm(unfinished, { force: true });
    throw error;
  }
}

/** Every entry's name begins so; torch takes any. */
const ROOT = 'archive/';

async function writeArchive(handle: FileHandle, tensors: readonly TensorToWrite[]): Promise<void> {
  const directory: Buffer[] = [];
  let position = 0;
  const add = async (name: string, data: Uint8Array): Promise<void> => {
    const entry = zipEntry(`${ROOT}${name}`, data, position);
    directory.push(entry.central);
    await writeFully(handle, entry.local);
    await writeFully(handle, data);
    position += entry.local.length + data.length;
  };
  await add('data.pkl', pickle(tensors));
  await add('byteorder', Buffer.from('little'));
  for (const [i, tensor] of tensors.entries()) await add(`data/${i}`, encodeTensor(tensor, await tensor.values()));
  await add('version', Buffer.from('3\n'));
  const central = Buffer.concat(directory);
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt16LE(directory.length, 8);
  end.writeUInt16LE(directory.length, 10);
  end.writeUInt32LE(central.length, 12);
  end.writeUInt32LE(position, 16);
  await writeFully(handle, Buffer.concat([central, end]));
}

/** Tensors begin at multiples of this, as torch has it. */
const ALIGNMENT = 64;

/** The header before an uncompressed entry, and its line in the directory at the end. */
function zipEntry(name: string, data: Uint8Array, position: number): Readonly<{ local: Buffer; central: Buffer }> {
  const nameBytes = Buffer.from(name);
  const unpadded = position + 30 + nameBytes.length + 4;
  const padding = Buffer.alloc(4 + ((ALIGNMENT - (unpadded % ALIGNMENT)) % ALIGNMENT));
  padding.write('FB', 'latin1'); // torch's own mark of such a field
  padding.writeUInt16LE(padding.length - 4, 2);
  const shared = Buffer.alloc(26); // what both headers have, from "version needed" to the length of the extra field
  shared.writeUInt16LE(20, 0);
  shared.writeUInt16LE(0x21, 8); // 1 January 1980: the bytes depend on the tensors alone
  shared.writeUInt32LE(crc32(data), 10);
  shared.writeUInt32LE(data.length, 14);
  shared.writeUInt32LE(data.length, 18);
  shared.writeUInt16LE(nameBytes.length, 22);
  const local = Buffer.alloc(4);
  local.writeUInt32LE(0x04034b50);
  const central = Buffer.alloc(6);
  central.writeUInt32LE(0x02014b50);
  const rest = Buffer.alloc(14);
  rest.writeUInt32LE(position, 10);
  const padded = Buffer.from(shared);
  padded.writeUInt16LE(padding.length, 24);
  return {
    local: Buffer.concat([local, padded, nameBytes, padding]),
    central: Buffer.concat([central, shared, rest, nameBytes]),
  };
}

const storages: Readonly<Partial<Record<TensorToWrite['dtype'], string>>> = {
  F32: 'FloatStorage',
  F16: 'HalfStorage',
  BF16: 'BFloat16Storage',
};

/** Python's pickle of the dictionary, protocol 2, as torch writes it; the numbers lie in entries of their own. */
function pickle(tensors: readonly TensorToWrite[]): Buffer {
  const items = tensors.flatMap((tensor, i) => [string(tensor.name), ...tensorParts(tensor, i)]);
  return Buffer.concat([Buffer.of(0x80, 2), latin('}('), ...items, latin('u.')]);
}

function tensorParts({ name, dtype, shape }: TensorToWrite, key: number): readonly Buffer[] {
  const type = storages[dtype];
  if (type === undefined) throw new Error(`tensor "${name}": ${dtype} is not written to a file of torch`);
  const strides = shape.map((_, axis) => size(shape.slice(axis + 1)));
  const storage = [latin('('), string('storage'), global('torch', type), string(String(key)), string('cpu')];
  return [
    global('torch._utils', '_rebuild_tensor_v2'),
    latin('('),
    ...[...storage, integer(size(shape)), latin('tQ')],
    ...[integer(0), tuple(shape), tuple(strides)],
    Buffer.of(0x89), // requires no gradient
    ...[global('collections', 'OrderedDict'), latin(')R')], // and has no hooks
    latin('tR'),
  ];
}

const latin = (text: string): Buffer => Buffer.from(text, 'latin1');
const global = (module: string, name: string): Buffer => latin(`c${module}\n${name}\n`);
const tuple = (items: readonly number[]): Buffer => Buffer.concat([latin('('), ...items.map(integer), latin('t')]);
const size = (shape: readonly number[]): number => shape.reduce((product, length) => product * length, 1);

function integer(value: number): Buffer {
  const bytes = Buffer.alloc(5);
  bytes.write('J', 'latin1');
  bytes.writeInt32LE(value, 1);
  return bytes;
}

function string(text: string): Buffer {
  const bytes = Buffer.from(text);
  const head = Buffer.alloc(5);
  head.write('X', 'latin1');
  head.writeUInt32LE(bytes.length, 1);
  return Buffer.concat([head, bytes]);
}
