import { writeFile } from 'node:fs/promises';
import { WORDS } from '../../world/vocabulary.ts';
import type { Metrics, Job as StageJob } from '../kind.ts';
import { writeBenchmarks } from './benchmarks.ts';
import { writeCorpus } from './corpus.ts';
import { writeDataset } from './dataset.ts';
import type { Params } from './kind.ts';
import { settingsOf } from './settings.ts';

export type Job = StageJob<Params, never, string>;

export async function run(job: Job): Promise<Metrics> {
  const settings = settingsOf(job.params);
  if (job.output.words !== undefined) await writeFile(job.output.words, `${WORDS.join('\n')}\n`);
  switch (settings.make) {
    case 'pairs':
    case 'captions':
    case 'instructions':
      return writeDataset(job, settings);
    case 'corpus':
      return writeCorpus(job, settings);
    case 'benchmarks':
      return writeBenchmarks(job, settings);
  }
}
