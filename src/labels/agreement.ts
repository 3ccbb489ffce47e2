import { type Labels, openLabels } from '../data/labels.ts';
import { ProblemError } from '../problem.ts';
import { showsThing } from '../world/truth.ts';
import { readTruth } from '../world/truth-file.ts';

/** How far labels name what is in their patches, in % of patches; a patch without labels names nothing. */
export type Agreement = Readonly<{
  /** patches looked at */
  patches: number;
  /** the best word is right */
  top1: number;
  /** one of the patch's words is right */
  anyOfTop: number;
  /** share of all kept words that are right */
  precision: number;
  /** patches that show something besides the background, and the same of these */
  thingPatches: number;
  thingTop1: number;
  thingAnyOfTop: number;
}>;

/** Right words among the labels of a patch. */
type Marks = Readonly<{ kept: number; right: number; first: boolean }>;

/** Compares labels with the world's truth of every patch: a diagnosis, never something to train with. */
export async function agreementOf(labelFolder: string, truthFolder: string, signal?: AbortSignal): Promise<Agreement> {
  const labels = await openLabels(labelFolder);
  try {
    const { words, top, grid, images } = labels.manifest;
    const [all, things] = [emptyTally(), emptyTally()];
    const seen = new Set<string>();
    const found = new Int32Array(labels.words.size);
    for await (const { image, patches, background } of readTruth(truthFolder)) {
      const at = labels.indexOf(image);
      if (at === undefined) continue;
      signal?.throwIfAborted();
      if (patches.length !== grid[0] * grid[1]) throw otherGrid(image, patches.length, grid);
      labels.words.readInto(found, 0, at);
      seen.add(image);
      for (const [patch, right] of patches.entries()) {
        const marks = markPatch(found.subarray(patch * top, (patch + 1) * top), words, right);
        add(all, marks);
        if (showsThing(right, background)) add(things, marks);
      }
    }
    requireAll(labels, seen, truthFolder);
    return summarise(all, things, images.length * grid[0] * grid[1]);
  } finally {
    labels.close();
  }
}

function markPatch(found: Int32Array, words: readonly string[], right: readonly string[]): Marks {
  const kept = [...found].filter((word) => word >= 0).map((word) => right.includes(words[word] as string));
  return { kept: kept.length, right: kept.filter(Boolean).length, first: kept[0] ?? false };
}

type Tally = { patches: number; top1: number; any: number; kept: number; right: number };

const emptyTally = (): Tally => ({ patches: 0, top1: 0, any: 0, kept: 0, right: 0 });

function add(tally: Tally, { kept, right, first }: Marks): void {
  tally.patches++;
  if (first) tally.top1++;
  if (right > 0) tally.any++;
  tally.kept += kept;
  tally.right += right;
}

function summarise(all: Tally, things: Tally, expected: number): Agreement {
  if (all.patches !== expected) throw new Error(`${all.patches} patches of ${expected} compared`);
  const share = (part: number, whole: number): number => (100 * part) / Math.max(1, whole);
  return {
    patches: all.patches,
    top1: share(all.top1, all.patches),
    anyOfTop: share(all.any, all.patches),
    precision: share(all.right, all.kept),
    thingPatches: things.patches,
    thingTop1: share(things.top1, things.patches),
    thingAnyOfTop: share(things.any, things.patches),
  };
}

function requireAll({ manifest }: Labels, seen: ReadonlySet<string>, truthFolder: string): void {
  const missing = manifest.images.filter((image) => !seen.has(image));
  const [first] = missing;
  if (first === undefined) return;
  throw new ProblemError({
    code: 'truth-missing',
    message: `${truthFolder} says nothing about ${missing.length} of ${manifest.images.length} labelled images, the first is ${first}`,
    hint: 'connect the truth of the same `world` stage as the data that was labelled',
  });
}

function otherGrid(image: string, found: number, grid: readonly [number, number]): ProblemError {
  return new ProblemError({
    code: 'grid-mismatch',
    message: `the truth of ${image} has ${found} patches, its labels ${grid[0]} x ${grid[1]}`,
    hint: "set `patch` of the world to the side of the encoder's patches in pixels of the image",
  });
}
