import type { FileHandle } from 'node:fs/promises';

const PIECE = 1 << 20;

/** Neither the header of a safetensors file nor the index of its shards nests so deeply. */
const DEEPEST = 16;

const [QUOTE, BACKSLASH, SPACE] = [0x22, 0x5c, 0x20];
const [OPEN_LIST, CLOSE_LIST, OPEN_MAP, CLOSE_MAP] = [0x5b, 0x5d, 0x7b, 0x7d];

type Scan = { depth: number; inString: boolean; escaped: boolean };

/**
 * The JSON in a part of a file, piece by piece: padding is left out and deep nesting refused before it takes memory.
 * Throws a plain Error.
 */
export async function readJsonBytes(handle: FileHandle, start: number, length: number): Promise<Buffer> {
  const scan: Scan = { depth: 0, inString: false, escaped: false };
  const piece = Buffer.alloc(Math.min(PIECE, length));
  const padding = Buffer.alloc(piece.length, SPACE);
  const kept: Buffer[] = [];
  for (let at = 0; at < length; ) {
    const { bytesRead } = await handle.read(piece, 0, Math.min(piece.length, length - at), start + at);
    if (bytesRead === 0) throw new Error(`truncated at byte ${start + at}`);
    const part = piece.subarray(0, bytesRead);
    at += bytesRead;
    if (!scan.inString && part.equals(padding.subarray(0, bytesRead))) continue;
    scanNesting(scan, part);
    kept.push(Buffer.from(part));
  }
  return Buffer.concat(kept);
}

function scanNesting(scan: Scan, part: Buffer): void {
  for (const byte of part) {
    if (scan.escaped) scan.escaped = false;
    else if (scan.inString) {
      scan.escaped = byte === BACKSLASH;
      scan.inString = byte !== QUOTE;
    } else if (byte === QUOTE) scan.inString = true;
    else if (byte === OPEN_LIST || byte === OPEN_MAP) scan.depth++;
    else if (byte === CLOSE_LIST || byte === CLOSE_MAP) scan.depth--;
    if (scan.depth > DEEPEST) throw new Error(`it nests deeper than ${DEEPEST} levels`);
  }
}
