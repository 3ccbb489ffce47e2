/**
 * The little of Python's pickle that `torch.save` writes for a dictionary of tensors. Nothing is executed: the only
 * callables known are the three that rebuild tensors and ordered dictionaries, as data; any other is an error.
 */

/** A torch storage by its key in the archive, and a view of it; strides and offset count elements. */
export type PickledTensor = Readonly<{
  storage: Readonly<{ type: string; key: string; length: number }>;
  offset: number;
  shape: readonly number[];
  strides: readonly number[];
}>;

type Callable = Readonly<{ callable: string }>;
const mark = Symbol('mark');

type Machine = { bytes: Buffer; at: number; stack: unknown[]; memo: Map<number, unknown> };

/** Tensors by name; other entries (nested dictionaries, numbers) are an error that names them. */
export function unpickleTensors(bytes: Buffer): ReadonlyMap<string, PickledTensor> {
  const machine: Machine = { bytes, at: 0, stack: [], memo: new Map() };
  const root = run(machine);
  if (!(root instanceof Map)) throw new Error('it does not hold a dictionary of tensors');
  const tensors = new Map<string, PickledTensor>();
  for (const [name, value] of root) {
    if (typeof name !== 'string' || !isTensor(value))
      throw new Error(
        `entry ${typeof name === 'string' ? JSON.stringify(name.slice(0, 100)) : 'without a name'} is not a tensor`,
      );
    tensors.set(name, value);
  }
  return tensors;
}

const isTensor = (value: unknown): value is PickledTensor =>
  typeof value === 'object' && value !== null && 'storage' in value && 'strides' in value;

function run(machine: Machine): unknown {
  for (;;) {
    const opcode = take(machine, 1).readUInt8();
    if (opcode === 0x2e) return pop(machine); // STOP
    const operation = operations[opcode];
    if (operation === undefined) throw new Error(`pickle opcode 0x${opcode.toString(16)} is not supported`);
    operation(machine);
  }
}

function take(machine: Machine, length: number): Buffer {
  if (length < 0 || machine.at + length > machine.bytes.length) throw new Error('the pickle is truncated');
  machine.at += length;
  return machine.bytes.subarray(machine.at - length, machine.at);
}

function line(machine: Machine): string {
  const end = machine.bytes.indexOf(0x0a, machine.at);
  const text = take(machine, end - machine.at).toString('utf8');
  machine.at++;
  return text;
}

function pop(machine: Machine): unknown {
  if (machine.stack.length === 0) throw new Error('the pickle takes more than it put');
  return machine.stack.pop();
}

function popToMark(machine: Machine): unknown[] {
  const at = machine.stack.lastIndexOf(mark);
  if (at < 0) throw new Error('the pickle has no mark where it needs one');
  const items = machine.stack.splice(at);
  return items.slice(1);
}

const put = (value: unknown) => (machine: Machine) => void machine.stack.push(value);
const text = (machine: Machine, length: number): void =>
  void machine.stack.push(take(machine, length).toString('utf8'));

const tuple = (count: number) => (machine: Machine) => {
  const items: unknown[] = [];
  for (let i = 0; i < count; i++) items.unshift(pop(machine));
  machine.stack.push(items);
};

function remember(machine: Machine, slot: number): void {
  machine.memo.set(slot, machine.stack.at(-1));
}

function recall(machine: Machine, slot: number): void {
  if (!machine.memo.has(slot)) throw new Error(`the pickle refers to slot ${slot}, which is empty`);
  machine.stack.push(machine.memo.get(slot));
}

function setItems(machine: Machine, items: readonly unknown[]): void {
  const target = machine.stack.at(-1);
  if (!(target instanceof Map)) throw new Error('the pickle sets items of something that is no dictionary');
  for (let i = 0; i + 1 < items.length; i += 2) target.set(items[i], items[i + 1]);
}

function append(machine: Machine, items: readonly unknown[]): void {
  const target = machine.stack.at(-1);
  if (!Array.isArray(target)) throw new Error('the pickle appends to something that is no list');
  for (const item of items) target.push(item);
}

const allowed = new Set([
  'torch._utils._rebuild_tensor_v2',
  'torch._utils._rebuild_parameter',
  'collections.OrderedDict',
  ...['Double', 'Float', 'Half', 'BFloat16', 'Long', 'Int', 'Short', 'Char', 'Byte', 'Bool'].map(
    (name) => `torch.${name}Storage`,
  ),
]);

