import { type Random, stream } from '../data/random.ts';
import { GLYPH_WIDTH, glyph } from './font.ts';
import { CELL, type Entry, type Scene, type Sign } from './scene.ts';
import { sprite } from './sprites.ts';
import { TEXTURE_MARGIN, texture } from './textures.ts';
import { COLORS, type Degradation, type Rgb, type Size } from './vocabulary.ts';

/** `objects` of a pixel where there is only background, and where the sign is; else the entry's index. */
export const BACKGROUND = -1;
export const SIGN = 100;
/** Side of the square that one letter of a sign takes. */
const LETTER = 8;

export type Picture = Readonly<{
  side: number;
  /** [side * side * 3], RGB */
  pixels: Uint8Array;
  /** [side * side]: what each pixel shows */
  objects: Int16Array;
}>;

type Canvas = Readonly<{ side: number; pixels: Float32Array; objects: Int16Array }>;

const SPRITE_SIDES: Readonly<Record<Size, readonly number[]>> = { small: [10, 11], large: [16, 17] };
const FRAME: Rgb = [120, 20, 20];
const INK: Rgb = [15, 15, 15];

/** Draws a scene on a picture of `side` pixels, a multiple of CELL. */
export function render(scene: Scene, random: Random, side: number): Picture {
  const canvas: Canvas = {
    side,
    pixels: background(scene, random, side),
    objects: new Int16Array(side * side).fill(BACKGROUND),
  };
  for (const [index, entry] of scene.entries.entries()) drawEntry(canvas, entry, index, random);
  if (scene.sign) drawSign(canvas, scene.sign, random);
  const degraded = degrade(canvas, scene.degradation, random);
  return { side, pixels: sense(degraded, random), objects: canvas.objects };
}

function background(scene: Scene, random: Random, side: number): Float32Array {
  const width = side + TEXTURE_MARGIN;
  const whole = texture(scene.background, width, random);
  const left = random.int(TEXTURE_MARGIN);
  const top = random.int(TEXTURE_MARGIN);
  const light = random.between(0.88, 1.12);
  const pixels = new Float32Array(side * side * 3);
  for (let y = 0; y < side; y++) {
    const from = ((top + y) * width + left) * 3;
    for (let i = 0; i < side * 3; i++) pixels[y * side * 3 + i] = (whole[from + i] ?? 0) * light;
  }
  return pixels;
}

function drawEntry(canvas: Canvas, entry: Entry, index: number, random: Random): void {
  const light = random.between(0.88, 1.08);
  const body = COLORS[entry.color].map((channel) => channel * light) as unknown as Rgb;
  for (const cell of entry.cells) {
    const { side, parts, accents } = sprite(entry.kind, random.pick(SPRITE_SIDES[entry.size]));
    const jitter = (at: number): number =>
      Math.min(Math.max(at * CELL + CELL / 2 - Math.floor(side / 2) + random.int(3) - 1, 0), canvas.side - side);
    const top = jitter(cell.row);
    const left = jitter(cell.column);
    for (let i = 0; i < parts.length; i++) {
      const part = parts[i] ?? -1;
      if (part < 0) continue;
      const x = i % side;
      const y = Math.floor(i / side);
      const color = part === 0 ? patterned(entry, body, x, y) : (accents[part - 1] as Rgb);
      put(canvas, left + x, top + y, color, index);
    }
  }
}

function patterned(entry: Entry, body: Rgb, x: number, y: number): Rgb {
  const inRow = y % 4 < 2;
  if (entry.pattern === 'striped' && inRow) return scaled(body, 0.55, 0);
  if (entry.pattern === 'dotted' && inRow && x % 4 < 2) return scaled(body, 0.25, 30);
  return body;
}

/** A plate with one glyph on each square of LETTER pixels, aligned to them so that a patch sees a whole letter. */
function drawSign(canvas: Canvas, sign: Sign, random: Random): void {
  const top = sign.cell.row * CELL + LETTER * random.int(2);
  const left = sign.cell.column * CELL + LETTER * random.int(2);
  const plate = scaled([250, 250, 235], random.between(0.9, 1), 0);
  const width = LETTER * sign.word.length;
  for (let x = left; x < left + width; x++) {
    for (let y = top; y < top + LETTER; y++) put(canvas, x, y, plate, SIGN);
    if (top > 0) put(canvas, x, top - 1, FRAME);
    if (top + LETTER < canvas.side) put(canvas, x, top + LETTER, FRAME);
  }
  [...sign.word].forEach((letter, i) => {
    const margin = Math.floor((LETTER - GLYPH_WIDTH) / 2);
    glyph(letter).forEach((row, y) => {
      row.forEach((ink, x) => {
        if (ink) put(canvas, left + LETTER * i + margin + x, top + y, INK);
      });
    });
  });
}

function put({ side, pixels, objects }: Canvas, x: number, y: number, color: Rgb, object?: number): void {
  const at = y * side + x;
  pixels[at * 3] = color[0];
  pixels[at * 3 + 1] = color[1];
  pixels[at * 3 + 2] = color[2];
  if (object !== undefined) objects[at] = object;
}

function scaled(color: Rgb, factor: number, offset: number): Rgb {
  return [color[0] * factor + offset, color[1] * factor + offset, color[2] * factor + offset];
}

function degrade({ side, pixels }: Canvas, degradation: Degradation | undefined, random: Random): Float32Array {
  switch (degradation) {
    case undefined:
      return pixels;
    case 'blurry':
      return blur(blur(pixels, side), side);
    case 'dim':
      return pixels.map((value) => value * 0.3);
    case 'noisy':
      return addNoise(pixels, 45, random);
    case 'black':
      return addNoise(
        pixels.map((value) => value * 0.04),
        4,
        random,
      );
  }
}

/** Every pixel becomes the mean of itself and its four neighbours; the edges wrap around. */
function blur(pixels: Float32Array, side: number): Float32Array {
  const row = side * 3;
  const end = row * side;
  return pixels.map((value, i) => {
    const start = i - (i % row);
    const left = start + ((i - start - 3 + row) % row);
    const right = start + ((i - start + 3) % row);
    const [up, down] = [(i - row + end) % end, (i + row) % end];
    return (value + (pixels[left] ?? 0) + (pixels[right] ?? 0) + (pixels[up] ?? 0) + (pixels[down] ?? 0)) / 5;
  });
}

/** What a camera makes of it: a little noise, then bytes. */
function sense(pixels: Float32Array, random: Random): Uint8Array {
  const bytes = new Uint8ClampedArray(addNoise(pixels, 3, random));
  return new Uint8Array(bytes.buffer);
}

/** Power of two. Drawing 12,288 normals for every picture would take longer than everything else together. */
const TAPE_LENGTH = 1 << 18;
let tape: Float32Array | undefined;

/** Adds a stretch of one long tape of normals, entered at random. */
function addNoise(pixels: Float32Array, deviation: number, random: Random): Float32Array {
  tape ??= drawTape();
  const noise = tape;
  const start = random.int(TAPE_LENGTH);
  const noisy = new Float32Array(pixels.length);
  for (let i = 0; i < pixels.length; i++) {
    noisy[i] = (pixels[i] as number) + deviation * (noise[(start + i) & (TAPE_LENGTH - 1)] as number);
  }
  return noisy;
}

function drawTape(): Float32Array {
  const random = stream(0, 'world', 'noise');
  return Float32Array.from({ length: TAPE_LENGTH }, () => random.normal());
}
