import type { Json } from '../hash.ts';
import type { LlavaConfig } from './config.ts';
import { IMAGE_MARK } from './template.ts';

/**
 * processor_config.json of a LLaVA model: how long an image is in a prompt. SigLIP has no class token; registers are not
 * counted, since transformers' LLaVA cannot drop them and then stops at the wrong number of tokens.
 */
export function llavaProcessorJson({ vision, featureSelect }: LlavaConfig): { readonly [key: string]: Json } {
  return {
    processor_class: 'LlavaProcessor',
    image_token: IMAGE_MARK,
    patch_size: vision.patchSize,
    num_additional_image_tokens: vision.family === 'siglip' ? 0 : 1,
    vision_feature_select_strategy: featureSelect,
  };
}
