import { operations, type Pass, product, together } from '../../cost/pass.ts';
import { type InputShapes, type Priced, shapeOf } from '../../cost/shape.ts';
import { parametersOf } from '../../cost/sizes.ts';
import { imageHead, patchesOf, patchHead, textPass, tokensOf, towerBlock, visionPass } from '../../cost/towers.ts';
import { footprint } from '../../cost/training.ts';
import type { EncoderConfig, TextConfig, VisionConfig } from '../../data/config.ts';
import type { Params } from './kind.ts';

export function encoderCost(params: Params, inputs: InputShapes): Priced {
  const config = configOf(params, shapeOf(inputs['words'], 'words')?.words ?? 0);
  const { steps, batchSize } = params;
  const parameters = parametersOf({ type: 'encoder', of: config });
  const length = tokensOf(config.vision);
  const pass = lossPass(config, batchSize, params.losses);
  const perStep = operations(pass, { weights: true, input: true });
  const data = shapeOf(inputs['data'], 'dataset');
  const decoded = data === undefined ? 0 : data.images * data.imageBytes;
  return {
    work: {
      flops: steps * (perStep + muonOperations(config.vision) + muonOperations(config.text)),
      again: steps * pass.forward,
      read: decoded,
      decoded,
      written: 4 * parameters,
      weights: parameters,
      trained: parameters,
      batch: batchSize,
      passes: 3 * steps,
      item: footprint(towerBlock(config.vision, 1, length), config.vision.layers, length * config.vision.hidden),
    },
    outputs: { encoder: { type: 'encoder', of: config } },
  };
}

/** Both towers over a batch, and the similarities of the three losses. */
export function lossPass({ vision, text, projection }: EncoderConfig, batch: number, losses: Params['losses']): Pass {
  const patches = batch * patchesOf(vision);
  const pair = product(batch, projection, batch);
  return together(
    visionPass(vision, batch),
    imageHead(vision, batch),
    ...(losses.mean + losses.pooled > 0 ? [patchHead(vision, patches)] : []),
    textPass(text, batch),
    pair,
    ...(losses.mean > 0 ? [pair] : []),
    ...(losses.pooled > 0 ? [product(patches, projection, batch)] : []),
  );
}

/** Muon's five rounds of three products for each matrix of the blocks. */
function muonOperations({ layers, hidden, intermediate }: VisionConfig | TextConfig): number {
  const matrix = (rows: number, columns: number): number => {
    const [short, long] = [Math.min(rows, columns), Math.max(rows, columns)];
    return 5 * (4 * short * short * long + 2 * short ** 3);
  };
  return layers * (4 * matrix(hidden, hidden) + 2 * matrix(hidden, intermediate));
}

function configOf({ family, imageSize, patchSize, vision, text, ...params }: Params, words: number): EncoderConfig {
  const projection = family === 'clip' ? params.projection : vision.hidden;
  const common = { family, activation: 'gelu', layerNormEps: 1e-5, projection } as const;
  return {
    family,
    vision: { ...vision, ...common, imageSize, patchSize, channels: 3 },
    text: { ...text, ...common, vocab: words, bos: 0, eos: 0, pad: 0 },
    projection,
    dtype: 'float32',
  } as EncoderConfig;
}
