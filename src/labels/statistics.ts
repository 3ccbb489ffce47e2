import { setImmediate } from 'node:timers/promises';
import { type LabelManifest, openLabels } from '../data/labels.ts';
import { ProblemError } from '../problem.ts';
import { binOf, emptyCounts, type Histogram, histogramOf, peakOf } from './histogram.ts';

/**
 * How often a word of the list is a label, how often it is recorded (also where its score was too low for a label), and
 * the mean of its recorded scores; null where it is never recorded.
 */
export type WordUse = Readonly<{ word: string; count: number; recorded: number; meanScore: number | null }>;

/**
 * What Figure 6 of the paper tells of a label set. Shares are in %. "Recorded" are the best `top` scores of every patch,
 * also those of words that were dropped for a score below the least one; "kept" are the labels that training draws from.
 */
export type LabelStatistics = Readonly<{
  images: number;
  grid: readonly [height: number, width: number];
  top: number;
  readout: string;
  sign: 1 | -1;
  /** length of the word list */
  words: number;
  /** recorded scores: images * patches * top */
  scores: number;
  /** labels kept */
  labels: number;
  labelsPerPatch: number;
  /** share of the recorded scores below zero */
  belowZero: number;
  /** share of all scores of patches and words below zero, in the sample that extraction looked at; null: not recorded */
  allBelowZero: number | null;
  /** mean score of the kept labels */
  meanScore: number | null;
  /** of the recorded scores (the scores above zero are Figure 6a) */
  histogram: Histogram;
  /** middle of the fullest bin */
  peak: number | null;
  /** words that are a label of some patch, and their share of the list */
  usedWords: number;
  utilisation: number;
  /** of the mean scores of the recorded words (Figure 6b) */
  wordHistogram: Histogram;
  /** middle of its fullest bin */
  cluster: number | null;
  /** share of the recorded words whose mean score is below zero */
  wordsBelowZero: number;
  /** every word in the order of the list */
  perWord: readonly WordUse[];
}>;

type Watch = Readonly<{ signal?: AbortSignal; progress?: (done: number, of: number) => void }>;

/** Reads a labels folder image by image. Throws ProblemError when it is damaged. */
export async function statisticsOf(folder: string, { signal, progress }: Watch = {}): Promise<LabelStatistics> {
  const labels = await openLabels(folder);
  try {
    const { images, words } = labels.manifest;
    const tally = emptyTally(words.length);
    const [kept, nearest] = [new Int32Array(labels.words.size), new Int32Array(labels.nearest.size)];
    const scores = new Float32Array(labels.scores.size);
    for (const [i, image] of images.entries()) {
      if (i % 256 === 0) {
        await setImmediate(); // a stop is heard between images only where there is a pause
        signal?.throwIfAborted();
        progress?.(i, images.length);
      }
      labels.words.readInto(kept, 0, i);
      labels.nearest.readInto(nearest, 0, i);
      labels.scores.readInto(scores, 0, i);
      if (!count(tally, { kept, nearest, scores })) throw damaged(folder, image);
    }
    return summarise(labels.manifest, tally);
  } finally {
    labels.close();
  }
}

type Tally = {
  scores: number;
  below: number;
  kept: number;
  total: number;
  readonly histogram: Float64Array;
  /** per word: how often it is a label, how often it is recorded, and the sum of its recorded scores */
  readonly counts: Float64Array;
  readonly recorded: Float64Array;
  readonly sums: Float64Array;
};

function emptyTally(words: number): Tally {
  const [counts, recorded, sums] = [new Float64Array(words), new Float64Array(words), new Float64Array(words)];
  return { scores: 0, below: 0, kept: 0, total: 0, histogram: emptyCounts(), counts, recorded, sums };
}

/** Labels of an image, [patches * top] each: words that are labels, words that are recorded, their scores. */
type Row = Readonly<{ kept: Int32Array; nearest: Int32Array; scores: Float32Array }>;

/** Adds the labels of an image; false where one is no word of the list or no score. */
function count(tally: Tally, { kept, nearest, scores }: Row): boolean {
  for (let i = 0; i < scores.length; i++) {
    const [score, word] = [scores[i] as number, nearest[i] as number];
    if (!Number.isFinite(score) || word < -1 || word >= tally.counts.length) return false;
    const bin = binOf(score);
    tally.histogram[bin] = (tally.histogram[bin] as number) + 1;
    tally.scores++;
    if (score < 0) tally.below++;
    if (word === -1) continue;
    tally.recorded[word] = (tally.recorded[word] as number) + 1;
    tally.sums[word] = (tally.sums[word] as number) + score;
    if (kept[i] === -1) continue;
    tally.counts[word] = (tally.counts[word] as number) + 1;
    tally.kept++;
    tally.total += score;
  }
  return true;
}

function summarise(manifest: LabelManifest, tally: Tally): LabelStatistics {
  const { images, grid, top, readout, sign, words } = manifest;
  const perWord = words.map((word, i): WordUse => {
    const recorded = tally.recorded[i] as number;
    const meanScore = recorded === 0 ? null : (tally.sums[i] as number) / recorded;
    return { word, count: tally.counts[i] as number, recorded, meanScore };
  });
  const means = perWord.flatMap(({ meanScore }) => meanScore ?? []);
  const wordCounts = emptyCounts();
  for (const mean of means) wordCounts[binOf(mean)] = (wordCounts[binOf(mean)] as number) + 1;
  const [histogram, wordHistogram] = [histogramOf(tally.histogram), histogramOf(wordCounts)];
  const usedWords = perWord.filter(({ count: times }) => times > 0).length;
  const share = (part: number, whole: number): number => (100 * part) / Math.max(1, whole);
  return {
    images: images.length,
    ...{ grid, top, readout, sign },
    words: words.length,
    scores: tally.scores,
    labels: tally.kept,
    labelsPerPatch: tally.kept / Math.max(1, images.length * grid[0] * grid[1]),
    belowZero: share(tally.below, tally.scores),
    allBelowZero: manifest.sample?.belowZero ?? null,
    meanScore: tally.kept === 0 ? null : tally.total / tally.kept,
    histogram,
    peak: peakOf(histogram),
    usedWords,
    utilisation: share(usedWords, words.length),
    wordHistogram,
    cluster: peakOf(wordHistogram),
    wordsBelowZero: share(means.filter((mean) => mean < 0).length, means.length),
    perWord,
  };
}

/** The most and the least used words, and how many of the list are never used; equals in the order of the list. */
export function extremesOf(
  perWord: readonly WordUse[],
  number: number,
): Readonly<{ mostUsed: readonly WordUse[]; leastUsed: readonly WordUse[]; unused: number }> {
  const used = perWord.filter(({ count: times }) => times > 0);
  const mostUsed = used.toSorted((a, b) => b.count - a.count).slice(0, number);
  const leastUsed = used.toSorted((a, b) => a.count - b.count).slice(0, number);
  return { mostUsed, leastUsed, unused: perWord.length - used.length };
}

function damaged(folder: string, image: string): ProblemError {
  return new ProblemError({
    code: 'bad-labels',
    message: `${folder}: the labels of ${image} hold words that are not in the list, or scores that are no numbers`,
    hint: 'sea verify looks for damaged outputs',
  });
}
