import { join } from 'node:path';
import { ProblemError } from '../problem.ts';
import type { TowerConfig } from './config.ts';
import { outputSize, type Preprocessor } from './preprocess.ts';

/**
 * The tower for images of the size that the preprocessor makes (of a square one). A tower without a text tower stretches
 * its positions to it; CLIP and SigLIP read one size, and what is not of that size is refused when pixels are made.
 */
export function atInputSize<T extends TowerConfig>(vision: T, how: Preprocessor): T {
  if (!('trainedSize' in vision)) return vision;
  const { width, height } = outputSize(how, { width: vision.trainedSize, height: vision.trainedSize });
  if (width === height && width >= vision.patchSize) return { ...vision, imageSize: width };
  throw new ProblemError({
    code: 'wrong-image-size',
    message: `preprocessor_config.json makes an image of ${width} x ${height} pixels; the encoder reads squares of at least ${vision.patchSize} x ${vision.patchSize}`,
  });
}

/** Throws ProblemError where the preprocessor of a folder makes images of another size than its CLIP or SigLIP tower reads. */
export function checkInputSize(folder: string, how: Preprocessor, imageSize: number): void {
  const { width, height } = outputSize(how, { width: imageSize, height: imageSize });
  if (width === imageSize && height === imageSize) return;
  throw new ProblemError({
    code: 'wrong-image-size',
    message: `${join(folder, 'preprocessor_config.json')}: it makes images of ${width} x ${height} pixels, but config.json has an image_size of ${imageSize}`,
  });
}

/** The same preparation for images `factor` times as large: the same part of the picture in more pixels. */
export function magnified(how: Preprocessor, factor: number): Preprocessor {
  if (factor === 1) return how;
  const { resize, crop } = how;
  const times = ({ width, height }: { width: number; height: number }) => ({
    width: width * factor,
    height: height * factor,
  });
  if (resize === undefined) throw new ProblemError(noSize);
  return {
    ...how,
    resize: 'shortest' in resize ? { shortest: resize.shortest * factor } : times(resize),
    ...(crop === undefined ? {} : { crop: times(crop) }),
  };
}

const noSize = {
  code: 'no-image-size',
  message: 'preprocessor_config.json does not resize images, so that there is no larger scale to look at',
  hint: 'do_resize: true, or scales: [1]',
};
