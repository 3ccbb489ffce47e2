import {
  type Activation,
  type ClipConfig,
  type DecoderConfig,
  type LlavaConfig,
  leadingTokens,
  type ModelConfig,
  SCALES_KEY,
  type SiglipConfig,
  type TextConfig,
  type VisionOnlyConfig,
} from './config.ts';
import {
  activation,
  boolean,
  child,
  count,
  dtype,
  id,
  ids,
  nested,
  open,
  positive,
  problem,
  refuse,
  type Source,
  show,
} from './config-keys.ts';
import {
  llavaVision,
  plainVision,
  transformer,
  type VisionOnlyType,
  vision,
  visionOnlyTypes,
} from './config-vision.ts';

/**
 * A `config.json` of Hugging Face, old style (`rope_theta`, `torch_dtype`) or new (`rope_parameters`, `dtype`);
 * absent keys take transformers' defaults. Throws ProblemError naming the file and the key.
 */
export function parseConfig(json: unknown, file: string): ModelConfig {
  const source = open(json, { file, path: '' });
  const type = source.json['model_type'];
  switch (type) {
    case 'clip':
      return clip(source);
    case 'siglip':
      return siglip(source);
    case 'dinov2':
    case 'dinov2_with_registers':
    case 'vit':
    case 'vit_mae':
      return visionOnly(source, type);
    case 'llama':
    case 'gemma':
    case 'phi3':
      return decoder(source, type);
    case 'llava':
      return llava(source);
    default:
      throw problem(source, 'model_type', `is ${show(type)}`, `supported: ${supported.join(', ')}`);
  }
}

const supported = ['clip', 'siglip', ...visionOnlyTypes, 'llama', 'gemma', 'phi3', 'llava'];

function visionOnly(source: Source, type: VisionOnlyType): VisionOnlyConfig {
  const vision = plainVision(source, type);
  return { family: vision.family, vision, dtype: dtype(source) };
}

function text(source: Source, family: 'clip' | 'siglip', projection: number | undefined): TextConfig {
  const isClip = family === 'clip';
  const shape = transformer(
    source,
    isClip
      ? { hidden: 512, layers: 12, heads: 8, intermediate: 2048, eps: 1e-5, act: 'quick_gelu' }
      : { hidden: 768, layers: 12, heads: 12, intermediate: 3072, eps: 1e-6, act: 'gelu_pytorch_tanh' },
  );
  return {
    ...shape,
    family,
    vocab: count(source, 'vocab_size', isClip ? 49408 : 32000),
    positions: count(source, 'max_position_embeddings', isClip ? 77 : 64),
    projection: projection ?? count(source, 'projection_size', shape.hidden),
    bos: id(source, 'bos_token_id', 49406) ?? 49406,
    eos: id(source, 'eos_token_id', 49407) ?? 49407,
    pad: id(source, 'pad_token_id', 1) ?? 1,
  };
}

function clip(source: Source): ClipConfig {
  const projection = count(source, 'projection_dim', 512);
  return {
    family: 'clip',
    projection,
    vision: vision(nested(source, 'vision_config'), 'clip', projection),
    text: text(nested(source, 'text_config'), 'clip', projection),
    dtype: dtype(source),
  };
}

function siglip(source: Source): SiglipConfig {
  const towers = { vision: nested(source, 'vision_config'), text: nested(source, 'text_config') };
  const textConfig = text(towers.text, 'siglip', undefined);
  return {
    family: 'siglip',
    projection: textConfig.projection,
    vision: vision(towers.vision, 'siglip', undefined),
    text: textConfig,
    dtype: dtype(source),
  };
}

/** Written by our fine-tuning; transformers has no key for it. */
function scales(source: Source): readonly number[] {
  const value = source.json[SCALES_KEY];
  if (Array.isArray(value) && value.length > 0 && value.every((scale) => Number.isSafeInteger(scale) && scale > 0)) {
    return value as number[];
  }
  throw problem(source, SCALES_KEY, `must be whole numbers above 0, not ${show(value)}`);
}

const decoders = {
  llama: {
    vocab: 32000,
    hidden: 4096,
    layers: 32,
    heads: 32,
    intermediate: 11008,
    positions: 2048,
    eps: 1e-6,
    bos: 1,
    eos: 2,
    pad: undefined,
    tied: false,
  },
  gemma: {
    vocab: 256000,
    hidden: 3072,
    layers: 28,
    heads: 16,
    intermediate: 24576,
    positions: 8192,
    eps: 1e-6,
    bos: 2,
    eos: 1,
    pad: 0,
    tied: true,
  },
  phi3: {
    vocab: 32064,
    hidden: 3072,
    layers: 32,
    heads: 32,
    intermediate: 8192,
    positions: 4096,
    eps: 1e-5,
    bos: 1,
    eos: 32000,
    pad: 32000,
    tied: false,
  },
} as const;

