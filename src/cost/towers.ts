import type { TextConfig, TowerConfig, Transformer, VisionConfig } from '../data/config.ts';
import { attention, type Pass, product, times, together } from './pass.ts';

/** Patches of an image of the tower's size. */
export function patchesOf({ imageSize, patchSize }: TowerConfig): number {
  return Math.floor(imageSize / patchSize) ** 2;
}

/** Tokens that go through the blocks: patches, class token (SigLIP has none), registers. */
export function tokensOf(config: TowerConfig): number {
  const registers = 'registers' in config ? config.registers : 0;
  return patchesOf(config) + (config.family === 'siglip' ? 0 : 1) + registers;
}

/** Patch embedding and the first `blocks` blocks (default: all) over some images. */
export function visionPass(config: TowerConfig, images: number, blocks = config.layers): Pass {
  return together(embedding(config, images), times(towerBlock(config, images, tokensOf(config)), blocks));
}

/** The patch convolution as one product. No gradient goes to pixels. */
function embedding(config: TowerConfig, images: number): Pass {
  const { channels, patchSize, hidden } = config;
  return { ...product(images * patchesOf(config), channels * patchSize ** 2, hidden), toInput: 0 };
}

/** One block of an image or text tower over `rows` sequences of `length` tokens, of which it makes those that are read. */
export function towerBlock(config: Transformer, rows: number, length: number, read = length): Pass {
  const { hidden, heads, intermediate } = config;
  const tokens = rows * read;
  const isGated = 'gated' in config && config.gated === true;
  return together(
    times(product(rows * length, hidden, hidden), 2),
    times(product(tokens, hidden, hidden), 2),
    attention(rows, heads, read, read * length, hidden / heads),
    times(product(tokens, hidden, intermediate), isGated ? 2 : 1),
    product(tokens, intermediate, hidden),
  );
}

/** How many blocks hidden state `layer` needs (-1 is the last block's output). */
export function blocksFor({ layers }: TowerConfig, layer: number): number {
  return layer < 0 ? layers + 1 + layer : layer;
}

/** Images of the tower's size that one image is cut into at several scales (S2-Wrapper). */
export function tilesOf(scales: readonly number[]): number {
  return scales.reduce((sum, scale) => sum + scale ** 2, 0);
}

export type Readout = 'projection' | 'value' | 'surgery';

/** Every patch in the space of the paired text tower. */
export function densePass(config: VisionConfig, images: number, readout: Readout): Pass {
  return together(
    visionPass(config, images, config.layers - 1),
    lastBlock(config, images, readout),
    patchHead(config, images * patchesOf(config)),
  );
}

function lastBlock(config: VisionConfig, images: number, readout: Readout): Pass {
  const { hidden, heads, intermediate } = config;
  const length = tokensOf(config);
  const tokens = images * length;
  if (readout === 'projection') return towerBlock(config, images, length);
  const valuePath = times(product(tokens, hidden, hidden), 2);
  if (readout === 'surgery') return together(valuePath, attention(images, heads, length, length ** 2, hidden / heads));
  return together(valuePath, product(tokens, hidden, intermediate), product(tokens, intermediate, hidden));
}

/** CLIP's projection, or SigLIP's head on each token alone. */
export function patchHead(config: VisionConfig, tokens: number): Pass {
  const { family, hidden, intermediate, projection } = config;
  if (family === 'clip') return product(tokens, hidden, projection);
  return together(
    times(product(tokens, hidden, hidden), 2),
    product(tokens, hidden, intermediate),
    product(tokens, intermediate, hidden),
  );
}

/** One embedding an image: the class token's projection, or SigLIP's pooling head. */
export function imageHead(config: VisionConfig, images: number): Pass {
  const { family, hidden, heads, intermediate, projection } = config;
  if (family === 'clip') return product(images, hidden, projection);
  const patches = patchesOf(config);
  return together(
    product(1, hidden, hidden),
    times(product(images * patches, hidden, hidden), 2),
    attention(images, heads, 1, patches, hidden / heads),
    product(images, hidden, hidden),
    product(images, hidden, intermediate),
    product(images, intermediate, hidden),
  );
}

/** Text embeddings: texts are padded to the context length, and of the last block only their ends are read. */
export function textPass(config: TextConfig, texts: number): Pass {
  const { layers, positions, hidden, projection } = config;
  return together(
    times(towerBlock(config, texts, positions), layers - 1),
    towerBlock(config, texts, positions, 1),
    product(texts, hidden, projection),
  );
}

function transformerParameters({ layers, hidden, intermediate, ...rest }: Transformer): number {
  const inner = 'gated' in rest && rest.gated === true ? 3 : 2;
  return layers * (4 * hidden * (hidden + 1) + inner * hidden * intermediate + intermediate + hidden + 4 * hidden);
}

/** Numbers in an image tower, with SigLIP's head. */
export function towerParameters(config: TowerConfig): number {
  const { hidden, intermediate, channels, patchSize, family } = config;
  const head = family === 'siglip' ? 4 * hidden * (hidden + 1) + 2 * hidden * intermediate + 4 * hidden : 0;
  const embedded = hidden * channels * patchSize ** 2 + tokensOf(config) * hidden;
  return transformerParameters(config) + embedded + head + 4 * hidden;
}

export function textParameters(config: TextConfig): number {
  const { vocab, positions, hidden, projection } = config;
  return transformerParameters(config) + (vocab + positions) * hidden + projection * hidden + 2 * hidden;
}
