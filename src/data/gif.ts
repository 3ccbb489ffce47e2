type Colour = readonly [red: number, green: number, blue: number];

const [EXTENSION, FRAME, CONTROL] = [0x21, 0x2c, 0xf9];
const HEADER = 13;

/**
 * The colour that the first frame of a GIF gives its transparent pixels, which decoders with an alpha channel leave black.
 * undefined where it has none, or the file is not whole: then the decoder says so.
 */
export function transparentColour(bytes: Buffer): Colour | undefined {
  const shared = paletteAt(bytes, 10, HEADER);
  let at = shared.end;
  let index: number | undefined;
  while (bytes[at] === EXTENSION) {
    const isControl = bytes[at + 1] === CONTROL && ((bytes[at + 3] ?? 0) & 1) === 1;
    if (isControl) index = bytes[at + 6];
    at += 2;
    while ((bytes[at] ?? 0) > 0) at += 1 + (bytes[at] ?? 0);
    at++;
  }
  if (bytes[at] !== FRAME || index === undefined) return undefined;
  const own = paletteAt(bytes, at + 9, at + 10);
  const { start, end } = own.end > own.start ? own : shared;
  const entry = start + 3 * index;
  if (entry + 3 > end) return undefined;
  return [bytes[entry] as number, bytes[entry + 1] as number, bytes[entry + 2] as number];
}

/** Where a palette lies, if the packed byte says that there is one. */
function paletteAt(bytes: Buffer, packedAt: number, start: number): Readonly<{ start: number; end: number }> {
  const packed = bytes[packedAt] ?? 0;
  return { start, end: Math.min(bytes.length, start + ((packed & 0x80) === 0 ? 0 : 3 * (2 << (packed & 7)))) };
}
