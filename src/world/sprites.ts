import type { Kind, Rgb } from './vocabulary.ts';

/** An implicit mask over the square [-1, 1] x [-1, 1]; u to the right, v down. */
type Shape = (u: number, v: number) => boolean;

/** A small part in a colour of its own: without these an encoder cannot tell the kinds apart. */
type Accent = Readonly<{ shape: Shape; color: Rgb; sticksOut?: true }>;
type Drawing = Readonly<{ body: Shape; accents: readonly Accent[] }>;

const circle =
  (x: number, y: number, radius: number): Shape =>
  (u, v) =>
    (u - x) ** 2 + (v - y) ** 2 < radius ** 2;
const box =
  (left: number, top: number, right: number, bottom: number): Shape =>
  (u, v) =>
    u >= left && u <= right && v >= top && v <= bottom;
const any =
  (...shapes: readonly Shape[]): Shape =>
  (u, v) =>
    shapes.some((shape) => shape(u, v));
const without =
  (shape: Shape, hole: Shape): Shape =>
  (u, v) =>
    shape(u, v) && !hole(u, v);

const BROWN: Rgb = [110, 70, 30];
const BLACK: Rgb = [15, 15, 15];
const LEAF: Rgb = [60, 180, 40];
const CYAN: Rgb = [120, 220, 240];
const FLAME: Rgb = [255, 110, 0];
const GRAY: Rgb = [130, 130, 140];
const GLOW: Rgb = [255, 245, 150];

const DRAWINGS: Readonly<Record<Kind, Drawing>> = {
  apple: {
    body: any(circle(-0.3, 0.2, 0.62), circle(0.3, 0.2, 0.62), box(-0.08, -1, 0.12, -0.3)),
    accents: [
      { shape: box(-0.1, -1, 0.15, -0.45), color: BROWN },
      { shape: circle(0.45, -0.75, 0.32), color: LEAF, sticksOut: true },
    ],
  },
  banana: {
    body: without(circle(0, -0.1, 1), circle(0, -0.65, 0.95)),
    accents: [{ shape: (u) => Math.abs(u) > 0.7, color: BROWN }],
  },
  cherry: {
    body: any(
      circle(-0.55, 0.55, 0.42),
      circle(0.55, 0.55, 0.42),
      (u, v) => v < 0.4 && Math.abs(Math.abs(u) * 1.6 - (v + 0.9) * 0.9) < 0.22,
    ),
    accents: [{ shape: (_, v) => v < 0.1 && v > -1, color: LEAF }],
  },
  fish: {
    body: any(
      (u, v) => (u + 0.2) ** 2 / 0.6 + v ** 2 / 0.28 < 1,
      (u, v) => u > 0.35 && Math.abs(v) < (u - 0.3) * 1.1,
    ),
    accents: [
      { shape: circle(-0.55, -0.1, 0.22), color: BLACK },
      { shape: (u) => u > 0.5, color: GRAY },
    ],
  },
  bird: {
    body: any(
      circle(-0.1, 0.25, 0.5),
      circle(-0.5, -0.4, 0.35),
      (u, v) => u > 0.1 && v < 0.2 && Math.abs(v) < 0.75 * (u - 0.1) + 0.05,
      box(-1, -0.45, -0.7, -0.25),
    ),
    accents: [
      { shape: box(-1, -0.5, -0.62, -0.15), color: FLAME },
      { shape: circle(-0.4, -0.45, 0.15), color: BLACK },
    ],
  },
  cat: {
    body: any(circle(0, 0.25, 0.72), (u, v) => v > -1 && v < 0 && Math.abs(Math.abs(u) - 0.5) < (v + 1) * 0.3),
    accents: [
      { shape: any(circle(-0.32, 0.15, 0.2), circle(0.32, 0.15, 0.2)), color: GLOW },
      { shape: box(-0.12, 0.45, 0.12, 0.65), color: BLACK },
    ],
  },
  car: {
    body: any(box(-1, 0, 1, 0.5), box(-0.5, -0.5, 0.5, 0), circle(-0.55, 0.55, 0.3), circle(0.55, 0.55, 0.3)),
    accents: [
      { shape: any(circle(-0.55, 0.55, 0.34), circle(0.55, 0.55, 0.34)), color: BLACK },
      { shape: box(-0.4, -0.4, 0.4, -0.05), color: CYAN },
    ],
  },
  boat: {
    body: any(
      (u, v) => v > 0.3 && v < 0.9 && Math.abs(u) < 1.1 - (v - 0.2) * 0.7,
      (u, v) => u > -0.05 && v < 0.2 && u < (v + 1) * 0.75,
      box(-0.15, -1, 0, 0.3),
    ),
    accents: [{ shape: (_, v) => v > 0.3, color: BROWN }],
  },
  rocket: {
    body: any(
      (u, v) => Math.abs(u) < 0.3 && v > -0.5 && v < 0.7,
      (u, v) => v <= -0.5 && Math.abs(u) < (v + 1) * 0.6,
      (u, v) => v > 0.3 && Math.abs(u) < (v - 0.1) * 0.95,
    ),
    accents: [
      { shape: (_, v) => v > 0.6, color: FLAME },
      { shape: circle(0, -0.1, 0.2), color: CYAN },
    ],
  },
  cup: {
    body: any(box(-0.8, -0.7, 0.4, 0.8), without(circle(0.45, 0, 0.5), circle(0.45, 0, 0.25))),
    accents: [{ shape: box(-0.8, -0.8, 0.4, -0.4), color: BLACK }],
  },
  key: {
    body: any(
      without(circle(-0.55, 0, 0.45), circle(-0.55, 0, 0.18)),
      box(-0.2, -0.15, 1, 0.15),
      box(0.5, 0.1, 0.65, 0.5),
      box(0.8, 0.1, 1, 0.5),
    ),
    accents: [{ shape: (u) => u > 0.3, color: GRAY }],
  },
  lamp: {
    body: any(
      (u, v) => v < 0.05 && v > -0.9 && Math.abs(u) < 0.45 + (v + 0.9) * 0.5,
      box(-0.12, 0, 0.12, 0.7),
      box(-0.6, 0.7, 0.6, 1),
    ),
    accents: [
      { shape: (_, v) => v > 0.05, color: GRAY },
      { shape: box(-0.3, -0.1, 0.3, 0.1), color: GLOW },
    ],
  },
};

/** A kind as pixels. `parts` [side * side]: -1 see-through, 0 the body, 1 and up: `accents[part - 1]`'s colour. */
export type Sprite = Readonly<{ side: number; parts: Int8Array; accents: readonly Rgb[] }>;

const drawn = new Map<string, Sprite>();

export function sprite(kind: Kind, side: number): Sprite {
  const name = `${kind} ${side}`;
  const known = drawn.get(name);
  if (known) return known;
  const made = rasterise(DRAWINGS[kind], side);
  drawn.set(name, made);
  return made;
}

function rasterise({ body, accents }: Drawing, side: number): Sprite {
  const parts = new Int8Array(side * side).fill(-1);
  for (let i = 0; i < parts.length; i++) {
    const u = (((i % side) + 0.5) / side) * 2 - 1;
    const v = ((Math.floor(i / side) + 0.5) / side) * 2 - 1;
    const solid = body(u, v);
    if (solid) parts[i] = 0;
    accents.forEach((accent, part) => {
      if ((solid || accent.sticksOut) && accent.shape(u, v)) parts[i] = part + 1;
    });
  }
  return { side, parts, accents: accents.map((accent) => accent.color) };
}
