import { openLabels } from '../../data/labels.ts';

/**
 * Figures of a labels folder: words kept per patch, share of the word list that is used (%), share of the best `top`
 * scores below zero (%), and the mean of the kept scores (Figure 6 of the paper).
 */
export async function statisticsOf(folder: string): Promise<Readonly<Record<string, number>>> {
  const labels = await openLabels(folder);
  try {
    const { images, words, grid, top } = labels.manifest;
    const [patches, size] = [grid[0] * grid[1], labels.words.size];
    const [indices, scores] = [new Int32Array(size), new Float32Array(size)];
    const used = new Set<number>();
    let [kept, below, total] = [0, 0, 0];
    for (let i = 0; i < images.length; i++) {
      labels.words.readInto(indices, 0, i);
      labels.scores.readInto(scores, 0, i);
      for (let j = 0; j < size; j++) {
        if ((scores[j] as number) < 0) below++;
        if ((indices[j] as number) < 0) continue;
        used.add(indices[j] as number);
        kept++;
        total += scores[j] as number;
      }
    }
    return {
      images: images.length,
      labelsPerPatch: kept / (images.length * patches),
      utilisation: (100 * used.size) / words.length,
      belowZero: (100 * below) / (images.length * patches * top),
      meanScore: total / Math.max(1, kept),
    };
  } finally {
    labels.close();
  }
}
