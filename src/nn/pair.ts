import type { EncoderConfig } from '../data/config.ts';
import { textShapes } from './text.ts';
import { visionShapes } from './vit.ts';
import type { Shapes } from './weights.ts';

/** Parameter names and shapes of a whole CLIPModel or SiglipModel. */
export function pairShapes(config: EncoderConfig): Shapes {
  const scale: Shapes = config.family === 'clip' ? { logit_scale: [] } : { logit_scale: [1], logit_bias: [1] };
  return { ...visionShapes(config.vision), ...textShapes(config.text), ...scale };
}
