import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { markPicture, type RightCount, truthOfPicture } from '../labels/marks.ts';
import { dataUri, type PictureLabels, squarePicture, svgToPng } from '../labels/picture.ts';
import { ProblemError } from '../problem.ts';
import { beside, GUTTER } from '../report/labels/beside.ts';
import { picturesSvg } from '../report/labels/picture-svg.ts';
import { formatPicture, gridLayout, rightText } from '../report/labels/picture-text.ts';
import { paint } from '../report/style.ts';
import { backdropOf } from './backdrop.ts';
import type { Context } from './context.ts';
import { type DrawingFiles, writeDrawing } from './drawing.ts';
import { findEntry } from './entry.ts';
import { graphicsOf, inlineImage } from './inline-image.ts';
import { findTruth, outputOf } from './label-set.ts';
import { type ModelHost, startModelHost } from './model-host.ts';
import { findModel, type ModelSource } from './model-source.ts';
import { json } from './output.ts';
import { findPicture, type Picture } from './picture.ts';

type RecallOptions = DrawingFiles &
  Readonly<{
    model: string;
    against?: string;
    image: string;
    data?: string;
    words?: string;
    truth?: string;
    top: number;
    json?: boolean;
  }>;

/** A model and the words that it recalls. */
type Recalled = Readonly<{ model: string; labels: PictureLabels; count?: RightCount }>;

/** `sea recall`: Figure 1 for any trained model: a picture with the word that each visual token recalls. */
export async function recallWords(file: string | undefined, options: RecallOptions, context: Context): Promise<number> {
  const { output, env } = context;
  const models = await Promise.all(
    [options.model, options.against].flatMap((one) => (one === undefined ? [] : [findModel(one, file, context)])),
  );
  const picture = await findPicture(options, models, file, context);
  const words = await findWords(options.words, models, file, context);
  const truth = options.truth === undefined ? picture.truth : await findTruth(options.truth, file, context);
  const recalled = await recallAll(models, { words, picture, truth, top: options.top });
  const draw = async (): Promise<string> => drawingOf(recalled, picture);
  const files = await writeDrawing(draw, options);
  if (options.json === true) {
    output.out(json({ image: picture.name, models: recalled.map(asData) }));
    return 0;
  }
  const graphics = output.live && output.style === 'colour' ? graphicsOf(env) : undefined;
  const shown =
    graphics === undefined
      ? await textOf(recalled, picture, output)
      : inlineImage(await svgToPng(await draw()), graphics, Math.min(output.width - 1, recalled.length * 100));
  const shares = recalled.flatMap(({ model, count }) =>
    count === undefined ? [] : [`${recalled.length > 1 ? `${model}: ` : ''}${rightText(count)}`],
  );
  const tail = [...shares, ...files].map((line) => paint(output.style, 'dim', line));
  output.out([shown, ...(tail.length === 0 ? [] : ['', ...tail])].join('\n'));
  return 0;
}

type Work = Readonly<{ words: string; picture: Picture; truth: string | undefined; top: number }>;

async function recallAll(models: readonly ModelSource[], work: Work): Promise<readonly Recalled[]> {
  const host = startModelHost();
  try {
    const recalled: Recalled[] = [];
    for (const model of models) recalled.push(await recallOne(host, model, work));
    return recalled;
  } finally {
    host.close();
  }
}

async function recallOne(
  host: ModelHost,
  { title, eyes }: ModelSource,
  { words, picture: { name, path }, truth, top }: Work,
): Promise<Recalled> {
  if (eyes === undefined) {
    const message = `${title} is a language model alone and sees no pictures`;
    throw new ProblemError({ code: 'no-eyes', message, hint: 'name a finetune or pretrain stage, or a LLaVA folder' });
  }
  const [labels] = await host.recall({ folders: eyes, words, pictures: [{ name, path }], top });
  if (labels === undefined) throw new Error(`nothing was recalled of ${name}`);
  const known = truth === undefined ? undefined : await truthOfPicture(truth, name);
  return { model: title, ...(known === undefined ? { labels } : markPicture(labels, known)) };
}

/** A file, what a stage left, or the list that a model's labels or encoder were made with. */
async function findWords(
  wanted: string | undefined,
  models: readonly ModelSource[],
  file: string | undefined,
  context: Context,
): Promise<string> {
  if (wanted !== undefined && existsSync(wanted)) return resolve(wanted);
  if (wanted !== undefined) {
    const { entry, store } = await findEntry(wanted, file, context);
    try {
      return outputOf(entry, 'words', store);
    } finally {
      store.close();
    }
  }
  const known = models.flatMap(({ words }) => words ?? [])[0];
  if (known !== undefined) return known;
  throw new ProblemError({
    code: 'no-words',
    message: `no word list is known beside ${models.map(({ title }) => title).join(', ')}`,
    hint: '--words FILE, one word a line, or a stage that left one',
  });
}

function asData({ model, labels: { grid, patches }, count }: Recalled): object {
  return { model, grid, patches, ...(count === undefined ? {} : { truth: count }) };
}

/** Beside one another where the words of both fit, else one below the other. */
async function textOf(
  recalled: readonly Recalled[],
  picture: Picture,
  { width, style, depth }: Context['output'],
): Promise<string> {
  const pixels = style === 'colour' ? await squarePicture(picture.path) : undefined;
  const half = Math.floor((width - (recalled.length - 1) * GUTTER) / recalled.length);
  const fits = recalled.length === 1 || recalled.every(({ labels }) => fitsIn(labels, half));
  const each = fits ? half : width;
  const blocks = recalled.map(({ model, labels }) => {
    const behind = pixels === undefined ? undefined : backdropOf(pixels, labels.grid, each, depth);
    const titled = { ...labels, image: recalled.length > 1 ? model : `${labels.image}, ${model}` };
    return formatPicture(titled, behind, { width: each, style, words: 1 });
  });
  return fits ? beside(blocks) : blocks.join('\n\n');
}

/** Columns of a cell in which most words can be read with their mark. */
const READABLE = 9;

function fitsIn({ grid }: PictureLabels, width: number): boolean {
  try {
    return gridLayout(grid, width).across >= READABLE;
  } catch (error) {
    if (error instanceof ProblemError) return false;
    throw error;
  }
}

async function drawingOf(recalled: readonly Recalled[], picture: Picture): Promise<string> {
  const square = await squarePicture(picture.path);
  const sides = recalled.map(({ model, labels, count }) => ({
    labels,
    about: [model, ...(count === undefined ? [] : [rightText(count)])].join(' · '),
  }));
  return picturesSvg(sides, { uri: await dataUri(square), side: square.width });
}
