import { createReadStream } from 'node:fs';

/** The bytes of one item of a JSON array and the line on which it begins. */
export type JsonItem = Readonly<{ bytes: Buffer; line: number }>;

const [QUOTE, BACKSLASH, COMMA, NEWLINE] = [0x22, 0x5c, 0x2c, 0x0a];
const [OPEN_LIST, CLOSE_LIST, OPEN_MAP, CLOSE_MAP] = [0x5b, 0x5d, 0x7b, 0x7d];

type Scan = {
  depth: number;
  inString: boolean;
  escaped: boolean;
  line: number;
  startLine: number;
  parts: Buffer[];
  done: boolean;
};

/**
 * The items of a file that is one JSON array, one at a time: a file may be larger than a string can be, and an item that
 * is broken or not UTF-8 spoils no other. Throws a plain Error with the line when the file is no array or ends early.
 */
export async function* jsonItems(file: string): AsyncGenerator<JsonItem> {
  const scan: Scan = { depth: 0, inString: false, escaped: false, line: 1, startLine: 0, parts: [], done: false };
  for await (const chunk of createReadStream(file, { highWaterMark: 1 << 20 })) yield* scanChunk(scan, chunk as Buffer);
  if (!scan.done) throw new Error(`line ${scan.line}: the file ends inside its JSON array`);
}

function* scanChunk(scan: Scan, chunk: Buffer): Generator<JsonItem> {
  let start = scan.depth >= 1 ? 0 : -1;
  for (let at = 0; at < chunk.length; at++) {
    const byte = chunk[at] as number;
    if (byte === NEWLINE) scan.line++;
    if (scan.inString) {
      scanString(scan, byte);
    } else if (scan.depth === 0) {
      if (beginArray(scan, byte)) start = at + 1;
    } else {
      if (scan.startLine === 0 && byte > 0x20) scan.startLine = scan.line;
      if (scan.depth === 1 && (byte === COMMA || byte === CLOSE_LIST)) {
        scan.parts.push(chunk.subarray(start, at));
        yield* takeItem(scan, byte === CLOSE_LIST);
        start = at + 1;
      }
      if (byte === QUOTE) scan.inString = true;
      else if (byte === OPEN_LIST || byte === OPEN_MAP) scan.depth++;
      else if (byte === CLOSE_LIST || byte === CLOSE_MAP) scan.depth--;
    }
  }
  if (scan.depth >= 1) scan.parts.push(Buffer.from(chunk.subarray(start)));
}

function scanString(scan: Scan, byte: number): void {
  if (scan.escaped) scan.escaped = false;
  else if (byte === BACKSLASH) scan.escaped = true;
  else if (byte === QUOTE) scan.inString = false;
}

/** Outside the array only white space may stand (and a byte order mark before it). */
function beginArray(scan: Scan, byte: number): boolean {
  const isMark = scan.line === 1 && (byte === 0xef || byte === 0xbb || byte === 0xbf);
  if (byte <= 0x20 || (isMark && !scan.done)) return false;
  if (scan.done) throw new Error(`line ${scan.line}: there is something after the JSON array`);
  if (byte !== OPEN_LIST) throw new Error(`line ${scan.line}: a JSON array was expected`);
  scan.depth = 1;
  return true;
}

function* takeItem(scan: Scan, last: boolean): Generator<JsonItem> {
  const bytes = Buffer.concat(scan.parts);
  // the closing bracket sets the line of an item that is not there
  const line = scan.startLine;
  scan.parts = [];
  scan.startLine = 0;
  scan.done ||= last;
  if (!last || bytes.some((byte) => byte > 0x20)) yield { bytes, line };
}
