/** How a patch's label is drawn from its words: in proportion to their scores (Eq. 7), the best one, or any. */
export type LabelChoice = 'weighted' | 'top1' | 'uniform';

export type SampleSettings = Readonly<{
  /** patches down and across */
  grid: readonly [number, number];
  /** windows are k x k patches; one patch of each is taken */
  window: number;
  /** partial windows at the right and lower edge stay or are left out */
  edge: 'keep' | 'drop';
  choice: LabelChoice;
  /** one patch per label in the batch, since equal labels would be each other's negatives */
  dedupe: boolean;
}>;

/** Words of the patches of one image, best first: ids and scores [patches, top] row-major, -1 where there is no word. */
export type PatchLabels = Readonly<{ words: ArrayLike<number>; scores: ArrayLike<number>; top: number }>;

/** The random numbers of one image, one of each per window: uniform in [0, 1). */
export type WindowDraws = Readonly<{ patch: ArrayLike<number>; label: ArrayLike<number>; priority: ArrayLike<number> }>;

/** A patch that was taken, with its label; `window` counts from 0 within its image. */
export type Pick = Readonly<{ image: number; window: number; patch: number; word: number }>;

/** Patches of every window, windows and patches row-major. */
export function windowsOf({ grid: [rows, columns], window, edge }: SampleSettings): readonly (readonly number[])[] {
  const count = (side: number): number => (edge === 'keep' ? Math.ceil(side / window) : Math.floor(side / window));
  const windows: number[][] = [];
  for (let y = 0; y < count(rows); y++) {
    for (let x = 0; x < count(columns); x++) {
      const patches: number[] = [];
      for (let r = y * window; r < Math.min(rows, (y + 1) * window); r++) {
        for (let c = x * window; c < Math.min(columns, (x + 1) * window); c++) patches.push(r * columns + c);
      }
      windows.push(patches);
    }
  }
  return windows;
}

/**
 * Patches and labels for the alignment loss: one patch per window among those whose scores sum to more than 0, one of
 * its words, and with `dedupe` one patch per word in the whole batch (lowest priority draw, then the earlier window).
 * In the order of images and windows. All arithmetic is in single precision, as the reference has it.
 */
export function sampleLabels(
  images: readonly PatchLabels[],
  draws: readonly WindowDraws[],
  settings: SampleSettings,
): readonly Pick[] {
  return picks(images, draws, settings).kept;
}

/** The same with every window's pick before duplicates are dropped (undefined where no patch has a word). */
export function picks(
  images: readonly PatchLabels[],
  draws: readonly WindowDraws[],
  settings: SampleSettings,
): Readonly<{ all: readonly (Pick | undefined)[][]; kept: readonly Pick[] }> {
  const windows = windowsOf(settings);
  const all = images.map((labels, image) =>
    windows.map((patches, window) => {
      const draw = draws[image];
      if (draw === undefined) throw new Error(`${images.length} images but draws for ${draws.length}`);
      const candidates = patches.filter((patch) => scoreSum(labels, patch) > 0);
      if (candidates.length === 0) return undefined;
      const patch = candidates[Math.floor(at(draw.patch, window) * candidates.length)] as number;
      return { image, window, patch, word: drawWord(labels, patch, at(draw.label, window), settings.choice) };
    }),
  );
  const flat = all.flat().filter((pick): pick is Pick => pick !== undefined);
  const priority = (pick: Pick): number => at((draws[pick.image] as WindowDraws).priority, pick.window);
  return { all, kept: settings.dedupe ? onePerWord(flat, priority) : flat };
}

function at(values: ArrayLike<number>, index: number): number {
  const value = values[index];
  if (value === undefined) throw new Error(`${values.length} random numbers, but window ${index} needs one`);
  return value;
}

/** Words of a patch with their scores, best first. */
function wordsOf({ words, scores, top }: PatchLabels, patch: number): { word: number; score: number }[] {
  const found = [];
  for (let j = patch * top; j < (patch + 1) * top; j++) {
    if ((words[j] as number) >= 0) found.push({ word: words[j] as number, score: scores[j] as number });
  }
  return found;
}

function scoreSum(labels: PatchLabels, patch: number): number {
  return wordsOf(labels, patch).reduce((sum, { score }) => Math.fround(sum + score), 0);
}

/** Eq. 7: p_j = s_j / sum of the patch's scores, inverted at `u`. */
function drawWord(labels: PatchLabels, patch: number, u: number, choice: LabelChoice): number {
  const words = wordsOf(labels, patch);
  const first = words[0] as { word: number; score: number };
  if (choice === 'top1') return first.word;
  if (choice === 'uniform') return (words[Math.floor(u * words.length)] ?? first).word;
  const total = scoreSum(labels, patch);
  let reached = 0;
  for (const { word, score } of words) {
    reached = Math.fround(reached + Math.fround(score / total));
    if (u < reached) return word;
  }
  // rounding left the sum a hair below 1: the last word with any share
  return (words.findLast(({ score }) => score > 0) ?? first).word;
}

function onePerWord(found: readonly Pick[], priority: (pick: Pick) => number): readonly Pick[] {
  const best = new Map<number, Pick>();
  for (const pick of found) {
    const other = best.get(pick.word);
    if (other === undefined || priority(pick) < priority(other)) best.set(pick.word, pick);
  }
  return found.filter((pick) => best.get(pick.word) === pick);
}

/** Picks as arrays of a fixed size: rows of the flattened visual tokens, words, and 1 for a real row, 0 for padding. */
export function padPicks(
  found: readonly Pick[],
  size: number,
  patchesPerImage: number,
): Readonly<{ rows: Int32Array; words: Int32Array; kept: Float32Array }> {
  if (found.length > size) throw new Error(`${found.length} picks do not fit in ${size} rows`);
  const rows = new Int32Array(size);
  const words = new Int32Array(size);
  const kept = new Float32Array(size);
  found.forEach(({ image, patch, word }, i) => {
    rows[i] = image * patchesPerImage + patch;
    words[i] = word;
    kept[i] = 1;
  });
  return { rows, words, kept };
}
