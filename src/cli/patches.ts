import { join } from 'node:path';
import { pictureLabels, pictureNames, squarePicture } from '../labels/picture.ts';
import { ProblemError } from '../problem.ts';
import type { Depth } from '../report/labels/colours.ts';
import { formatPicture } from '../report/labels/picture-text.ts';
import type { Style } from '../report/style.ts';
import type { Entry, Store } from '../store/store.ts';
import type { Open } from '../ui/browse/world.ts';
import { backdropOf } from './backdrop.ts';
import { lineageOf } from './detail.ts';

/** `depth`: of the colours of the picture, which lies behind its words. */
type Look = Readonly<{ width: number; style: Style; depth: Depth }>;

/** The patches of a picture with their words, from the labels that the stage left or, nearest first, reads; else from any. */
export async function patchesOf(
  open: Open,
  stage: string,
  image: number,
  store: Store,
  look: Look,
): Promise<readonly string[]> {
  const read = lineageOf(open.experiment.stages, stage).filter(({ reads }) => reads);
  const left = [...read.map((line) => line.stage), ...open.items.keys()]
    .flatMap((id) => open.items.get(id)?.step.entry ?? [])
    .flatMap((entry) => {
      const labels = entry.outputs['labels'];
      return labels !== undefined && store.has(labels) ? [{ entry, folder: store.path(labels) }] : [];
    })[0];
  if (left === undefined) return ['no stage of this experiment has left labels of patches yet'];
  try {
    return await draw(left, image, store, look);
  } catch (error) {
    if (error instanceof ProblemError) return error.problems.map(({ message, hint }) => `${message}: ${hint ?? ''}`);
    throw error;
  }
}

type Left = Readonly<{ entry: Entry; folder: string }>;

async function draw({ entry, folder }: Left, image: number, store: Store, look: Look): Promise<readonly string[]> {
  const { stage, inputs } = entry;
  const images = await pictureNames(folder);
  const at = image % images.length;
  const name = images[at];
  if (name === undefined) return [`${stage} has labelled no picture`];
  const labels = await pictureLabels(folder, name);
  const data = inputs['data'];
  const isDrawn = look.style === 'colour' && data !== undefined && store.has(data);
  const picture = isDrawn ? await squarePicture(join(store.path(data), 'images', name)) : undefined;
  const pixels = picture === undefined ? undefined : backdropOf(picture, labels.grid, look.width, look.depth);
  return [
    `picture ${at + 1} of ${images.length}, labelled by ${stage}; n N: next, previous`,
    ...formatPicture(labels, pixels, look).split('\n'),
  ];
}
