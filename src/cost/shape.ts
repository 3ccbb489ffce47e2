import type { DecoderConfig, EncoderConfig, TowerConfig, VisionOnlyConfig } from '../data/config.ts';

/** How much a port carries: what the cost of whatever reads it depends on. Means are per item. */
export type Shapes = Readonly<{
  /** `tokens` of a conversation without its image, of which `targets` are learnt; `imageBytes` of an image file */
  dataset: Readonly<{ records: number; images: number; tokens: number; targets: number; imageBytes: number }>;
  words: Readonly<{ words: number }>;
  encoder: EncoderConfig | VisionOnlyConfig;
  'language-model': DecoderConfig;
  features: Readonly<{ images: number; tokens: number; dim: number }>;
  labels: Readonly<{ images: number; patches: number; top: number }>;
  adapter: Readonly<{ input: number; output: number }>;
  model: Readonly<{ vision: TowerConfig; layer: number; scales: readonly number[]; text: DecoderConfig }>;
  /** `tokens` of a prompt without its image */
  benchmark: Readonly<{ questions: number; images: number; tokens: number; answerTokens: number; imageBytes: number }>;
  answers: Readonly<{ questions: number }>;
}>;

export type ShapeType = keyof Shapes;
/** An output's shape with its port type, so that a reader finds what it takes. */
export type Shape = { readonly [T in ShapeType]: Readonly<{ type: T; of: Shapes[T] }> }[ShapeType];

/** What a stage asks of a machine. */
export type Work = Readonly<{
  /** floating-point operations of its matrix products */
  flops: number;
  /** of those, what a device does twice that keeps only the inputs of blocks for the backward pass */
  again: number;
  /** bytes of files, and of those that are pictures to decode */
  read: number;
  decoded: number;
  written: number;
  /** numbers of its models, and those of them that train */
  weights: number;
  trained: number;
  /** items side by side, and the passes over all weights: decoding makes one for each token */
  batch: number;
  passes: number;
  /** numbers that one item needs in a pass */
  item: Footprint;
}>;

/** Numbers that one item needs: all at once where everything is kept for a backward pass; of its largest block; of the inputs of all blocks. */
export type Footprint = Readonly<{ kept: number; scores: number; block: number; inputs: number }>;

export const NO_FOOTPRINT: Footprint = { kept: 0, scores: 0, block: 0, inputs: 0 };

/** A stage that moves files and multiplies nothing. */
export function moving(read: number, written: number): Work {
  return {
    flops: 0,
    again: 0,
    read,
    decoded: 0,
    written,
    weights: 0,
    trained: 0,
    batch: 1,
    passes: 0,
    item: NO_FOOTPRINT,
  };
}

/** What is known outside the parameters: small files, and what an earlier run of the same stage measured. */
export type Known = Readonly<{
  text(path: string): string | undefined;
  metrics?: Readonly<Record<string, number>>;
}>;

/**
 * `work` is absent where it cannot be told; outputs are given by port, as far as they are known. `assumed`: what was taken
 * for files that are not here, in words.
 */
export type Priced = Readonly<{ work?: Work; outputs: Readonly<Record<string, Shape>>; assumed?: string }>;

export type InputShapes = Readonly<Record<string, Shape | undefined>>;

/** The shape at a port, if it is of this type. */
export function shapeOf<T extends ShapeType>(shape: Shape | undefined, type: T): Shapes[T] | undefined {
  return shape?.type === type ? (shape.of as Shapes[T]) : undefined;
}
