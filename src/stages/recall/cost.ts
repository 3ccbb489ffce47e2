import { product } from '../../cost/pass.ts';
import { type InputShapes, type Priced, type Shapes, shapeOf } from '../../cost/shape.ts';
import { adapterParameters, bytesOf } from '../../cost/sizes.ts';
import { tilesOf, tokensOf, towerBlock, towerParameters } from '../../cost/towers.ts';
import { forward, forwardFootprint, projectorPasses, sightPass, visualTokens } from '../../cost/training.ts';
import type { Params } from './kind.ts';

/** Encoder and adapter over every image, and every visual token against every word. */
export function recallCost({ top, batchSize }: Params, inputs: InputShapes): Priced {
  const model = shapeOf(inputs['model'], 'model') ?? partsShape(inputs);
  const data = shapeOf(inputs['data'], 'dataset');
  const words = shapeOf(inputs['words'], 'words')?.words;
  if (model === undefined || data === undefined || words === undefined) return { outputs: {} };
  const { vision, scales, text } = model;
  const patches = visualTokens(model);
  const tokens = data.images * patches;
  const input = vision.hidden * scales.length;
  const adapter = projectorPasses(input, text.hidden, tokens);
  const labels = { type: 'labels', of: { images: data.images, patches, top } } as const;
  const embedding = text.vocab * text.hidden;
  const weights = towerParameters(vision) + adapterParameters({ input, output: text.hidden }) + embedding;
  const tiles = tilesOf(scales);
  return {
    work: {
      flops:
        forward(sightPass(model, data.images)) +
        forward(adapter.first) +
        forward(adapter.second) +
        forward(product(tokens, text.hidden, words)),
      again: 0,
      read: data.images * data.imageBytes + 4 * weights,
      decoded: data.images * data.imageBytes,
      written: bytesOf(labels),
      weights,
      trained: 0,
      batch: batchSize,
      passes: data.images / batchSize,
      item: forwardFootprint(towerBlock(vision, tiles, tokensOf(vision)), tiles * tokensOf(vision) * vision.hidden),
    },
    outputs: { labels },
  };
}

/** Which hidden state an adapter reads stands beside it; here it is taken to be LLaVA's, at as many scales as its input is wide. */
function partsShape(inputs: InputShapes): Shapes['model'] | undefined {
  const encoder = shapeOf(inputs['encoder'], 'encoder');
  const text = shapeOf(inputs['languageModel'], 'language-model');
  const adapter = shapeOf(inputs['adapter'], 'adapter');
  if (encoder === undefined || text === undefined || adapter === undefined) return undefined;
  const { vision } = encoder;
  const count = Math.max(1, Math.round(adapter.input / vision.hidden));
  return { vision, text, layer: -2, scales: Array.from({ length: count }, (_, i) => i + 1) };
}
