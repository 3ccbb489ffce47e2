import { rename } from 'node:fs/promises';
import { join } from 'node:path';
import { type ChatRecord, imagesOf, readDataset } from '../data/dataset.ts';
import { type LabelWork, writeLabels } from '../data/labels.ts';
import { readWords } from '../data/words.ts';
import { ProblemError } from '../problem.ts';
import { type LabelStatistics, statisticsOf } from './statistics.ts';

/** What is to be labelled, and with what. */
export type LabelTask = Readonly<{
  words: readonly string[];
  records: readonly ChatRecord[];
  /** names of the pictures, each once */
  images: readonly string[];
}>;

/** Reads a dataset folder and a word list of at least `top` words. Throws ProblemError where there is too little of either. */
export async function readLabelTask(data: string, wordFile: string, top: number): Promise<LabelTask> {
  const { words } = await readWords(wordFile);
  if (words.length < top)
    throw new ProblemError({ code: 'too-few-words', message: `top ${top} of a list of ${words.length} words` });
  const records = await readDataset(data);
  const images = imagesOf(records);
  if (images.length === 0) throw new ProblemError({ code: 'no-images', message: `${data}: no record has an image` });
  return { words, records, images };
}

/**
 * Writes labels in the scratch folder until they are whole: an interrupted stage goes on with the next file. They are
 * counted before they leave it, because what is killed behind the scratch folder begins anew. `share` is
 * told the part that this process labelled. undefined: it only helped another.
 */
export async function writeWholeLabels(
  scratch: string,
  to: string,
  { share, ...work }: Omit<LabelWork, 'folder'> & Readonly<{ share(part: number): void }>,
): Promise<LabelStatistics | undefined> {
  const folder = join(scratch, 'labels');
  let made = 0;
  const produce: LabelWork['produce'] = (start, count) => {
    made += count;
    return work.produce(start, count);
  };
  await writeLabels({ ...work, produce, folder });
  share(made / work.about.images.length);
  if (work.assist === true) return undefined;
  const statistics = await statisticsOf(folder, { signal: work.signal });
  await rename(folder, to);
  return statistics;
}
