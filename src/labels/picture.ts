import sharp from 'sharp';
import { readImage } from '../data/image.ts';
import { openLabels } from '../data/labels.ts';
import { padToSquare, type Rgb, resize } from '../data/resize.ts';
import { ProblemError, suggest } from '../problem.ts';

/** `right` is known where a drawn world's truth was compared. */
export type PatchWord = Readonly<{ word: string; score: number; right?: boolean }>;

/** The labels of one image, best first: `patches` row by row, [height * width][at most `top`]. */
export type PictureLabels = Readonly<{
  image: string;
  grid: readonly [height: number, width: number];
  patches: readonly (readonly PatchWord[])[];
}>;

/** Names of the images that are labelled in a folder, in their order. */
export async function pictureNames(folder: string): Promise<readonly string[]> {
  const labels = await openLabels(folder);
  labels.close();
  return labels.manifest.images;
}

/** Reads the labels of an image, named as in the dataset or by the end of that name (`cat.jpg` of `00/cat.jpg`). */
export async function pictureLabels(folder: string, name: string): Promise<PictureLabels> {
  const labels = await openLabels(folder);
  try {
    const { images, words, grid, top } = labels.manifest;
    const image = imageNamed(name, images);
    const at = labels.indexOf(image);
    if (at === undefined) throw new Error(`no index for ${image}, one of ${images.length} labelled images`);
    const [found, scores] = [new Int32Array(labels.words.size), new Float32Array(labels.scores.size)];
    labels.words.readInto(found, 0, at);
    labels.scores.readInto(scores, 0, at);
    const patches = Array.from({ length: grid[0] * grid[1] }, (_, patch) =>
      [...found.subarray(patch * top, (patch + 1) * top)].flatMap((word, i): readonly PatchWord[] => {
        const text = words[word];
        return text === undefined ? [] : [{ word: text, score: scores[patch * top + i] as number }];
      }),
    );
    return { image, grid, patches };
  } finally {
    labels.close();
  }
}

/** The images that are labelled, as the dataset names them. */
export async function labelledImages(folder: string): Promise<readonly string[]> {
  const labels = await openLabels(folder);
  try {
    return labels.manifest.images;
  } finally {
    labels.close();
  }
}

/** Most names that a mistyped one is compared with: a set may have half a million. */
const COMPARED = 5000;

function imageNamed(name: string, images: readonly string[]): string {
  const found = images.includes(name) ? [name] : images.filter((image) => image.endsWith(`/${name}`));
  const [only, ...more] = found;
  if (only !== undefined && more.length === 0) return only;
  if (only !== undefined) {
    const hint = `name one: ${found.slice(0, 6).join(', ')}${found.length > 6 ? ', ...' : ''}`;
    throw new ProblemError({ code: 'several-images', message: `${found.length} images are called ${name}`, hint });
  }
  throw new ProblemError({
    code: 'unknown-image',
    message: `no image "${name}" is labelled`,
    hint: suggest(name, images.slice(0, COMPARED)),
  });
}

/** CLIP's mean colour, with which extraction pads a picture to a square. */
const PADDING = [122, 116, 104] as const;

/** A picture as extraction sees it before it is resized: a square, whose patches are the grid's cells. */
export async function squarePicture(file: string): Promise<Rgb> {
  return padToSquare(await readImage(file), PADDING);
}

/** The same picture with so many pixels. */
export function picturePixels(picture: Rgb, width: number, height: number): Rgb {
  return resize(picture, width, height, 'bilinear');
}

/** Longest side of a picture that is put into a file. */
const LONGEST = 1024;

/** A picture as a data URI: lossless where it is small, else JPEG. */
export async function dataUri(picture: Rgb): Promise<string> {
  const { width, height, pixels } = picture.width > LONGEST ? resize(picture, LONGEST, LONGEST, 'bicubic') : picture;
  const image = sharp(pixels, { raw: { width, height, channels: 3 } });
  const small = width <= 256;
  const bytes = await (small ? image.png() : image.jpeg({ quality: 92 })).toBuffer();
  return `data:image/${small ? 'png' : 'jpeg'};base64,${bytes.toString('base64')}`;
}

/** An SVG as PNG with twice its pixels; text is drawn in fonts of this machine. */
export async function svgToPng(svg: string): Promise<Buffer> {
  return sharp(Buffer.from(svg), { density: 144 }).png().toBuffer();
}
