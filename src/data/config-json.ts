import type { Json } from '../hash.ts';
import {
  type DecoderConfig,
  type DinoConfig,
  type EncoderConfig,
  type LlavaConfig,
  type ModelConfig,
  SCALES_KEY,
  type TextConfig,
  type TowerConfig,
  type VisionConfig,
  type VitConfig,
} from './config.ts';

/** The `config.json` of a configuration, with the classic keys that every transformers since version 4 reads. */
export function configJson(config: ModelConfig): { readonly [key: string]: Json } {
  switch (config.family) {
    case 'clip':
    case 'siglip':
      return encoder(config);
    case 'dinov2':
    case 'dinov2_with_registers':
    case 'vit':
      return { architectures: [visionOnly[config.family]], ...plainTower(config.vision), torch_dtype: config.dtype };
    case 'llava':
      return llava(config);
    default:
      return { architectures: [`${architectures[config.family]}ForCausalLM`], ...decoder(config) };
  }
}

const visionOnly = {
  dinov2: 'Dinov2Model',
  dinov2_with_registers: 'Dinov2WithRegistersModel',
  vit: 'ViTModel',
} as const;
const architectures = { llama: 'Llama', gemma: 'Gemma', phi3: 'Phi3' } as const;

function encoder(config: EncoderConfig): { readonly [key: string]: Json } {
  const isClip = config.family === 'clip';
  return {
    architectures: [isClip ? 'CLIPModel' : 'SiglipModel'],
    model_type: config.family,
    ...(isClip ? { projection_dim: config.projection } : {}),
    torch_dtype: config.dtype,
    text_config: textTower(config.text),
    vision_config: visionTower(config.vision),
  };
}

function tower(config: TowerConfig | TextConfig): { readonly [key: string]: Json } {
  return {
    hidden_size: config.hidden,
    num_hidden_layers: config.layers,
    num_attention_heads: config.heads,
    intermediate_size: config.intermediate,
    hidden_act: config.activation,
    layer_norm_eps: config.layerNormEps,
    ...(config.family === 'clip' ? { projection_dim: config.projection } : {}),
  };
}

function visionTower(config: VisionConfig): { readonly [key: string]: Json } {
  return {
    model_type: `${config.family}_vision_model`,
    ...tower(config),
    image_size: config.imageSize,
    patch_size: config.patchSize,
    num_channels: config.channels,
  };
}

/** The file's size is the one that the stored positions are for. MAE's encoder is written as the plain ViT that it is. */
function plainTower(config: DinoConfig | VitConfig): { readonly [key: string]: Json } {
  const { intermediate_size: _, ...sizes } = tower(config);
  const common = {
    ...sizes,
    image_size: config.trainedSize,
    patch_size: config.patchSize,
    num_channels: config.channels,
    qkv_bias: true,
  };
  if (config.family === 'vit') return { model_type: 'vit', ...common, intermediate_size: config.intermediate };
  return {
    model_type: config.family,
    ...common,
    mlp_ratio: config.mlpRatio,
    use_swiglu_ffn: config.gated,
    ...(config.family === 'dinov2' ? { use_mask_token: config.maskToken } : { num_register_tokens: config.registers }),
  };
}

function textTower(config: TextConfig): { readonly [key: string]: Json } {
  return {
    model_type: `${config.family}_text_model`,
    ...tower(config),
    ...(config.family === 'siglip' ? { projection_size: config.projection } : {}),
    vocab_size: config.vocab,
    max_position_embeddings: config.positions,
    bos_token_id: config.bos,
    eos_token_id: config.eos,
    pad_token_id: config.pad,
  };
}

function decoder(config: DecoderConfig): { readonly [key: string]: Json } {
  const [eos, ...more] = config.eos;
  return {
    model_type: config.family,
    vocab_size: config.vocab,
    hidden_size: config.hidden,
    num_hidden_layers: config.layers,
    num_attention_heads: config.heads,
    num_key_value_heads: config.kvHeads,
    // Phi-3 derives it and older transformers refuse the key
    ...(config.family === 'phi3' ? {} : { head_dim: config.headDim }),
    intermediate_size: config.intermediate,
    hidden_act: config.activation,
    ...(config.family === 'gemma' ? { hidden_activation: config.activation } : {}),
    rms_norm_eps: config.rmsEps,
    rope_theta: config.ropeTheta,
    rope_scaling: null,
    attention_bias: false,
    max_position_embeddings: config.maxPositions,
    ...(config.family === 'phi3' ? phi3(config) : {}),
    tie_word_embeddings: config.tied,
    bos_token_id: config.bos ?? null,
    eos_token_id: more.length === 0 ? (eos ?? null) : config.eos,
    pad_token_id: config.pad ?? null,
    torch_dtype: config.dtype,
    use_cache: true,
  };
}

function phi3(config: DecoderConfig): { readonly [key: string]: Json } {
  return {
    original_max_position_embeddings: config.maxPositions,
    sliding_window: config.slidingWindow ?? null,
  };
}

function llava(config: LlavaConfig): { readonly [key: string]: Json } {
  return {
    architectures: ['LlavaForConditionalGeneration'],
    model_type: 'llava',
    ignore_index: -100,
    image_token_index: config.imageToken,
    ...(config.pad === undefined ? {} : { pad_token_id: config.pad }),
    projector_hidden_act: config.projectorActivation,
    multimodal_projector_bias: true,
    vision_feature_layer: config.featureLayer,
    vision_feature_select_strategy: config.featureSelect,
    ...(config.scales === undefined ? {} : { [SCALES_KEY]: config.scales }),
    tie_word_embeddings: config.text.tied,
    torch_dtype: config.dtype,
    text_config: { architectures: [`${architectures[config.text.family]}ForCausalLM`], ...decoder(config.text) },
    vision_config: 'trainedSize' in config.vision ? plainTower(config.vision) : visionTower(config.vision),
  };
}
