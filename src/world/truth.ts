import { BACKGROUND, type Picture, SIGN } from './render.ts';
import type { Scene } from './scene.ts';
import { KINDS, SYNONYMS } from './vocabulary.ts';

/** One line of truth.jsonl. `patches`: for each patch, row by row, every word of the list that is right for it. */
export type Truth = Readonly<{ image: string; patches: readonly (readonly string[])[]; scene: Scene }>;

/** An object counts for a patch that it covers by at least this much. */
const LEAST_SHARE = 0.12;

/** What every patch of `patch` x `patch` pixels shows; for diagnostics, never for training. */
export function truthOf(image: string, scene: Scene, picture: Picture, patch: number): Truth {
  const across = picture.side / patch;
  const words = new Map<number, readonly string[]>();
  const patches = Array.from({ length: across * across }, (_, i) => {
    const row = Math.floor(i / across);
    const seen = objectsSeen(picture, row * patch, (i % across) * patch, patch);
    return [
      ...new Set(
        seen.flatMap((object) => {
          const known = words.get(object) ?? rightWords(scene, object);
          words.set(object, known);
          return known;
        }),
      ),
    ];
  });
  return { image, patches, scene };
}

function objectsSeen({ side, objects }: Picture, top: number, left: number, patch: number): number[] {
  const pixels = new Map<number, number>();
  for (let y = top; y < top + patch; y++) {
    for (let x = left; x < left + patch; x++) {
      const object = objects[y * side + x] ?? BACKGROUND;
      pixels.set(object, (pixels.get(object) ?? 0) + 1);
    }
  }
  return [...pixels].filter(([, count]) => count >= LEAST_SHARE * patch * patch).map(([object]) => object);
}

function rightWords(scene: Scene, object: number): string[] {
  return withSynonyms(conceptsOf(scene, object));
}

function withSynonyms(concepts: readonly string[]): string[] {
  return concepts.flatMap((word) => [word, ...(SYNONYMS[word] ?? [])]);
}

/** Whether a patch shows something besides the background: a thing or a sign. */
export function showsThing(words: readonly string[], background: string): boolean {
  const ground = withSynonyms([background]);
  return words.some((word) => !ground.includes(word));
}

function conceptsOf(scene: Scene, object: number): string[] {
  if (object === BACKGROUND) return [scene.background];
  if (object === SIGN) return scene.sign ? ['sign', scene.sign.word] : [];
  const entry = scene.entries[object];
  if (!entry) throw new Error(`object ${object} of a scene of ${scene.entries.length} entries`);
  return [entry.kind, entry.color, entry.size, entry.pattern, KINDS[entry.kind].hypernym];
}
