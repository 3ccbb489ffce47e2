import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { jsonLines } from '../../world/json-lines.ts';
import {
  type Conversation,
  captionPairs,
  descriptions,
  imageName,
  instructions,
  type MakeRecords,
} from '../../world/records.ts';
import { shoot } from '../../world/shot.ts';
import { truthOf } from '../../world/truth.ts';
import { DEGRADATIONS } from '../../world/vocabulary.ts';
import type { Metrics } from '../kind.ts';
import { inBatches, jsonArray, outputOf, writePicture, writeText } from './output.ts';
import type { Job } from './run.ts';
import type { Settings } from './settings.ts';

type DatasetSettings = Extract<Settings, { make: 'pairs' | 'captions' | 'instructions' }>;

/** Images and conversations, and beside them what every patch shows (not for pairs, which nothing diagnoses). */
export async function writeDataset(job: Job, settings: DatasetSettings): Promise<Metrics> {
  const folder = outputOf(job, 'data');
  await mkdir(join(folder, 'images'), { recursive: true });
  const recordsOf = makerOf(settings);
  const records: Conversation[] = [];
  const truths: string[] = [];
  await inBatches(job, settings.images, async (index) => {
    const shot = shoot(settings.seed, settings.make, index, settings.size, stagingOf(settings));
    records.push(...recordsOf(shot.scene, index));
    if (settings.make !== 'pairs') {
      truths.push(jsonLines([truthOf(imageName(index), shot.scene, shot.picture, settings.patch)]));
    }
    await writePicture(join(folder, 'images', imageName(index)), shot.picture);
  });
  await writeText(folder, 'chat.json', jsonArray(records));
  if (settings.make !== 'pairs') await writeText(outputOf(job, 'truth'), 'truth.jsonl', truths.join(''));
  const questions = records.reduce((sum, record) => sum + record.conversations.length / 2, 0);
  return { images: settings.images, questions };
}

function makerOf(settings: DatasetSettings): MakeRecords {
  switch (settings.make) {
    case 'pairs':
      return captionPairs(settings.seed, settings.captionsPerImage, settings.noise);
    case 'captions':
      return descriptions(settings.seed);
    case 'instructions':
      return instructions(settings.seed);
  }
}

/** Of a black picture one can learn that a question has no answer, but no caption. */
function stagingOf({ make, signProbability, degradeProbability }: DatasetSettings) {
  const degradations = make === 'instructions' ? [...DEGRADATIONS, 'black' as const] : DEGRADATIONS;
  return { signProbability, degradeProbability, degradations };
}
