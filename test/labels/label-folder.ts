import { join } from 'node:path';
import { writeLabels } from '../../src/data/labels.ts';
import { writeLines } from '../stages/pictures.ts';

/** The labels of a patch, best first: a word of the list, or null where it was dropped for its score. */
export type PatchLabels = readonly (readonly [word: string | null, score: number])[];

/** A labels folder as an extraction leaves it; `patches` [image][patch][top]. */
export async function writeLabelFolder(
  folder: string,
  words: readonly string[],
  grid: readonly [number, number],
  patches: Readonly<Record<string, readonly PatchLabels[]>>,
  minScore?: number,
): Promise<string> {
  const images = Object.keys(patches);
  const top = patches[images[0] as string]?.[0]?.length ?? 0;
  await writeLabels({
    folder,
    about: { words, top, readout: 'surgery', sign: 1, grid, images, ...(minScore === undefined ? {} : { minScore }) },
    signal: new AbortController().signal,
    produce: async (start, count) => {
      const flat = images.slice(start, start + count).flatMap((image) => (patches[image] ?? []).flat());
      return {
        words: Int32Array.from(flat, ([word]) => (word === null ? -1 : words.indexOf(word))),
        scores: Float32Array.from(flat, ([, score]) => score),
      };
    },
  });
  return folder;
}

/** A truth folder: for each image the right words of every patch. */
export function writeTruth(
  folder: string,
  background: string,
  patches: Readonly<Record<string, readonly (readonly string[])[]>>,
): string {
  const lines = Object.entries(patches).map(([image, right]) =>
    JSON.stringify({ image, patches: right, scene: { background } }),
  );
  writeLines(join(folder, 'truth.jsonl'), lines);
  return folder;
}
