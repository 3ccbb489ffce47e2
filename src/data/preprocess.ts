import { join } from 'node:path';
import type { Json } from '../hash.ts';
import { ProblemError } from '../problem.ts';
import type { EncoderConfig } from './config.ts';
import { MAX_PIXELS } from './image.ts';
import { readJsonFile } from './json-file.ts';
import { centerCrop, type Filter, padToSquare, type Rgb, resize } from './resize.ts';

/** How an encoder wants its pixels, from preprocessor_config.json. */
export type Preprocessor = Readonly<{
  /** shortest: the shorter side gets this length, ratio kept; exact: both sides */
  resize?: Readonly<{ shortest: number } | { width: number; height: number }>;
  filter: Filter;
  crop?: Readonly<{ width: number; height: number }>;
  /** what 8-bit values are multiplied by; 1/255 unless the file says otherwise */
  rescale?: number;
  normalise?: Readonly<{ mean: readonly number[]; std: readonly number[] }>;
}>;

const clipMean = [0.48145466, 0.4578275, 0.40821073];
const clipStd = [0.26862954, 0.26130258, 0.27577711];

export async function readPreprocessor(folder: string): Promise<Preprocessor> {
  const file = join(folder, 'preprocessor_config.json');
  return parsePreprocessor(await readJsonFile(file, { code: 'bad-preprocessor' }), file);
}

type Fields = Readonly<Record<string, unknown>>;

/** An image processor of transformers: whether it keeps the ratio and cuts the middle out, and what absent keys mean. */
type Processor = Readonly<{ crops: boolean; resample: 2 | 3; mean: readonly number[]; std: readonly number[] }>;

const half = [0.5, 0.5, 0.5];
const cropping: Processor = { crops: true, resample: 3, mean: clipMean, std: clipStd };
const processors: Readonly<Record<string, Processor>> = {
  CLIPImageProcessor: cropping,
  SiglipImageProcessor: { crops: false, resample: 3, mean: half, std: half },
  LlavaImageProcessor: cropping,
  BitImageProcessor: cropping, // DINOv2
  ViTImageProcessor: { crops: false, resample: 2, mean: half, std: half }, // MAE
};

/** The processor of a file, in the spellings of old and new ones; LLaVA's is CLIP's after padding, which is the caller's
 * decision here. */
function processorOf(fields: Fields, file: string): Processor {
  const stated = String(fields['image_processor_type'] ?? fields['feature_extractor_type'] ?? '');
  if (stated === '' && fields['crop_size'] !== undefined) return cropping;
  const name = stated.replace(/(Fast|Pil)$/, '').replace(/FeatureExtractor$/, 'ImageProcessor');
  const found = Object.hasOwn(processors, name) ? processors[name] : undefined;
  if (found !== undefined) return found;
  const supported = `supported: ${Object.keys(processors).join(', ')}`;
  throw bad(file, `"image_processor_type" is ${JSON.stringify(stated)}`, supported);
}

/** How images are prepared, from preprocessor_config.json. Throws ProblemError naming the key. */
export function parsePreprocessor(json: unknown, file: string): Preprocessor {
  if (typeof json !== 'object' || json === null || Array.isArray(json)) throw bad(file, 'must be a JSON object');
  const fields = json as Fields;
  const processor = processorOf(fields, file);
  const { crops } = processor;
  const flag = (key: string, fallback: boolean): boolean => {
    const value = fields[key] ?? fallback;
    if (typeof value !== 'boolean') throw bad(file, `"${key}" must be true or false, not ${JSON.stringify(value)}`);
    return value;
  };
  const size = fields['size'] ?? 224;
  const crop = fields['crop_size'] ?? 224;
  const rescale = fields['rescale_factor'] ?? 1 / 255;
  if (typeof rescale !== 'number' || !Number.isFinite(rescale)) throw bad(file, '"rescale_factor" must be a number');
  const result: Preprocessor = {
    filter: filterOf(fields['resample'] ?? processor.resample, file),
    ...(flag('do_resize', true) ? { resize: crops ? shortestOf(size, file) : boxOf(size, 'size', file) } : {}),
    ...(flag('do_center_crop', crops) ? { crop: boxOf(crop, 'crop_size', file) } : {}),
    ...(flag('do_rescale', true) ? { rescale } : {}),
    ...(flag('do_normalize', true) ? { normalise: normalisation(fields, processor, file) } : {}),
  };
  checkCrop(result, file);
  return result;
}

