import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Found } from '../ui/browse/world.ts';

const folders = ['.', 'experiments'] as const;
/** Of a file only its beginning is read: its name and description stand there. */
const longest = 1_000_000;

/** Experiment files in this folder and in experiments/, as far as their text tells. */
export function experimentsNear(folder: string): readonly Found[] {
  return folders.flatMap((below) => {
    const place = join(folder, below);
    if (!existsSync(place)) return [];
    return readdirSync(place)
      .filter((name) => /\.ya?ml$/.test(name))
      .sort()
      .flatMap((name) => readFound(join(place, name), below === '.' ? name : join(below, name)));
  });
}

function readFound(path: string, file: string): readonly Found[] {
  const stat = statSync(path, { throwIfNoEntry: false });
  if (stat?.isFile() !== true || stat.size > longest) return [];
  const text = readFileSync(path, 'utf8');
  if (!/^(stages|extends|rows):/m.test(text)) return [];
  const description = lineOf(text, 'description');
  return [{ file, name: lineOf(text, 'name') ?? file, ...(description === undefined ? {} : { description }) }];
}

/** A plain value of one line; a folded one is left to the reader of the file. */
function lineOf(text: string, key: string): string | undefined {
  const value = new RegExp(`^${key}:[ \\t]*(.+)$`, 'm').exec(text)?.[1]?.trim();
  return value === undefined || /^[>|]/.test(value) ? undefined : value.replace(/^(['"])(.*)\1$/, '$2');
}
