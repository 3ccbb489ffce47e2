import { expect, test } from 'vitest';
import type { DecoderConfig, LlavaConfig } from '../../src/data/config.ts';
import { configJson } from '../../src/data/config-json.ts';
import { parseConfig } from '../../src/data/config-parse.ts';

const parse = (json: unknown) => parseConfig(json, 'model/config.json');

test('absent keys of a Llama file take the defaults of transformers', () => {
  expect(parse({ model_type: 'llama' })).toEqual({
    family: 'llama',
    vocab: 32000,
    hidden: 4096,
    layers: 32,
    heads: 32,
    kvHeads: 32,
    headDim: 128,
    intermediate: 11008,
    activation: 'silu',
    ropeTheta: 10000,
    rmsEps: 1e-6,
    tied: false,
    maxPositions: 2048,
    bos: 1,
    eos: [2],
    dtype: 'float32',
  });
});

test('an empty Gemma file is tied, has heads of 256 and the tanh GELU', () => {
  const config = parse({ model_type: 'gemma' }) as DecoderConfig;
  expect(config).toMatchObject({ tied: true, headDim: 256, activation: 'gelu_pytorch_tanh', pad: 0, eos: [1], bos: 2 });
  expect(parse({ model_type: 'gemma', hidden_act: 'gelu' })).toEqual(config);
});

test('rope_parameters of new files and rope_theta of old ones mean the same', () => {
  const old = parse({ model_type: 'llama', rope_theta: 500000, rope_scaling: null, torch_dtype: 'bfloat16' });
  const recent = parse({
    model_type: 'llama',
    rope_parameters: { rope_theta: 500000, rope_type: 'default' },
    dtype: 'bfloat16',
  });
  expect(recent).toEqual(old);
  expect(old).toMatchObject({ ropeTheta: 500000, dtype: 'bfloat16' });
});

test('a LLaVA file that names only its language model takes CLIP-L/14 at 336 pixels', () => {
  const config = parse({ model_type: 'llava', text_config: { model_type: 'llama', vocab_size: 32064 } }) as LlavaConfig;
  expect(config.vision).toMatchObject({ hidden: 1024, layers: 24, imageSize: 336, patchSize: 14, intermediate: 4096 });
  expect(config).toMatchObject({ imageToken: 32000, featureLayer: -2, featureSelect: 'default' });
  expect(config.text.vocab).toBe(32064);
});

test('SigLIP takes the tanh GELU and 1e-6, and its projection is as wide as its text tower', () => {
  const config = parse({ model_type: 'siglip', text_config: { hidden_size: 96, num_attention_heads: 4 } });
  expect(config).toMatchObject({
    projection: 96,
    vision: { activation: 'gelu_pytorch_tanh', layerNormEps: 1e-6, patchSize: 16 },
    text: { positions: 64, pad: 1 },
  });
});

test('text_config_dict of the first CLIP files wins over text_config', () => {
  const config = parse({ model_type: 'clip', text_config: { hidden_size: 64 }, text_config_dict: { hidden_size: 96 } });
  expect(config).toMatchObject({ text: { hidden: 96 } });
});

test.each([
  [{ model_type: 'bert' }, '"model_type" is "bert"'],
  [{}, '"model_type" is missing'],
  [[], 'must be a JSON object'],
  [{ model_type: 'llama', hidden_size: 0 }, '"hidden_size" must be a whole number above 0, not 0'],
  [{ model_type: 'llama', hidden_size: '64' }, '"hidden_size" must be a whole number above 0, not "64"'],
  [{ model_type: 'llama', hidden_size: 10, num_attention_heads: 3 }, 'does not divide hidden_size 10'],
  [{ model_type: 'llama', num_key_value_heads: 3 }, 'does not divide num_attention_heads 32'],
  [{ model_type: 'llama', rope_scaling: { rope_type: 'llama3', factor: 8 } }, '"rope_scaling.rope_type" is "llama3"'],
  [{ model_type: 'phi3', rope_scaling: { type: 'longrope' } }, '"rope_scaling.type" is "longrope"'],
  [{ model_type: 'phi3', partial_rotary_factor: 0.75 }, '"partial_rotary_factor" is 0.75'],
  [{ model_type: 'llama', attention_bias: true }, '"attention_bias" is true, which is not supported'],
  [{ model_type: 'clip', vision_config: { patch_size: 300 } }, '"vision_config.patch_size" is 300, larger than'],
  [{ model_type: 'clip', text_config: { hidden_act: 'mish' } }, '"text_config.hidden_act" is "mish"'],
  [{ model_type: 'llava', text_config: { model_type: 'qwen2' } }, '"text_config.model_type" is "qwen2"'],
])('a config that cannot be honoured is refused, naming the file and the key: %j', (json, message) => {
  expect(() => parse(json)).toThrow('model/config.json');
  expect(() => parse(json)).toThrow(message);
});

test('absent keys of encoders without a text tower take the defaults of transformers', () => {
  const base = {
    hidden: 768,
    layers: 12,
    heads: 12,
    intermediate: 3072,
    activation: 'gelu',
    imageSize: 224,
    channels: 3,
  };
  expect(parse({ model_type: 'dinov2' })).toMatchObject({
    family: 'dinov2',
    vision: { ...base, patchSize: 14, layerNormEps: 1e-6, registers: 0, gated: false, maskToken: true },
  });
  expect(parse({ model_type: 'dinov2_with_registers' })).toMatchObject({ vision: { patchSize: 16, registers: 4 } });
  for (const type of ['vit', 'vit_mae'])
    expect(parse({ model_type: type })).toMatchObject({
      family: 'vit',
      vision: { ...base, patchSize: 16, layerNormEps: 1e-12 },
    });
  // the width of SwiGLU as DINOv2-giant has it
  const giant = { model_type: 'dinov2', hidden_size: 1536, num_attention_heads: 24, use_swiglu_ffn: true };
  expect(parse(giant)).toMatchObject({ vision: { gated: true, intermediate: 4096 } });
  expect(() => parse({ model_type: 'vit', qkv_bias: false })).toThrow('"qkv_bias" is false, which is not supported');
});

test('an encoder without a text tower is written as it was read, in a LLaVA model too; MAE as the plain ViT that it is', () => {
  const small = { hidden_size: 32, num_attention_heads: 4, num_hidden_layers: 2, image_size: 42, patch_size: 7 };
  for (const more of [
    { model_type: 'dinov2', mlp_ratio: 2, use_mask_token: false },
    { model_type: 'dinov2_with_registers', num_register_tokens: 2, use_swiglu_ffn: true },
    { model_type: 'vit_mae', intermediate_size: 48, mask_ratio: 0.75 },
  ]) {
    const config = parse({ ...small, ...more });
    expect(parse(configJson(config))).toEqual(config);
    const llava = parse({ model_type: 'llava', text_config: {}, vision_config: { ...small, ...more } }) as LlavaConfig;
    expect({ vision: llava.vision }).toMatchObject({ vision: (config as { vision: object }).vision });
    expect(parse(configJson(llava))).toEqual(llava);
    const stretched = { ...llava, vision: { ...llava.vision, imageSize: 28 } };
    expect(parse(configJson(stretched))).toEqual(llava); // positions are stored for the trained size
  }
});