function shortestOf(size: unknown, file: string): NonNullable<Preprocessor['resize']> {
  const shortest = typeof size === 'number' ? size : (size as Fields)['shortest_edge'];
  if (shortest === undefined) return boxOf(size, 'size', file);
  if (!isSide(shortest)) throw bad(file, `"size" is ${JSON.stringify(size)}`);
  return { shortest };
}

function boxOf(size: unknown, key: string, file: string): { width: number; height: number } {
  const { width, height } = typeof size === 'number' ? { width: size, height: size } : (size as Fields);
  if (!isSide(width) || !isSide(height)) throw bad(file, `"${key}" is ${JSON.stringify(size)}`);
  return { width, height };
}

/** No encoder reads larger images; a slip of the pen would take all memory. */
const isSide = (value: unknown): value is number =>
  Number.isSafeInteger(value) && (value as number) >= 1 && (value as number) <= 16_384;

function filterOf(resample: unknown, file: string): Filter {
  if (resample === 2) return 'bilinear';
  if (resample === 3) return 'bicubic';
  throw bad(file, `"resample" is ${JSON.stringify(resample)}`, 'supported: 2 (bilinear), 3 (bicubic)');
}

function normalisation(fields: Fields, processor: Processor, file: string): NonNullable<Preprocessor['normalise']> {
  const mean = fields['image_mean'] ?? processor.mean;
  const std = fields['image_std'] ?? processor.std;
  for (const list of [mean, std]) {
    if (!Array.isArray(list) || list.length !== 3 || !list.every((value) => Number.isFinite(value))) {
      throw bad(file, '"image_mean" and "image_std" must be three numbers each');
    }
  }
  // as float32, in which it is divided by
  if ((std as number[]).some((value) => !(Math.fround(value) > 0))) throw bad(file, '"image_std" must be above 0');
  return { mean: mean as number[], std: std as number[] };
}

function checkCrop({ resize: to, crop }: Preprocessor, file: string): void {
  if (to === undefined || crop === undefined) return;
  const [width, height] = 'shortest' in to ? [to.shortest, to.shortest] : [to.width, to.height];
  if (crop.width > width || crop.height > height) {
    throw bad(file, `"crop_size" ${crop.width} x ${crop.height} is larger than "size" ${width} x ${height}`);
  }
}

/** Pixels of one image, [3, height, width], as the encoder wants them; `pad` first makes it square (LLaVA's option). */
export function preprocess(
  image: Rgb,
  how: Preprocessor,
  pad = false,
): { pixels: Float32Array; width: number; height: number } {
  const { width, height } = outputSize(how, image, pad);
  const pixels = new Float32Array(3 * width * height);
  preprocessInto(pixels, 0, image, how, pad);
  return { pixels, width, height };
}

/** The same into a batch [n, 3, height, width] at an element offset, without further allocation where sizes are right. */
export function preprocessInto(target: Float32Array, offset: number, image: Rgb, how: Preprocessor, pad = false): void {
  const fitted = toSize(pad ? padToSquare(image, padColor(how)) : image, how);
  const plane = fitted.width * fitted.height;
  const values = valuesOf(how);
  for (let channel = 0; channel < 3; channel++) {
    const start = offset + channel * plane;
    const lookUp = values.subarray(channel * 256, channel * 256 + 256);
    for (let i = 0, from = channel; i < plane; i++, from += 3) {
      target[start + i] = lookUp[fitted.pixels[from] as number] as number;
    }
  }
}

function toSize(image: Rgb, { resize: to, filter, crop }: Preprocessor): Rgb {
  const sized = to === undefined ? image : resize(image, ...targetOf(image, to), filter);
  return crop === undefined ? sized : centerCrop(sized, crop.width, crop.height);
}

