import { isUtf8 } from 'node:buffer';
import { describe, parseJson, type Shape } from './json-file.ts';
import { lineAt, offsetOf, syntaxErrorAt } from './json-place.ts';
import { decodeText, encodingHint, readBytes, stopAt } from './text-file.ts';

const QUOTE = 34;
const BACKSLASH = 92;
const COMMA = 44;
const SPACES = new Set([32, 9, 10, 13]);
const [OPEN_LIST, OPEN_MAP] = [91, 123];
const [CLOSE_LIST, CLOSE_MAP] = [93, 125];

/** Byte range of each object in the array under a top-level key, and of the array itself. */
type Ranges = Readonly<{ start: number; end: number; objects: readonly (readonly [number, number])[] }>;

/**
 * The objects of one big array in a JSON file, `{"annotations": [{...}, ...], ...}`, one at a time: VQAv2's 214,354
 * annotations never stand in memory together. `head` is the rest of the file with the array left empty, `lineOf` the line
 * in which an element begins.
 * Stops with file and line at the first element that is no JSON or of another shape.
 */
export async function readJsonArray<H, T>(
  file: string,
  key: string,
  headShape: Shape<H>,
  elementShape: Shape<T>,
): Promise<Readonly<{ head: H; elements(): IterableIterator<T>; lineOf(index: number): number }>> {
  const bytes = await readBytes(file);
  if (!isUtf8(bytes)) decodeText(bytes, file);
  const ranges = findObjects(bytes, key);
  if (ranges === undefined) return stopWithoutArray(bytes, file, key);
  checkGaps(bytes, ranges, (at) =>
    stopAt(file, lineOf(bytes, at), 'broken-json', `in "${key}": not a list of objects`),
  );
  const [before, after] = [bytes.toString('utf8', 0, ranges.start + 1), bytes.toString('utf8', ranges.end)];
  const rest = `${before}${after}`;
  const head = checked(rest, headShape, (code, message) =>
    code === 'broken-json' ? stopAtSyntax(bytes, file) : stopAt(file, 1, code, message),
  );
  if (!isLast(before, after, key)) {
    const text = bytes.toString('utf8');
    const line = lineAt(text, offsetOf(text, `/${key}`));
    stopAt(file, line, 'duplicate-key', `"${key}" a second time, and Python reads this one alone`);
  }
  return {
    head,
    lineOf: (index) => lineOf(bytes, ranges.objects[index]?.[0] ?? 0),
    *elements() {
      for (const [start, end] of ranges.objects) {
        yield checked(bytes.toString('utf8', start, end), elementShape, (code, message) =>
          stopAt(file, lineOf(bytes, start), code, `in "${key}": ${message}`),
        );
      }
    },
  };
}

/** Whether the list that was found is what the key stands for in the end: of a repeated key JSON takes the last value. */
function isLast(before: string, after: string, key: string): boolean {
  const mark = '\ue0ff the list';
  const whole = parseJson(`${before}${JSON.stringify(mark)}${after}`) as Readonly<Record<string, unknown>>;
  const value = whole[key];
  return Array.isArray(value) && value[0] === mark;
}

/** Between the objects of a list stand single commas and white space, and nothing else. */
function checkGaps(bytes: Buffer, { start, end, objects }: Ranges, stop: (at: number) => never): void {
  let from = start + 1;
  for (const [index, [open, close]] of objects.entries()) {
    if (!isGap(bytes, from, open, index === 0 ? 0 : 1)) stop(from);
    from = close;
  }
  if (!isGap(bytes, from, end, 0)) stop(from);
}

function isGap(bytes: Buffer, from: number, to: number, commas: number): boolean {
  let found = 0;
  for (let i = from; i < to; i++) {
    const byte = bytes[i] ?? 0;
    if (byte === COMMA) found++;
    else if (!SPACES.has(byte)) return false;
  }
  return found === commas;
}

/** The file may be broken before or inside the list: then that is what has to be told. */
function stopWithoutArray(bytes: Buffer, file: string, key: string): never {
  if (syntaxErrorAt(bytes.toString('utf8')) !== undefined) return stopAtSyntax(bytes, file);
  return stopAt(file, 1, 'wrong-shape', `no list of objects under "${key}"`);
}

/** Stops at the line where the file stops being JSON. */
function stopAtSyntax(bytes: Buffer, file: string): never {
  const text = bytes.toString('utf8');
  const line = lineAt(text, syntaxErrorAt(text) ?? 0);
  return stopAt(file, line, 'broken-json', 'not JSON from here', encodingHint(text));
}

function checked<T>(
  text: string,
  { validate }: Shape<T>,
  stop: (code: 'broken-json' | 'wrong-shape', message: string) => never,
): T {
  let value: unknown;
  try {
    value = parseJson(text);
  } catch (error) {
    return stop('broken-json', `not JSON: ${(error as Error).message}`);
  }
  return validate(value) ? value : stop('wrong-shape', describe(validate.errors?.[0]));
}

function findObjects(bytes: Buffer, key: string): Ranges | undefined {
  const wanted = Buffer.from(JSON.stringify(key));
  const objects: [number, number][] = [];
  let depth = 0;
  let begin = -1; // of the wanted array
  let objectAt = -1;
  let lastString: readonly [number, number] = [0, 0];
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i] ?? 0;
    if (byte === QUOTE) {
      const start = i;
      i = stringEnd(bytes, i);
      if (depth === 1) lastString = [start, i + 1];
    } else if (byte === OPEN_LIST || byte === OPEN_MAP) {
      if (depth === 1 && byte === OPEN_LIST && begin < 0 && wanted.equals(bytes.subarray(...lastString))) begin = i;
      else if (depth === 2 && begin >= 0) objectAt = i;
      depth++;
    } else if (byte === CLOSE_LIST || byte === CLOSE_MAP) {
      depth--;
      if (depth === 2 && begin >= 0) objects.push([objectAt, i + 1]);
      if (depth === 1 && begin >= 0) return { start: begin, end: i, objects };
    }
  }
  return undefined;
}

/** Index of the closing quote of the string that opens at `at`. */
function stringEnd(bytes: Buffer, at: number): number {
  let i = at + 1;
  while (i < bytes.length && bytes[i] !== QUOTE) i += bytes[i] === BACKSLASH ? 2 : 1;
  return i;
}

function lineOf(bytes: Buffer, offset: number): number {
  let line = 1;
  for (let i = bytes.indexOf(10); i >= 0 && i < offset; i = bytes.indexOf(10, i + 1)) line++;
  return line;
}
