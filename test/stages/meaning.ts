import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import { openSafetensors } from '../../src/data/safetensors.ts';
import { canonicalJson, type Json, sha256 } from '../../src/hash.ts';

/**
 * Many numbers as a few: their root mean square, and a sum with fixed signs and weights that notices when they change
 * places. Both move continuously with the numbers, so another machine's rounding moves them as little.
 */
export type Numbers = Readonly<{ count: number; rms: number; probe: number }>;

/** What an output says, not its bytes: text by hash, tensors and pictures by their numbers. */
export type Meaning = Readonly<Record<string, string | Numbers>>;

type Sums = { count: number; squares: number; probe: number };

function add(sums: Sums, values: ArrayLike<number>): void {
  for (let i = 0; i < values.length; i++) {
    const value = values[i] as number;
    sums.squares += value * value;
    sums.probe += value * Math.cos(0.7 * sums.count + 0.3);
    sums.count++;
  }
}

function close({ count, squares, probe }: Sums): Numbers {
  return { count, rms: six(Math.sqrt(squares / count)), probe: six(probe / Math.sqrt(count)) };
}

const six = (value: number): number => Number(value.toPrecision(6));

/** The meaning of an output file or folder, by paths below it. */
export async function meaningOf(path: string): Promise<Meaning> {
  const names = statSync(path).isFile() ? [''] : readdirSync(path, { recursive: true, encoding: 'utf8' }).sort();
  const files = names.filter((name) => statSync(join(path, name)).isFile());
  const found: Record<string, string | Numbers> = {};
  const pictures: Sums = { count: 0, squares: 0, probe: 0 };
  for (const name of files) {
    const file = join(path, name);
    if (name.endsWith('.safetensors')) found[name] = await tensorsOf(file);
    else if (/\.(png|jpe?g)$/.test(name)) add(pictures, await sharp(file).removeAlpha().raw().toBuffer());
    else Object.assign(found, textOf(name, readFileSync(file, 'utf8')));
  }
  return pictures.count === 0 ? found : { ...found, pictures: close(pictures) };
}

async function tensorsOf(file: string): Promise<Numbers> {
  const sums: Sums = { count: 0, squares: 0, probe: 0 };
  const opened = await openSafetensors(file);
  for (const name of [...opened.tensors.keys()].sort()) add(sums, (await opened.read(name)).values);
  await opened.close();
  return close(sums);
}

type Sample = Readonly<{ belowZero?: number; contrast?: Readonly<Record<string, number>> }>;

/** A manifest's statistics are numbers that were computed; all other text is exact. */
function textOf(name: string, text: string): Meaning {
  if (!name.endsWith('manifest.json')) return { [name]: sha256(text).slice(0, 12) };
  const {
    mean = [],
    std = [],
    sample: { belowZero = [], contrast = {} } = {},
    ...rest
  } = JSON.parse(text) as { [key: string]: Json } & { mean?: number[]; std?: number[]; sample?: Sample };
  const sums: Sums = { count: 0, squares: 0, probe: 0 };
  add(sums, [...mean, ...std, belowZero, ...Object.values(contrast)].flat());
  const exact = { [name]: sha256(canonicalJson(rest)).slice(0, 12) };
  return sums.count === 0 ? exact : { ...exact, [`${name} statistics`]: close(sums) };
}
