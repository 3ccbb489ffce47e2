import { rename } from 'node:fs/promises';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { gridSide } from '../../data/config.ts';
import { imagesOf, readDataset } from '../../data/dataset.ts';
import { writeLabels } from '../../data/labels.ts';
import { readWords } from '../../data/words.ts';
import { ProblemError } from '../../problem.ts';
import type { Run } from '../kind.ts';
import { openEncoder } from './encoder.ts';
import type { Params } from './kind.ts';
import { labelImages } from './label.ts';
import { chooseSign } from './sign.ts';
import { statisticsOf } from './statistics.ts';
import { wordEmbeddings } from './words.ts';

export const run: Run<Params, 'encoder' | 'data' | 'words', 'labels'> = async ({
  params,
  input,
  output,
  scratch,
  signal,
  progress,
  log,
}) => {
  const data = input.data as string;
  const { words } = await readWords(input.words as string);
  if (words.length < params.top)
    throw new ProblemError({ code: 'too-few-words', message: `top ${params.top} of a list of ${words.length} words` });
  const records = await readDataset(data);
  const images = imagesOf(records);
  if (images.length === 0) throw new ProblemError({ code: 'no-images', message: `${data}: no record has an image` });
  const encoder = await openEncoder(input.encoder as string, join(data, 'images'), params.readout);
  const embeddings = wordEmbeddings(encoder, words, params.prompts);
  try {
    const { sign, criterion } = await chooseSign(params.sign, encoder, records, words, embeddings, signal);
    log(
      `sign ${sign === 1 ? 'positive' : 'negative'}${params.sign === 'auto' ? `: ${JSON.stringify(criterion)}` : ''}`,
    );
    const side = gridSide(encoder.config.vision);
    // written in the scratch folder until it is whole: an interrupted extraction goes on with the next file
    const folder = join(scratch, 'labels');
    await writeLabels({
      folder,
      about: { words, top: params.top, readout: params.readout, sign, grid: [side, side], images },
      signal,
      progress,
      produce: (start, count) =>
        labelImages(encoder, images.slice(start, start + count), embeddings, sign, params, signal),
    });
    await rename(folder, output.labels);
    return { ...(await statisticsOf(output.labels)), sign, ...criterion };
  } finally {
    tf.dispose([encoder.weights, embeddings]);
  }
};
