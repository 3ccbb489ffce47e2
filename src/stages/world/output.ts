import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { encodePng } from '../../world/png.ts';
import type { Picture } from '../../world/render.ts';
import type { Job } from './run.ts';

/** The path of an output port that the kind declares. */
export function outputOf(job: Job, port: string): string {
  const path = job.output[port];
  if (path === undefined) throw new Error(`no path for the output ${port}`);
  return path;
}

export async function writeText(folder: string, name: string, text: string): Promise<void> {
  const path = join(folder, name);
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, text);
}

/** Pictures in flight: enough to keep the disk busy, few enough to stop quickly. */
const BATCH = 64;

/**
 * Makes `count` things one after another and awaits what they write in batches. Between batches the stage can be
 * stopped and says how far it is.
 */
export async function inBatches(job: Job, count: number, make: (index: number) => Promise<void>): Promise<void> {
  for (let from = 0; from < count; from += BATCH) {
    job.signal.throwIfAborted();
    const size = Math.min(BATCH, count - from);
    await Promise.all(Array.from({ length: size }, (_, i) => make(from + i)));
    job.progress(from + size, count);
  }
}

export function writePicture(path: string, picture: Picture): Promise<void> {
  return writeFile(path, encodePng(picture.pixels, picture.side));
}

/** A JSON array with one element a line. */
export function jsonArray(items: readonly unknown[]): string {
  return `[\n${items.map((item) => JSON.stringify(item)).join(',\n')}\n]\n`;
}
