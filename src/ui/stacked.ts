/** What Ink's renderer hands over for a text: its lines, and what the boxes around it do to each. */
export type Write = Readonly<{
  x: number;
  y: number;
  text: string;
  transformers: readonly ((line: string, index: number) => string)[];
}>;

/**
 * A frame of texts beneath one another as its lines stand; undefined where two share a line. Ink goes over every cell of the
 * window, which takes it 20 ms for each frame. Takes its place in the bundle (src/setup/bundle.mjs).
 */
export function stacked(writes: readonly Write[], height: number): string | undefined {
  const lines: (string | undefined)[] = new Array<undefined>(height).fill(undefined);
  for (const { x, y, text, transformers } of writes) {
    for (const [index, bare] of text.split('\n').entries()) {
      const at = y + index;
      if (at >= height) break;
      if (lines[at] !== undefined) return undefined;
      const line = transformers.reduce((done, transform) => transform(done, index), bare);
      lines[at] = `${' '.repeat(x)}${line}`.trimEnd();
    }
  }
  return lines.map((line) => line ?? '').join('\n');
}
