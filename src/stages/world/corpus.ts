import { stream } from '../../data/random.ts';
import { type CorpusOptions, document, HELD_OUT_FAMILIES, heldOut } from '../../world/corpus.ts';
import { jsonLines } from '../../world/json-lines.ts';
import { gridOf } from '../../world/shot.ts';
import type { Metrics } from '../kind.ts';
import { inBatches, outputOf, writeText } from './output.ts';
import type { Job } from './run.ts';
import type { Settings } from './settings.ts';

type CorpusSettings = Extract<Settings, { make: 'corpus' }>;

/** train.jsonl: documents; heldout.jsonl: a text with one question of a named family a line. */
export async function writeCorpus(job: Job, settings: CorpusSettings): Promise<Metrics> {
  const { seed, documents, sceneShare, signProbability } = settings;
  const options: CorpusOptions = { grid: gridOf(settings.size), sceneShare, signProbability };
  const texts: string[] = [];
  await inBatches(job, documents, async (index) => {
    texts.push(document(stream(seed, 'world', 'corpus', 'document', index), options));
  });
  const folder = outputOf(job, 'corpus');
  await writeText(folder, 'train.jsonl', jsonLines(texts.map((text) => ({ text }))));
  const held = HELD_OUT_FAMILIES.flatMap((family) => {
    return Array.from({ length: settings.heldOut }, (_, index) => ({
      text: heldOutText(seed, family, index, options),
      family,
    }));
  });
  await writeText(folder, 'heldout.jsonl', jsonLines(held));
  return { documents, characters: texts.reduce((sum, text) => sum + text.length, 0) };
}

/** Draws scenes until one gives a question of the family: most have no sign, or no two things to compare. */
function heldOutText(
  seed: number,
  family: (typeof HELD_OUT_FAMILIES)[number],
  index: number,
  options: CorpusOptions,
): string {
  const random = stream(seed, 'world', 'corpus', 'held out', family, index);
  for (;;) {
    const text = heldOut(family, random, { ...options, signProbability: 0.5 });
    if (text !== undefined) return text;
  }
}
