import type { Json } from '../hash.ts';
import type { LlavaConfig } from './config.ts';
import { IMAGE_MARK } from './template.ts';

/** processor_config.json of a LLaVA model: how long an image is in a prompt. SigLIP has no class token. */
export function llavaProcessorJson({ vision, featureSelect }: LlavaConfig): { readonly [key: string]: Json } {
  return {
    processor_class: 'LlavaProcessor',
    image_token: IMAGE_MARK,
    patch_size: vision.patchSize,
    num_additional_image_tokens: vision.family === 'clip' ? 1 : 0,
    vision_feature_select_strategy: featureSelect,
  };
}
