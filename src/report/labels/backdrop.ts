import { padRight, widthOf } from '../width.ts';

/** Pixels [height, width, 3], row-major, 8 bits a channel. */
export type Pixels = Readonly<{ width: number; height: number; pixels: Uint8Array }>;

type Colour = readonly [red: number, green: number, blue: number];

/** How much of a picture's light is left behind a letter, so that it can be read. */
const BEHIND_TEXT = 0.35;

/**
 * One line of text cells over line `line` of a picture: half blocks of true colour, two pixels each, and letters on a
 * darkened ground. Every text is at most `across` columns wide. Without a picture, plain cells.
 */
export function overPicture(
  texts: readonly string[],
  across: number,
  picture: Pixels | undefined,
  line: number,
): string {
  if (picture === undefined) return texts.map((text) => padRight(text, across)).join('');
  const cells = texts.map((text, cell) => {
    let column = cell * across;
    const parts = [...text].map((letter) => {
      const part = letter === ' ' ? halfBlock(picture, line, column) : letterOn(picture, line, column, letter);
      column += widthOf(letter);
      return part;
    });
    for (; column < (cell + 1) * across; column++) parts.push(halfBlock(picture, line, column));
    return parts.join('');
  });
  return `${cells.join('')}\u001B[0m`;
}

function halfBlock(picture: Pixels, line: number, column: number): string {
  const [upper, lower] = [pixelAt(picture, 2 * line, column), pixelAt(picture, 2 * line + 1, column)];
  return `\u001B[38;2;${upper.join(';')};48;2;${lower.join(';')}m▀`;
}

function letterOn(picture: Pixels, line: number, column: number, letter: string): string {
  const lower = pixelAt(picture, 2 * line + 1, column);
  const ground = pixelAt(picture, 2 * line, column).map((value, i) =>
    Math.round(((value + (lower[i] as number)) / 2) * BEHIND_TEXT),
  );
  return `\u001B[38;2;255;255;255;48;2;${ground.join(';')}m${letter}`;
}

function pixelAt({ width, height, pixels }: Pixels, y: number, x: number): Colour {
  const at = 3 * (y * width + x);
  const [red, green, blue] = pixels.subarray(at, at + 3);
  if (x >= width || red === undefined || green === undefined || blue === undefined) {
    throw new Error(`pixel ${x}, ${y} of a picture of ${width} x ${height}`);
  }
  return [red, green, blue];
}
