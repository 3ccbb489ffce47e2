export type Colour = readonly [red: number, green: number, blue: number];

/** Bits of a colour that a terminal shows: true colour, the 256 of xterm, or the 16 of every terminal. */
export type Depth = 24 | 8 | 4;

/** The code that sets the colours of a letter and of its ground, each the nearest that there is. */
export function inkOn(ink: Colour, ground: Colour, depth: Depth): string {
  switch (depth) {
    case 24:
      return `\u001B[38;2;${ink.join(';')};48;2;${ground.join(';')}m`;
    case 8:
      return `\u001B[38;5;${nearest256(ink)};48;5;${nearest256(ground)}m`;
    case 4:
      return `\u001B[${code16(nearest(sixteen, ink), 30)};${code16(nearest(sixteen, ground), 40)}m`;
  }
}

/** As xterm shows them; what a user chose instead is not known. */
const sixteen: readonly Colour[] = [
  [0, 0, 0],
  [205, 0, 0],
  [0, 205, 0],
  [205, 205, 0],
  [0, 0, 238],
  [205, 0, 205],
  [0, 205, 205],
  [229, 229, 229],
  [127, 127, 127],
  [255, 0, 0],
  [0, 255, 0],
  [255, 255, 0],
  [92, 92, 255],
  [255, 0, 255],
  [0, 255, 255],
  [255, 255, 255],
];

function code16(at: number, first: 30 | 40): number {
  return at < 8 ? first + at : first + 60 + at - 8;
}

const steps = [[0], [95], [135], [175], [215], [255]] as const;

/** Of the cube of six steps a channel and the 24 greys; the first sixteen differ from terminal to terminal. */
function nearest256(colour: Colour): number {
  const at = colour.map((value) => nearest(steps, [value]));
  const [red = 0, green = 0, blue = 0] = at;
  const cube = at.map((step) => steps[step]?.[0] ?? 0);
  const grey = Math.max(0, Math.min(23, Math.round((colour.reduce((sum, value) => sum + value, 0) / 3 - 8) / 10)));
  const level = 8 + 10 * grey;
  const isGrey = distance([level, level, level], colour) < distance(cube, colour);
  return isGrey ? 232 + grey : 16 + 36 * red + 6 * green + blue;
}

function nearest(palette: readonly (readonly number[])[], colour: readonly number[]): number {
  const distances = palette.map((one) => distance(one, colour));
  return distances.indexOf(Math.min(...distances));
}

function distance(one: readonly number[], other: readonly number[]): number {
  return one.reduce((sum, value, at) => sum + (value - (other[at] ?? 0)) ** 2, 0);
}