function decoder(source: Source, family: DecoderConfig['family']): DecoderConfig {
  const defaults = decoders[family];
  const hidden = count(source, 'hidden_size', defaults.hidden);
  const heads = count(source, 'num_attention_heads', defaults.heads);
  const kvHeads = count(source, 'num_key_value_heads', heads);
  if (heads % kvHeads !== 0) {
    throw problem(source, 'num_key_value_heads', `is ${kvHeads}, which does not divide num_attention_heads ${heads}`);
  }
  for (const key of ['attention_bias', 'mlp_bias'])
    refuse(source, key, (value) => value === undefined || value === false);
  const window = family === 'phi3' ? source.json['sliding_window'] : undefined;
  const bos = id(source, 'bos_token_id', defaults.bos);
  const pad = id(source, 'pad_token_id', defaults.pad);
  return {
    family,
    hidden,
    heads,
    kvHeads,
    headDim: headDim(source, family, hidden, heads),
    vocab: count(source, 'vocab_size', defaults.vocab),
    layers: count(source, 'num_hidden_layers', defaults.layers),
    intermediate: count(source, 'intermediate_size', defaults.intermediate),
    activation: family === 'gemma' ? gemmaActivation(source) : activation(source, 'hidden_act', 'silu'),
    ropeTheta: ropeTheta(source),
    rmsEps: positive(source, 'rms_norm_eps', defaults.eps),
    tied: boolean(source, 'tie_word_embeddings', defaults.tied),
    maxPositions: count(source, 'max_position_embeddings', defaults.positions),
    ...(window === undefined || window === null ? {} : { slidingWindow: count(source, 'sliding_window', 1) }),
    ...(bos === undefined ? {} : { bos }),
    eos: ids(source, 'eos_token_id', defaults.eos),
    ...(pad === undefined ? {} : { pad }),
    dtype: dtype(source),
  };
}

function headDim(source: Source, family: DecoderConfig['family'], hidden: number, heads: number): number {
  const fallback = family === 'gemma' ? 256 : hidden / heads;
  if (!Number.isInteger(source.json['head_dim'] ?? fallback)) {
    throw problem(source, 'num_attention_heads', `is ${heads}, which does not divide hidden_size ${hidden}`);
  }
  return count(source, 'head_dim', fallback);
}

/** Gemma's first files say `gelu` and mean the tanh form; `hidden_activation`, where set, is meant as written. */
function gemmaActivation(source: Source): Activation {
  if (typeof source.json['hidden_activation'] === 'string')
    return activation(source, 'hidden_activation', 'gelu_pytorch_tanh');
  const stated = activation(source, 'hidden_act', 'gelu_pytorch_tanh');
  return stated === 'gelu' ? 'gelu_pytorch_tanh' : stated;
}

/** Only plain rotary positions: a scaled or partial kind would silently give other numbers. */
function ropeTheta(source: Source): number {
  const plain = (value: unknown): boolean => value === undefined || value === null || value === 'default';
  const parameters = child(source, 'rope_parameters');
  const scaling = child(source, 'rope_scaling');
  for (const rope of [parameters, scaling]) for (const key of ['rope_type', 'type']) refuse(rope, key, plain);
  for (const holder of [source, parameters]) {
    refuse(holder, 'partial_rotary_factor', (value) => value === undefined || value === null || value === 1);
  }
  return positive('rope_theta' in parameters.json ? parameters : source, 'rope_theta', 10000);
}

function llava(source: Source): LlavaConfig {
  const language = nested(source, 'text_config');
  const type = language.json['model_type'] ?? 'llama';
  if (type !== 'llama' && type !== 'gemma' && type !== 'phi3') {
    throw problem(language, 'model_type', `is ${show(type)}`, 'supported: llama, gemma, phi3');
  }
  const select = source.json['vision_feature_select_strategy'] ?? 'default';
  if (select !== 'default' && select !== 'full') {
    throw problem(source, 'vision_feature_select_strategy', `is ${show(select)}`, 'supported: default, full');
  }
  const layer = source.json['vision_feature_layer'] ?? -2;
  if (!Number.isSafeInteger(layer))
    throw problem(source, 'vision_feature_layer', `must be a whole number, not ${show(layer)}`);
  const pad = id(source, 'pad_token_id', undefined);
  refuse(source, 'multimodal_projector_bias', (value) => value === undefined || value === true);
  const vision = llavaVision(source);
  if ((layer as number) > vision.layers || (layer as number) < -vision.layers - 1)
    throw problem(source, 'vision_feature_layer', `is ${show(layer)} of a tower with ${vision.layers} layers`);
  if (select === 'full' && source.json[SCALES_KEY] !== undefined && leadingTokens(vision) > 0) {
    throw problem(source, 'vision_feature_select_strategy', `is "full", which has no meaning at several scales`);
  }
  return {
    family: 'llava',
    vision,
    text: decoder(language, type),
    imageToken: id(source, 'image_token_index', undefined) ?? id(source, 'image_token_id', 32000) ?? 32000,
    ...(pad === undefined ? {} : { pad }),
    featureLayer: layer as number,
    featureSelect: select,
    ...(source.json[SCALES_KEY] === undefined ? {} : { scales: scales(source) }),
    projectorActivation: activation(source, 'projector_hidden_act', 'gelu'),
    dtype: dtype(source),
  };
}