/** The longer side is truncated, as `int(size * long / short)` of the reference. */
function targetOf(image: Pick<Rgb, 'width' | 'height'>, to: NonNullable<Preprocessor['resize']>): [number, number] {
  if (!('shortest' in to)) return [to.width, to.height];
  const { width, height } = image;
  const [short, long] = width <= height ? [width, height] : [height, width];
  const longer = Math.trunc((to.shortest * long) / short);
  if (longer * to.shortest > MAX_PIXELS) {
    throw new ProblemError({
      code: 'wrong-image-size',
      message: `an image of ${width} x ${height} pixels is too long to be brought to ${to.shortest} pixels on its short side`,
    });
  }
  return width <= height ? [to.shortest, longer] : [longer, to.shortest];
}

/** The size that an image will have, without making it. */
export function outputSize(
  { crop, resize: to }: Preprocessor,
  image: Pick<Rgb, 'width' | 'height'>,
  pad = false,
): { width: number; height: number } {
  const side = Math.max(image.width, image.height);
  const shape = pad ? { width: side, height: side } : { width: image.width, height: image.height };
  if (crop !== undefined) return crop;
  if (to === undefined) return shape;
  const [width, height] = targetOf(shape, to);
  return { width, height };
}

/** LLaVA pads with the mean colour, truncated to 8 bits. */
function padColor({ normalise }: Preprocessor): [number, number, number] {
  const [r = 0, g = 0, b = 0] = (normalise?.mean ?? [0, 0, 0]).map((mean) => Math.trunc(255 * mean));
  return [r, g, b];
}

const knownValues = new WeakMap<Preprocessor, Float32Array>();

/** The 256 values of every channel, each step rounded to float32 as the reference computes them. */
function valuesOf(how: Preprocessor): Float32Array {
  const known = knownValues.get(how);
  if (known !== undefined) return known;
  const values = new Float32Array(768);
  for (let channel = 0; channel < 3; channel++) {
    for (let level = 0; level < 256; level++) {
      let value =
        how.rescale === undefined ? level : Math.fround(how.rescale === 1 / 255 ? level / 255 : level * how.rescale);
      if (how.normalise !== undefined) {
        const { mean, std } = how.normalise;
        value = Math.fround(value - Math.fround(mean[channel] as number)) / Math.fround(std[channel] as number);
      }
      values[channel * 256 + level] = value;
    }
  }
  knownValues.set(how, values);
  return values;
}

/** preprocessor_config.json for an encoder that takes `size` x `size` pixels. */
export function preprocessorJson(family: EncoderConfig['family'], size: number): { readonly [key: string]: Json } {
  const shared = { do_resize: true, resample: 3, do_rescale: true, rescale_factor: 1 / 255, do_normalize: true };
  if (family === 'siglip') {
    const square = { height: size, width: size };
    return { image_processor_type: 'SiglipImageProcessor', ...shared, size: square, image_mean: half, image_std: half };
  }
  return {
    image_processor_type: 'CLIPImageProcessor',
    ...shared,
    size: { shortest_edge: size },
    do_center_crop: true,
    crop_size: { height: size, width: size },
    do_convert_rgb: true,
    image_mean: clipMean,
    image_std: clipStd,
  };
}

/**
 * The same as LLaVA's image processor of transformers, which pads images to squares first: what a LLaVA model is trained
 * and asked with.
 */
export function llavaPreprocessorJson({ resize: to, filter, crop, rescale, normalise }: Preprocessor): {
  readonly [key: string]: Json;
} {
  return {
    image_processor_type: 'LlavaImageProcessor',
    do_convert_rgb: true,
    do_pad: true,
    do_resize: to !== undefined,
    ...(to === undefined ? {} : { size: 'shortest' in to ? { shortest_edge: to.shortest } : to }),
    resample: filter === 'bicubic' ? 3 : 2,
    do_center_crop: crop !== undefined,
    ...(crop === undefined ? {} : { crop_size: crop }),
    do_rescale: rescale !== undefined,
    ...(rescale === undefined ? {} : { rescale_factor: rescale }),
    do_normalize: normalise !== undefined,
    image_mean: normalise?.mean ?? [0, 0, 0], // what the border is filled with
    image_std: normalise?.std ?? [1, 1, 1],
  };
}

function bad(file: string, message: string, hint?: string): ProblemError {
  return new ProblemError({
    code: 'bad-preprocessor',
    message: `${file}: ${message}`,
    ...(hint === undefined ? {} : { hint }),
  });
}
