import { paint, type Style } from '../style.ts';
import { padRight, widthOf } from '../width.ts';
import { type Colour, type Depth, inkOn } from './colours.ts';

/** Pixels [height, width, 3], row-major, 8 bits a channel. */
export type Pixels = Readonly<{ width: number; height: number; pixels: Uint8Array }>;

/** A picture behind text, in the colours that the terminal has. */
export type Backdrop = Pixels & Readonly<{ depth: Depth }>;

const WHITE: Colour = [255, 255, 255];
const GREEN: Colour = [140, 255, 150];
const RED: Colour = [255, 150, 140];

/** How much of a picture's light is left behind a letter, so that it can be read. */
const BEHIND_TEXT = 0.35;

/** What stands in a cell; `right` where it is known. */
export type CellText = Readonly<{ text: string; right?: boolean }>;

/**
 * One line of text cells over line `line` of a picture: half blocks, two pixels each, and letters on a
 * darkened ground. Every text is at most `across` columns wide. Without a picture, plain cells.
 */
export function overPicture(
  cells: readonly CellText[],
  across: number,
  picture: Backdrop | undefined,
  line: number,
  style: Style,
): string {
  if (picture === undefined) {
    return cells
      .map(({ text, right }) =>
        padRight(paint(style, right === undefined ? undefined : right ? 'good' : 'bad', text), across),
      )
      .join('');
  }
  const strips = cells.map(({ text, right }, cell) => {
    const ink = right === undefined ? WHITE : right ? GREEN : RED;
    let column = cell * across;
    const parts = [...text].map((letter) => {
      const part = letter === ' ' ? halfBlock(picture, line, column) : letterOn(picture, line, column, letter, ink);
      column += widthOf(letter);
      return part;
    });
    for (; column < (cell + 1) * across; column++) parts.push(halfBlock(picture, line, column));
    return parts.join('');
  });
  return `${strips.join('')}\u001B[0m`;
}

function halfBlock(picture: Backdrop, line: number, column: number): string {
  const [upper, lower] = [pixelAt(picture, 2 * line, column), pixelAt(picture, 2 * line + 1, column)];
  return `${inkOn(upper, lower, picture.depth)}▀`;
}

function letterOn(picture: Backdrop, line: number, column: number, letter: string, ink: Colour): string {
  const lower = pixelAt(picture, 2 * line + 1, column);
  const [red, green, blue] = pixelAt(picture, 2 * line, column);
  const behind = (value: number, below: number) => Math.round(((value + below) / 2) * BEHIND_TEXT);
  const ground: Colour = [behind(red, lower[0]), behind(green, lower[1]), behind(blue, lower[2])];
  return `${inkOn(ink, ground, picture.depth)}${letter}`;
}

function pixelAt({ width, height, pixels }: Pixels, y: number, x: number): Colour {
  const at = 3 * (y * width + x);
  const [red, green, blue] = pixels.subarray(at, at + 3);
  if (x >= width || red === undefined || green === undefined || blue === undefined) {
    throw new Error(`pixel ${x}, ${y} of a picture of ${width} x ${height}`);
  }
  return [red, green, blue];
}
