import * as tf from '@tensorflow/tfjs-core';
import { decodeQuestionImage, type QuestionImage } from '../benchmarks/images.ts';
import { pixelTensor } from '../data/pixels.ts';
import { readWords } from '../data/words.ts';
import { openEngine } from '../engine/open.ts';
import type { PictureLabels } from '../labels/picture.ts';
import { llavaSight } from '../nn/llava.ts';
import { pixelSide } from '../nn/sight.ts';
import { nearestWords } from '../train/top-words.ts';
import { closeEyes, type Eyes, type ModelFolders, openEyes, patchTokens } from './eyes.ts';
import { gridOf, wordDirections } from './words.ts';

/**
 * For every visual token of some pictures the `top` words of a list that are nearest to it in a model, best first: what
 * the stage `recall` does, for a few pictures at once. Opens the engine.
 */
export async function recallPictures(
  folders: ModelFolders,
  wordFile: string,
  pictures: readonly QuestionImage[],
  top: number,
): Promise<readonly PictureLabels[]> {
  const { words } = await readWords(wordFile);
  await openEngine();
  const eyes = await openEyes(folders);
  const directions = wordDirections(eyes, words);
  try {
    const found: PictureLabels[] = [];
    for (const picture of pictures)
      found.push(await recallPicture(eyes, picture, words, directions, Math.min(top, words.length)));
    return found;
  } finally {
    closeEyes(eyes);
    directions.dispose();
  }
}

async function recallPicture(
  eyes: Eyes,
  picture: QuestionImage,
  words: readonly string[],
  directions: tf.Tensor2D,
  top: number,
): Promise<PictureLabels> {
  const pixels = pixelTensor([await decodeQuestionImage(picture)], eyes.how, pixelSide(llavaSight(eyes.config)));
  const tokens = patchTokens(eyes, pixels);
  const nearest = await nearestWords(tokens, directions, 1, top);
  tf.dispose([pixels, tokens]);
  const side = gridOf(eyes);
  const patches = Array.from({ length: side * side }, (_, patch) =>
    Array.from({ length: top }, (_, rank) => ({
      word: words[nearest.words[patch * top + rank] as number] as string,
      score: nearest.scores[patch * top + rank] as number,
    })),
  );
  return { image: picture.name, grid: [side, side], patches };
}
