import { crc32 } from 'node:zlib';

const SIGNATURE = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
/** Longest block that deflate stores without compressing. */
const LONGEST_BLOCK = 65535;

/**
 * A square RGB picture [side * side * 3] as a PNG file whose pixels are stored, not compressed: noise hardly
 * compresses (25 %), writing is ten times faster, and the bytes depend on no version of a compression library, so
 * that the same world has the same digest on every machine.
 */
export function encodePng(pixels: Uint8Array, side: number): Buffer {
  if (pixels.length !== side * side * 3) throw new Error(`${pixels.length} bytes for a picture of side ${side}`);
  const header = Buffer.alloc(13);
  header.writeUInt32BE(side, 0);
  header.writeUInt32BE(side, 4);
  header.set([8, 2, 0, 0, 0], 8); // 8 bits a channel, RGB, deflate, adaptive filters, not interlaced
  const parts = [chunk('IHDR', header), chunk('IDAT', stored(scanlines(pixels, side))), chunk('IEND', Buffer.alloc(0))];
  return Buffer.concat([SIGNATURE, ...parts]);
}

/** Each row behind the byte that names its filter: 0, none. */
function scanlines(pixels: Uint8Array, side: number): Buffer {
  const rows = Buffer.alloc(side * (side * 3 + 1));
  for (let y = 0; y < side; y++) rows.set(pixels.subarray(y * side * 3, (y + 1) * side * 3), y * (side * 3 + 1) + 1);
  return rows;
}

/** A zlib stream (RFC 1950) of stored blocks. */
function stored(data: Buffer): Buffer {
  const parts: Buffer[] = [Buffer.from([0x78, 0x01])];
  for (let from = 0; from < data.length; from += LONGEST_BLOCK) {
    const block = data.subarray(from, from + LONGEST_BLOCK);
    const head = Buffer.alloc(5);
    head[0] = from + block.length === data.length ? 1 : 0;
    head.writeUInt16LE(block.length, 1);
    head.writeUInt16LE(0xffff - block.length, 3);
    parts.push(head, block);
  }
  const check = Buffer.alloc(4);
  check.writeUInt32BE(adler32(data));
  return Buffer.concat([...parts, check]);
}

function adler32(data: Uint8Array): number {
  let low = 1;
  let high = 0;
  for (let from = 0; from < data.length; from += 3000) {
    const until = Math.min(from + 3000, data.length); // as far as the sums stay below 2^31
    for (let i = from; i < until; i++) {
      low += data[i] ?? 0;
      high += low;
    }
    low %= 65521;
    high %= 65521;
  }
  return ((high << 16) | low) >>> 0;
}

function chunk(type: string, data: Buffer): Buffer {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(data.length);
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const check = Buffer.alloc(4);
  check.writeUInt32BE(crc32(body));
  return Buffer.concat([length, body, check]);
}
