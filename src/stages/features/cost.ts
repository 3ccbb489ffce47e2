import { type InputShapes, type Priced, shapeOf } from '../../cost/shape.ts';
import { bytesOf, parametersOf } from '../../cost/sizes.ts';
import { tilesOf, tokensOf, towerBlock } from '../../cost/towers.ts';
import { forward, forwardFootprint, sightPass, visualTokens } from '../../cost/training.ts';
import type { Params } from './kind.ts';

export function featuresCost({ layer, scales, batchSize }: Params, inputs: InputShapes): Priced {
  const encoder = shapeOf(inputs['encoder'], 'encoder');
  const data = shapeOf(inputs['data'], 'dataset');
  if (encoder === undefined || data === undefined) return { outputs: {} };
  const { vision } = encoder;
  const sight = { vision, layer, scales };
  const tokens = visualTokens(sight);
  const features = {
    type: 'features',
    of: { images: data.images, tokens, dim: vision.hidden * scales.length },
  } as const;
  const tiles = tilesOf(scales);
  return {
    work: {
      flops: forward(sightPass(sight, data.images)),
      again: 0,
      read: data.images * data.imageBytes,
      decoded: data.images * data.imageBytes,
      written: bytesOf(features),
      weights: parametersOf({ type: 'encoder', of: encoder }),
      trained: 0,
      batch: batchSize,
      passes: data.images / batchSize,
      item: forwardFootprint(towerBlock(vision, tiles, tokensOf(vision)), tiles * tokensOf(vision) * vision.hidden),
    },
    outputs: { features },
  };
}