function global(machine: Machine): void {
  const name = `${line(machine)}.${line(machine)}`;
  if (!allowed.has(name)) throw new Error(`it refers to ${name.slice(0, 100)}, which is not run`);
  machine.stack.push({ callable: name } satisfies Callable);
}

function reduce(machine: Machine): void {
  const args = pop(machine);
  const callable = (pop(machine) as Callable | undefined)?.callable;
  if (!Array.isArray(args)) throw new Error('the pickle calls without arguments');
  if (callable === 'collections.OrderedDict') {
    if (args.length > 0) throw new Error('an ordered dictionary with arguments is not supported');
    machine.stack.push(new Map());
  } else if (callable === 'torch._utils._rebuild_tensor_v2') {
    machine.stack.push(rebuildTensor(args));
  } else if (callable === 'torch._utils._rebuild_parameter') {
    machine.stack.push(args[0]);
  } else {
    throw new Error(`it calls ${String(callable)}`);
  }
}

const isSize = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;

function rebuildTensor([storage, offset, shape, strides]: readonly unknown[]): PickledTensor {
  const isSizes = (value: unknown): value is number[] => Array.isArray(value) && value.every(isSize);
  const isStorage = typeof storage === 'object' && storage !== null && 'key' in storage;
  if (!isStorage || !isSizes([offset]) || !isSizes(shape) || !isSizes(strides) || shape.length !== strides.length) {
    throw new Error('a tensor is described wrongly');
  }
  return { storage: storage as PickledTensor['storage'], offset: offset as number, shape, strides };
}

/** The persistent id of a storage: ('storage', type, key, device, number of elements). */
function persistent(machine: Machine): void {
  const id = pop(machine);
  const [kind, type, key, , length] = Array.isArray(id) ? (id as unknown[]) : [];
  const name = (type as Callable | undefined)?.callable;
  if (kind !== 'storage' || name === undefined || typeof key !== 'string' || !isSize(length)) {
    throw new Error('a storage is described wrongly');
  }
  machine.stack.push({ type: name.replace(/^torch\./, ''), key, length });
}

/** A module's `_metadata` is set on its state dictionary; it says nothing about the numbers. */
function build(machine: Machine): void {
  pop(machine);
  if (!(machine.stack.at(-1) instanceof Map)) throw new Error('the pickle builds an object that is no dictionary');
}

function longInteger(machine: Machine): void {
  const bytes = take(machine, take(machine, 1).readUInt8());
  if (bytes.length > 6) throw new Error('an integer is too large');
  machine.stack.push(bytes.length === 0 ? 0 : bytes.readIntLE(0, bytes.length));
}

const operations: Readonly<Record<number, (machine: Machine) => void>> = {
  128: (m) => void take(m, 1), // PROTO
  125: (m) => put(new Map())(m), // EMPTY_DICT
  93: (m) => put([])(m), // EMPTY_LIST
  41: (m) => put([])(m), // EMPTY_TUPLE
  40: put(mark), // MARK
  78: put(null), // NONE
  136: put(true), // NEWTRUE
  137: put(false), // NEWFALSE
  88: (m) => text(m, take(m, 4).readUInt32LE()), // BINUNICODE
  75: (m) => put(take(m, 1).readUInt8())(m), // BININT1
  77: (m) => put(take(m, 2).readUInt16LE())(m), // BININT2
  74: (m) => put(take(m, 4).readInt32LE())(m), // BININT
  138: longInteger, // LONG1
  71: (m) => put(take(m, 8).readDoubleBE())(m), // BINFLOAT
  133: tuple(1), // TUPLE1
  134: tuple(2), // TUPLE2
  135: tuple(3), // TUPLE3
  116: (m) => put(popToMark(m))(m), // TUPLE
  113: (m) => remember(m, take(m, 1).readUInt8()), // BINPUT
  114: (m) => remember(m, take(m, 4).readUInt32LE()), // LONG_BINPUT
  104: (m) => recall(m, take(m, 1).readUInt8()), // BINGET
  106: (m) => recall(m, take(m, 4).readUInt32LE()), // LONG_BINGET
  115: (m) => setItems(m, tupleOf(m, 2)), // SETITEM
  117: (m) => setItems(m, popToMark(m)), // SETITEMS
  97: (m) => append(m, tupleOf(m, 1)), // APPEND
  101: (m) => append(m, popToMark(m)), // APPENDS
  99: global, // GLOBAL
  82: reduce, // REDUCE
  81: persistent, // BINPERSID
  98: build, // BUILD
};

function tupleOf(machine: Machine, count: number): unknown[] {
  tuple(count)(machine);
  return pop(machine) as unknown[];
}
