import { type Random, stream } from '../data/random.ts';
import { BACKGROUND_NAMES, type Background } from './vocabulary.ts';

/** Textures of each background; a picture shows a random crop of one of them. */
const VARIANTS = 12;
/** A texture is wider than a picture by this many pixels. */
export const TEXTURE_MARGIN = 32;

/** Writes the colour of the pixel at (x, y) into `out`. */
type Paint = (x: number, y: number, random: Random, out: [number, number, number]) => void;

const PAINTS: Readonly<Record<Background, (variant: number) => Paint>> = {
  grass: () => (_x, _y, random, out) => {
    const shade = random.normal() * 18;
    const tuft = random.chance(0.15);
    set(out, 70 + shade + (tuft ? 25 : 0), 125 + shade + (tuft ? 45 : 0), 50 + shade + (tuft ? 10 : 0));
  },
  sea: (variant) => (x, y, random, out) => {
    const wave = Math.sin(y / 2.2 + Math.sin(x / 6 + variant) * 1.5) * 22 + random.normal() * 5;
    set(out, 40 + wave, 110 + wave, 150 + wave);
  },
  sand: () => (_x, _y, random, out) => {
    const grain = random.normal() * 9;
    set(out, 215 + grain, 190 + grain, 140 + grain);
  },
  brick: () => (x, y, random, out) => {
    const row = Math.floor(y / 5);
    const mortar = y % 5 === 0 || (x + (row % 2) * 5) % 10 === 0;
    const shade = random.normal() * 8;
    if (mortar) set(out, 190, 180, 170);
    else set(out, 150 + shade, 75 + shade, 55 + shade);
  },
  night: () => (_x, _y, random, out) => {
    const shade = random.normal() * 4 + (random.chance(0.012) ? 200 : 0);
    set(out, 18 + shade, 18 + shade, 42 + shade);
  },
  snow: () => (_x, _y, random, out) => {
    const shade = random.normal() * 4 - (random.chance(0.05) ? 35 : 0);
    set(out, 225 + shade, 232 + shade, 240 + shade);
  },
};

function set(out: [number, number, number], red: number, green: number, blue: number): void {
  out[0] = red;
  out[1] = green;
  out[2] = blue;
}

type Bank = Readonly<Record<Background, readonly Float32Array[]>>;
const banks = new Map<number, Bank>();

/** A texture [side * side * 3] of a background; the same in every world, whatever its seed. */
export function texture(background: Background, side: number, random: Random): Float32Array {
  const bank = banks.get(side) ?? makeBank(side);
  banks.set(side, bank);
  return random.pick(bank[background]);
}

function makeBank(side: number): Bank {
  const entries = BACKGROUND_NAMES.map((background) => {
    const variants = Array.from({ length: VARIANTS }, (_, variant) => weave(background, variant, side));
    return [background, variants] as const;
  });
  return Object.fromEntries(entries) as unknown as Bank;
}

function weave(background: Background, variant: number, side: number): Float32Array {
  const random = stream(0, 'world', 'texture', background, variant, side);
  const paint = PAINTS[background](variant);
  const pixels = new Float32Array(side * side * 3);
  const color: [number, number, number] = [0, 0, 0];
  for (let y = 0; y < side; y++) {
    for (let x = 0; x < side; x++) {
      paint(x, y, random, color);
      pixels.set(color, (y * side + x) * 3);
    }
  }
  return pixels;
}
