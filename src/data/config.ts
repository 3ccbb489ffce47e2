/** Activations by their Hugging Face names; `gelu` is the exact (erf) one. */
export type Activation = 'quick_gelu' | 'gelu' | 'gelu_pytorch_tanh' | 'silu' | 'relu';

export type Transformer = Readonly<{
  hidden: number;
  layers: number;
  heads: number;
  intermediate: number;
  activation: Activation;
  layerNormEps: number;
}>;

/** An image tower. The grid is floor(imageSize / patchSize) on each side. */
export type VisionConfig = Transformer &
  Readonly<{ family: 'clip' | 'siglip'; imageSize: number; patchSize: number; channels: number; projection: number }>;

/** The text tower beside it. */
export type TextConfig = Transformer &
  Readonly<{
    family: 'clip' | 'siglip';
    vocab: number;
    positions: number;
    projection: number;
    bos: number;
    eos: number;
    pad: number;
  }>;

/** Both towers, `CLIPModel`; `projection` is the size of the shared space. */
export type ClipConfig = Readonly<{
  family: 'clip';
  vision: VisionConfig;
  text: TextConfig;
  projection: number;
  dtype: string;
}>;

/** Both towers, `SiglipModel`; the shared space is the text tower's projection. */
export type SiglipConfig = Readonly<{
  family: 'siglip';
  vision: VisionConfig;
  text: TextConfig;
  projection: number;
  dtype: string;
}>;

export type EncoderConfig = ClipConfig | SiglipConfig;

/** A causal language model: Llama 1 to 3 and Vicuna (`llama`), Gemma 1, Phi-3. */
export type DecoderConfig = Readonly<{
  family: 'llama' | 'gemma' | 'phi3';
  vocab: number;
  hidden: number;
  layers: number;
  heads: number;
  kvHeads: number;
  headDim: number;
  intermediate: number;
  activation: Activation;
  ropeTheta: number;
  rmsEps: number;
  /** the head is the embedding, unless the checkpoint stores a differing `lm_head.weight` */
  tied: boolean;
  maxPositions: number;
  /** a query sees this many keys, itself included; absent: all */
  slidingWindow?: number;
  bos?: number;
  eos: readonly number[];
  pad?: number;
  dtype: string;
}>;

/** `LlavaForConditionalGeneration`. */
export type LlavaConfig = Readonly<{
  family: 'llava';
  vision: VisionConfig;
  text: DecoderConfig;
  imageToken: number;
  pad?: number;
  /** which hidden state the adapter reads: -2 is the output of the second-last block */
  featureLayer: number;
  /** `default` drops the class token, `full` keeps it */
  featureSelect: 'default' | 'full';
  projectorActivation: Activation;
  projectorBias: boolean;
  dtype: string;
}>;

export type ModelConfig = EncoderConfig | DecoderConfig | LlavaConfig;

/** Patches on one side of the image; trailing pixels are unused when the patch does not divide the image. */
export function gridSide(config: VisionConfig): number {
  return Math.floor(config.imageSize / config.patchSize);
}
