import { join } from 'node:path';
import { type Agreement, agreementOf } from '../labels/agreement.ts';
import { markPicture, truthOfPicture } from '../labels/marks.ts';
import { dataUri, pictureLabels, squarePicture } from '../labels/picture.ts';
import { extremesOf, type LabelStatistics, statisticsOf } from '../labels/statistics.ts';
import { ProblemError } from '../problem.ts';
import { figure6 } from '../report/labels/figure6.ts';
import { pictureSvg } from '../report/labels/picture-svg.ts';
import { formatPicture, rightText } from '../report/labels/picture-text.ts';
import { statisticsSvg } from '../report/labels/statistics-svg.ts';
import { formatStatistics } from '../report/labels/statistics-text.ts';
import { paint } from '../report/style.ts';
import { backdropOf } from './backdrop.ts';
import type { Context } from './context.ts';
import { type DrawingFiles, writeDrawing } from './drawing.ts';
import { findLabels, findTruth, type LabelSet } from './label-set.ts';
import { json } from './output.ts';
import { onStopSignals } from './signals.ts';

type LabelOptions = DrawingFiles &
  Readonly<{
    image?: string;
    images?: string;
    truth?: string;
    json?: boolean;
  }>;

/** What a command has to say: as data, as text, and drawn. */
type Findings = Readonly<{ data: object; text: () => string; draw: () => Promise<string> }>;

/** `sea labels`: how the labels of a set are distributed (Figure 6), or the words of one picture's patches. */
export async function showLabels(
  wanted: string,
  file: string | undefined,
  options: LabelOptions,
  context: Context,
): Promise<number> {
  const set = await findLabels(wanted, file, context);
  const truth = options.truth === undefined ? undefined : await findTruth(options.truth, file, context);
  const signals = onStopSignals();
  try {
    const { data, text, draw } =
      options.image === undefined
        ? await examineSet(set, truth, context, signals.stop)
        : await examinePicture(set, options.image, { images: options.images ?? set.images, truth }, context);
    const drawn = await writeDrawing(draw, options);
    const { out, style } = context.output;
    if (options.json === true) out(json(data));
    else out([text(), ...drawn.map((path) => paint(style, 'dim', path))].join('\n'));
    return 0;
  } catch (error) {
    if (signals.stop.aborted && !(error instanceof ProblemError)) return 130;
    throw error;
  } finally {
    signals.close();
  }
}

async function examineSet(
  { title, folder }: LabelSet,
  truth: string | undefined,
  { output }: Context,
  signal: AbortSignal,
): Promise<Findings> {
  const statistics = await statisticsOf(folder, { signal });
  const agreement = truth === undefined ? undefined : await agreementOf(folder, truth, signal);
  return {
    data: asData(title, statistics, agreement),
    text: () => formatStatistics(title, statistics, agreement, output),
    draw: async () => statisticsSvg(title, statistics),
  };
}

function asData(title: string, statistics: LabelStatistics, agreement: Agreement | undefined): object {
  const { perWord, ...figures } = statistics;
  const truth = agreement === undefined ? {} : { truth: agreement };
  return { set: title, ...figures, ...extremesOf(perWord, 20), ...truth, paper: figure6, perWord };
}

async function examinePicture(
  { title, folder }: LabelSet,
  name: string,
  { images, truth }: Readonly<{ images: string | undefined; truth: string | undefined }>,
  { output }: Context,
): Promise<Findings> {
  const found = await pictureLabels(folder, name);
  const known = truth === undefined ? undefined : await truthOfPicture(truth, found.image);
  const { labels, count } = known === undefined ? { labels: found, count: undefined } : markPicture(found, known);
  const { width, style, depth } = output;
  const [rows, columns] = labels.grid;
  const picture = images === undefined ? undefined : await squarePicture(join(images, labels.image));
  return {
    data: { set: title, ...labels, ...(count === undefined ? {} : { truth: count }) },
    text: () => {
      const colour = picture !== undefined && style === 'colour';
      const pixels = colour ? backdropOf(picture, labels.grid, width, depth) : undefined;
      const shares = count === undefined ? [] : ['', paint(style, 'dim', rightText(count))];
      return [formatPicture(labels, pixels, { width, style }), ...shares].join('\n');
    },
    draw: async () => {
      if (picture === undefined) throw new ProblemError(noPictures);
      return pictureSvg(
        labels,
        { uri: await dataUri(picture), side: picture.width },
        `${rows} x ${columns} patches, labelled by ${title}; point at a patch for all of its words and their scores`,
      );
    },
  };
}

const noPictures = {
  code: 'no-images',
  message: 'where the pictures of these labels lie is not known',
  hint: 'name their folder: --images DIR',
};
