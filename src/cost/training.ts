import type { DecoderConfig, TowerConfig } from '../data/config.ts';
import { decoderLayer, decoderPass, headPass } from './decoder.ts';
import { FROZEN, operations, type Pass, product, times, together } from './pass.ts';
import type { Footprint } from './shape.ts';
import { blocksFor, patchesOf, tilesOf, tokensOf, towerBlock, visionPass } from './towers.ts';

/** A LLaVA-style model: hidden state `layer` of the tower at some scales, two linear layers, a decoder. */
export type Model = Readonly<{ vision: TowerConfig; layer: number; scales: readonly number[]; text: DecoderConfig }>;

/** One batch: sequences, their padded length with the visual tokens, and how many positions predict something. */
export type Batch = Readonly<{ rows: number; length: number; targets: number }>;

export type Trains = Readonly<{ projector: boolean; language: boolean; vision: boolean }>;

/** Visual tokens of an image. */
export function visualTokens({ vision, scales }: Pick<Model, 'vision' | 'scales'>): number {
  return patchesOf(vision) * (scales[0] ?? 1) ** 2;
}

/** The adapter over some visual tokens: its first layer, whose input may be frozen features, and its second. */
export function projectorPasses(
  input: number,
  hidden: number,
  tokens: number,
): Readonly<{ first: Pass; second: Pass }> {
  return { first: product(tokens, input, hidden), second: product(tokens, hidden, hidden) };
}

/** The tower as an adapter reads it: tiles of all scales up to the wanted hidden state. */
export function sightPass({ vision, layer, scales }: Omit<Model, 'text'>, images: number): Pass {
  return visionPass(vision, images * tilesOf(scales), blocksFor(vision, layer));
}

/**
 * Operations of a training step: forward, and gradients down to the lowest part that trains. What lies below it and is
 * frozen costs its forward pass only; what lies above it and is frozen costs gradients with respect to its input.
 * `seen`: the tower runs in the step; else its features were computed before.
 */
export function stepOperations(model: Model, { rows, length, targets }: Batch, trains: Trains, seen: boolean): number {
  const { text } = model;
  const adapter = projectorPasses(model.vision.hidden * model.scales.length, text.hidden, rows * visualTokens(model));
  const above = trains.projector || trains.vision;
  const flows = above || trains.language;
  return (
    (seen ? operations(sightPass(model, rows), { weights: trains.vision, input: trains.vision }) : 0) +
    operations(adapter.first, { weights: trains.projector, input: trains.vision }) +
    operations(adapter.second, { weights: trains.projector, input: above }) +
    operations(decoderPass(text, rows, { tokens: length, read: targets / rows }), {
      weights: trains.language,
      input: flows,
    }) +
    operations(headPass(text, targets), { weights: trains.language, input: flows })
  );
}

/** Of those, the forward passes of the parts that gradients flow through. */
export function stepOperationsAgain(model: Model, { rows, length, targets }: Batch, { vision }: Trains): number {
  const text = decoderPass(model.text, rows, { tokens: length, read: targets / rows });
  return forward(text) + (vision ? forward(sightPass(model, rows)) : 0);
}

/** Pictures of which 1 GB stays decoded in memory are decoded once; more are decoded each time they come. */
export function picturesDecoded(images: number, seen: number, side: number): number {
  return images * 3 * side ** 2 <= 1e9 ? Math.min(images, seen) : seen;
}

/** The alignment loss over N patches: their cosines with N words, whose embeddings are constants (Eq. 9). */
export function alignmentOperations(pairs: number, hidden: number): number {
  return operations(product(pairs, hidden, pairs), { weights: false, input: true });
}

/** Windows of k x k patches of an image, partial ones at the edge among them unless they are dropped. */
export function windowsOf(patches: number, window: number, edge: 'keep' | 'drop'): number {
  const side = Math.sqrt(patches) / window;
  return (edge === 'drop' ? Math.floor(side) : Math.ceil(side)) ** 2;
}

/** What one example keeps for its backward pass, besides the tower's where that trains. */
export function trainingFootprint(model: Model, length: number, targets: number, trains: Trains): Footprint {
  const { text, vision } = model;
  const layer = decoderLayer(text, 1, { tokens: length });
  const head = headPass(text, targets);
  const own = decoderFootprint(text, layer, length, head.kept);
  if (!trains.vision) return own;
  const tiles = tilesOf(model.scales);
  const block = towerBlock(vision, tiles, tokensOf(vision));
  const tower = footprint(block, blocksFor(vision, model.layer), tiles * tokensOf(vision) * vision.hidden);
  return {
    kept: own.kept + tower.kept,
    scores: own.scores + tower.scores,
    block: Math.max(own.block, tower.block),
    inputs: own.inputs + tower.inputs,
  };
}

export function decoderFootprint(text: DecoderConfig, layer: Pass, length: number, logits: number): Footprint {
  const layers = footprint(layer, text.layers, length * text.hidden);
  return { ...layers, kept: layers.kept + logits, inputs: layers.inputs + logits };
}

/** Of equal blocks whose input has so many numbers. */
export function footprint(block: Pass, blocks: number, input: number): Footprint {
  const all = together(times(block, blocks));
  return {
    kept: all.kept + blocks * 2 * input,
    scores: all.scores,
    block: block.kept + 2 * input,
    inputs: blocks * input,
  };
}

/** A frozen pass holds one block at a time. */
export function forwardFootprint(block: Pass, input: number): Footprint {
  return { kept: block.kept + 2 * input, scores: block.scores, block: block.kept + 2 * input, inputs: input };
}

export function forward(pass: Pass): number {
  return operations(pass, FROZEN);
}
