/**
 * sentencepiece's `precompiled_charsmap`: a double-array trie (darts-clone) over UTF-8 from strings to their normal
 * form. Follows the `tokenizers` library, which looks up a whole grapheme where that is shorter than 6 bytes and else
 * each character, and takes the shortest match.
 */
export function charsmapNormalizer(base64: string): (text: string) => string {
  const bytes = Buffer.from(base64, 'base64');
  const trieBytes = bytes.length < 4 ? -1 : bytes.readUInt32LE(0);
  if (trieBytes <= 0 || trieBytes % 4 !== 0 || 4 + trieBytes > bytes.length) {
    throw new Error(`a precompiled_charsmap of ${bytes.length} bytes is damaged`);
  }
  const units = Uint32Array.from({ length: trieBytes / 4 }, (_, i) => bytes.readUInt32LE(4 + 4 * i));
  const forms = bytes.subarray(4 + trieBytes);
  const known = new Map<string, string | undefined>();
  const lookUp = (part: string): string | undefined => {
    if (!known.has(part)) known.set(part, formOf(units, forms, Buffer.from(part)));
    return known.get(part);
  };
  const segmenter = new Intl.Segmenter('und', { granularity: 'grapheme' });
  return (text) => {
    let normal = '';
    for (const { segment } of segmenter.segment(text)) {
      const whole = Buffer.byteLength(segment) < 6 ? lookUp(segment) : undefined;
      if (whole !== undefined) normal += whole;
      else for (const char of segment) normal += lookUp(char) ?? char;
    }
    return normal;
  };
}

function formOf(units: Uint32Array, forms: Buffer, key: Buffer): string | undefined {
  const unitAt = (at: number): number => units[at] ?? 0;
  const offsetOf = (unit: number): number => (unit >>> 10) << ((unit & 512) >>> 6);
  let node = offsetOf(unitAt(0));
  for (const byte of key) {
    if (byte === 0) return undefined;
    node ^= byte;
    const unit = unitAt(node);
    if ((unit & 0x800000ff) >>> 0 !== byte) return undefined;
    node ^= offsetOf(unit);
    if ((unit >>> 8) & 1) {
      const start = unitAt(node) & 0x7fffffff;
      return forms.toString('utf8', start, forms.indexOf(0, start));
    }
  }
  return undefined;
}
