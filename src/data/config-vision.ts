import type { Activation, DinoConfig, TowerConfig, Transformer, VisionConfig, VitConfig } from './config.ts';
import { activation, boolean, count, nested, positive, problem, refuse, type Source, show } from './config-keys.ts';

type Defaults = Readonly<{
  hidden: number;
  layers: number;
  heads: number;
  intermediate: number;
  eps: number;
  act: Activation;
}>;

/** The sizes that every tower has. */
export function transformer(source: Source, defaults: Defaults): Transformer {
  const hidden = count(source, 'hidden_size', defaults.hidden);
  const heads = count(source, 'num_attention_heads', defaults.heads);
  if (hidden % heads !== 0) {
    throw problem(source, 'num_attention_heads', `is ${heads}, which does not divide hidden_size ${hidden}`);
  }
  return {
    hidden,
    heads,
    layers: count(source, 'num_hidden_layers', defaults.layers),
    intermediate: count(source, 'intermediate_size', defaults.intermediate),
    activation: activation(source, 'hidden_act', defaults.act),
    layerNormEps: positive(source, 'layer_norm_eps', defaults.eps),
  };
}

/** The image tower of CLIP or SigLIP; `projection` where the file has it outside. */
export function vision(source: Source, family: 'clip' | 'siglip', projection: number | undefined): VisionConfig {
  const base = { hidden: 768, layers: 12, heads: 12, intermediate: 3072 };
  const isClip = family === 'clip';
  const shape = transformer(
    source,
    isClip ? { ...base, eps: 1e-5, act: 'quick_gelu' } : { ...base, eps: 1e-6, act: 'gelu_pytorch_tanh' },
  );
  refuse(source, 'vision_use_head', (value) => value === undefined || value === true);
  const config: VisionConfig = {
    ...shape,
    family,
    imageSize: count(source, 'image_size', 224),
    patchSize: count(source, 'patch_size', isClip ? 32 : 16),
    channels: count(source, 'num_channels', 3),
    projection: projection ?? (isClip ? count(source, 'projection_dim', 512) : shape.hidden),
  };
  checkPatch(source, config);
  return config;
}

function checkPatch(source: Source, { patchSize, imageSize }: Pick<TowerConfig, 'patchSize' | 'imageSize'>): void {
  if (patchSize <= imageSize) return;
  throw problem(source, 'patch_size', `is ${patchSize}, larger than image_size ${imageSize}`);
}

/** `model_type` of encoders without a text tower. MAE's encoder is a plain ViT. */
export const visionOnlyTypes = ['dinov2', 'dinov2_with_registers', 'vit', 'vit_mae'] as const;
export type VisionOnlyType = (typeof visionOnlyTypes)[number];

/** A tower without a text tower, as its own config.json or a LLaVA config has it. */
export function plainVision(source: Source, type: VisionOnlyType): DinoConfig | VitConfig {
  refuse(source, 'qkv_bias', (value) => value === undefined || value === true);
  const isVit = type === 'vit' || type === 'vit_mae';
  const base = { hidden: 768, layers: 12, heads: 12, intermediate: 3072, act: 'gelu' } as const;
  const shape = transformer(source, { ...base, eps: isVit ? 1e-12 : 1e-6 });
  const imageSize = count(source, 'image_size', 224);
  const common = {
    ...shape,
    imageSize,
    trainedSize: imageSize,
    patchSize: count(source, 'patch_size', type === 'dinov2' ? 14 : 16),
    channels: count(source, 'num_channels', 3),
  };
  checkPatch(source, common);
  if (isVit) return { ...common, family: 'vit' };
  const mlpRatio = positive(source, 'mlp_ratio', 4);
  const gated = boolean(source, 'use_swiglu_ffn', false);
  const withRegisters = type === 'dinov2_with_registers';
  return {
    ...common,
    family: type,
    gated,
    mlpRatio,
    intermediate: dinoWidth(shape.hidden, mlpRatio, gated),
    registers: withRegisters ? count(source, 'num_register_tokens', 4) : 0,
    maskToken: withRegisters || boolean(source, 'use_mask_token', true),
  };
}

/** SwiGLU keeps two thirds of the width, rounded up to a multiple of 8. */
function dinoWidth(hidden: number, ratio: number, gated: boolean): number {
  const width = Math.trunc(hidden * ratio);
  return gated ? Math.ceil(Math.trunc((width * 2) / 3) / 8) * 8 : width;
}

/** The image tower of a LLaVA config. transformers takes CLIP-L/14@336 where a LLaVA config names no vision tower. */
export function llavaVision(source: Source): TowerConfig {
  if (source.json['vision_config'] === undefined) {
    const json = {
      hidden_size: 1024,
      intermediate_size: 4096,
      patch_size: 14,
      image_size: 336,
      num_hidden_layers: 24,
      num_attention_heads: 16,
      projection_dim: 768,
    };
    return vision({ file: source.file, path: 'vision_config', json }, 'clip', undefined);
  }
  const tower = nested(source, 'vision_config');
  const type = tower.json['model_type'] ?? 'clip_vision_model';
  if (type === 'clip_vision_model') return vision(tower, 'clip', undefined);
  if (type === 'siglip_vision_model') return vision(tower, 'siglip', undefined);
  const plain = visionOnlyTypes.find((one) => one === type);
  if (plain !== undefined) return plainVision(tower, plain);
  const supported = ['clip_vision_model', 'siglip_vision_model', ...visionOnlyTypes];
  throw problem(tower, 'model_type', `is ${show(type)}`, `supported: ${supported.join(', ')}`);
}
