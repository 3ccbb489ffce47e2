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

/** What an image tower reads. The grid is floor(imageSize / patchSize) on each side. */
type Images = Readonly<{ imageSize: number; patchSize: number; channels: number }>;

/** An image tower with a text tower beside it. */
export type VisionConfig = Transformer & Images & Readonly<{ family: 'clip' | 'siglip'; projection: number }>;

/** An image tower alone; its positions were trained on images of `trainedSize` and are stretched to `imageSize`. */
type Stretched = Transformer & Images & Readonly<{ trainedSize: number }>;

/** `Dinov2Model` and `Dinov2WithRegistersModel`. */
export type DinoConfig = Stretched &
  Readonly<{
    family: 'dinov2' | 'dinov2_with_registers';
    /** tokens between the class token and the patches that stand for nothing in the image */
    registers: number;
    /** SwiGLU in place of two layers; `intermediate` is the width of each half */
    gated: boolean;
    /** what `intermediate` follows from */
    mlpRatio: number;
    /** the file holds a token for masked patches; it is carried along and not used */
    maskToken: boolean;
  }>;

/** `ViTModel`, and the encoder of `ViTMAEModel` with nothing masked. */
export type VitConfig = Stretched & Readonly<{ family: 'vit' }>;

export type TowerConfig = VisionConfig | DinoConfig | VitConfig;

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

/** A frozen encoder without a text tower. */
export type VisionOnlyConfig = Readonly<{
  family: (DinoConfig | VitConfig)['family'];
  vision: DinoConfig | VitConfig;
  dtype: string;
}>;

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
  vision: TowerConfig;
  text: DecoderConfig;
  imageToken: number;
  pad?: number;
  /** which hidden state the adapter reads: -2 is the output of the second-last block */
  featureLayer: number;
  /** `default` drops the class token, `full` keeps it */
  featureSelect: 'default' | 'full';
  /** sizes that the tower looks at, as multiples of its own (S2); absent: [1] */
  scales?: readonly number[];
  projectorActivation: Activation;
  dtype: string;
}>;

/** Our own key for `scales` in config.json; transformers has none, and ignores it. */
export const SCALES_KEY = 'seagraph_s2_scales';

export type ModelConfig = EncoderConfig | VisionOnlyConfig | DecoderConfig | LlavaConfig;

/** Patches on one side of the image; trailing pixels are unused when the patch does not divide the image. */
export function gridSide({ imageSize, patchSize }: Pick<TowerConfig, 'imageSize' | 'patchSize'>): number {
  return Math.floor(imageSize / patchSize);
}

/** Tokens before the patches: a class token but for SigLIP, and registers. */
export function leadingTokens(config: TowerConfig): number {
  if (config.family === 'siglip') return 0;
  return config.family === 'dinov2_with_registers' ? 1 + config.registers : 1;
}
