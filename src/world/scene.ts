import type { Random } from '../data/random.ts';
import {
  BACKGROUND_NAMES,
  BACKGROUNDS,
  type Background,
  COLOR_NAMES,
  type Color,
  DEGRADATIONS,
  type Degradation,
  KIND_NAMES,
  KINDS,
  type Kind,
  PATTERNS,
  type Pattern,
  type Relation,
  SIGN_WORDS,
  SIZES,
  type SignWord,
  type Size,
} from './vocabulary.ts';

/** Side of a cell in pixels: a thing stands in one, a sign spans two. */
export const CELL = 16;

export type Cell = Readonly<{ row: number; column: number }>;

/** One to three equal things. A scene has at most one entry of a kind. */
export type Entry = Readonly<{
  kind: Kind;
  color: Color;
  size: Size;
  pattern: Pattern;
  /** where each of them stands; its length is their number */
  cells: readonly Cell[];
}>;

export type Sign = Readonly<{ word: SignWord; cell: Cell }>;

export type Scene = Readonly<{
  background: Background;
  entries: readonly Entry[];
  sign?: Sign;
  degradation?: Degradation;
}>;

export type SceneOptions = Readonly<{
  /** cells along a side of the picture */
  grid: number;
  signProbability: number;
  degradeProbability: number;
  /** which degradations; default: all that words can describe */
  degradations?: readonly Degradation[];
  /** fewest kinds in the scene, 1 to 3; default 1 */
  fewestKinds?: number;
}>;

const MOST_KINDS = 3;
/** Things in a picture, together. */
const MOST_THINGS = 6;

export function sampleScene(random: Random, options: SceneOptions): Scene {
  const background = random.pick(BACKGROUND_NAMES);
  const free = allCells(options.grid);
  const sign = random.chance(options.signProbability) ? placeSign(random, options.grid, free) : undefined;
  const fewest = options.fewestKinds ?? 1;
  const kinds = drawKinds(random, background, fewest + random.int(MOST_KINDS - fewest + 1));
  const entries: Entry[] = [];
  let room = MOST_THINGS;
  for (const [i, kind] of kinds.entries()) {
    const wanted = random.pick([1, 1, 1, 1, 2, 3]);
    const count = Math.min(wanted, room - (kinds.length - 1 - i)); // the kinds that follow need a place too
    room -= count;
    entries.push(sampleEntry(random, kind, background, takeCells(random, free, count)));
  }
  const degraded = random.chance(options.degradeProbability);
  const degradation = degraded ? random.pick(options.degradations ?? DEGRADATIONS) : undefined;
  return { background, entries, ...(sign && { sign }), ...(degradation && { degradation }) };
}

function allCells(grid: number): Cell[] {
  return Array.from({ length: grid * grid }, (_, i) => ({ row: Math.floor(i / grid), column: i % grid }));
}

/** Takes the sign's two cells out of `free`. */
function placeSign(random: Random, grid: number, free: Cell[]): Sign {
  const cell = { row: random.int(grid), column: random.int(grid - 1) };
  free.splice(cell.row * grid + cell.column, 2);
  return { word: random.pick(SIGN_WORDS), cell };
}

function takeCells(random: Random, free: Cell[], count: number): Cell[] {
  return Array.from({ length: count }, () => free.splice(random.int(free.length), 1)[0] as Cell);
}

/** Different kinds, in proportion to their frequency; four times that where the background suits them. */
function drawKinds(random: Random, background: Background, count: number): Kind[] {
  const associated: readonly Kind[] = BACKGROUNDS[background];
  const drawn: Kind[] = [];
  while (drawn.length < count) {
    const left = KIND_NAMES.filter((kind) => !drawn.includes(kind));
    const weights = left.map((kind) => KINDS[kind].frequency * (associated.includes(kind) ? 4 : 1));
    drawn.push(random.weighted(left, weights));
  }
  return drawn;
}

function sampleEntry(random: Random, kind: Kind, background: Background, cells: readonly Cell[]): Entry {
  const color = random.chance(0.3) ? KINDS[kind].usual : random.pick(COLOR_NAMES);
  const invisible = background === 'snow' && color === 'white';
  return {
    kind,
    color: invisible ? 'red' : color,
    size: random.pick(SIZES),
    pattern: random.weighted(PATTERNS, [2, 1, 1]),
    cells,
  };
}

/** Where `a` is, seen from `b`; undefined when either is several things or the direction is a tie. */
export function relation(a: Entry, b: Entry): Relation | undefined {
  const [one, other] = [a.cells[0], b.cells[0]];
  if (a.cells.length !== 1 || b.cells.length !== 1 || !one || !other) return undefined;
  const down = one.row - other.row;
  const right = one.column - other.column;
  if (Math.abs(right) > Math.abs(down)) return right < 0 ? 'left' : 'right';
  if (Math.abs(down) > Math.abs(right)) return down < 0 ? 'above' : 'below';
  return undefined;
}
