import { product } from '../../cost/pass.ts';
import { type InputShapes, type Priced, shapeOf } from '../../cost/shape.ts';
import { bytesOf, parametersOf } from '../../cost/sizes.ts';
import { densePass, patchesOf, textPass, tilesOf, tokensOf, towerBlock } from '../../cost/towers.ts';
import { forward, forwardFootprint } from '../../cost/training.ts';
import type { Params } from './kind.ts';

/** Dense features of every image, embeddings of every word, and every patch against every word (Eq. 4-6). */
export function labelsCost({ top, readout, prompts, scales, batchSize }: Params, inputs: InputShapes): Priced {
  const encoder = shapeOf(inputs['encoder'], 'encoder');
  const data = shapeOf(inputs['data'], 'dataset');
  const words = shapeOf(inputs['words'], 'words')?.words;
  if (encoder === undefined || !('text' in encoder) || data === undefined || words === undefined)
    return { outputs: {} };
  const { vision, text, projection } = encoder;
  const patches = patchesOf(vision) * (scales[0] ?? 1) ** 2;
  const tiles = tilesOf(scales);
  const labels = { type: 'labels', of: { images: data.images, patches, top } } as const;
  const flops =
    forward(densePass(vision, data.images * tiles, readout)) +
    forward(textPass(text, words * prompts.length)) +
    forward(product(data.images * patches * scales.length, projection, words));
  return {
    work: {
      flops,
      again: 0,
      read: data.images * data.imageBytes,
      decoded: data.images * data.imageBytes,
      written: bytesOf(labels),
      weights: parametersOf({ type: 'encoder', of: encoder }),
      trained: 0,
      batch: batchSize,
      passes: data.images / batchSize,
      item: forwardFootprint(towerBlock(vision, tiles, tokensOf(vision)), tiles * tokensOf(vision) * vision.hidden),
    },
    outputs: { labels },
  };
}
