import type { EncoderConfig, VisionOnlyConfig } from '../data/config.ts';
import { textShapes } from './text.ts';
import { towerShapes, visionShapes } from './vit.ts';
import type { Shapes } from './weights.ts';

/** Parameter names and shapes of a whole CLIPModel or SiglipModel. */
export function pairShapes(config: EncoderConfig): Shapes {
  const scale: Shapes = config.family === 'clip' ? { logit_scale: [] } : { logit_scale: [1], logit_bias: [1] };
  return { ...visionShapes(config.vision), ...textShapes(config.text), ...scale };
}

/** Parameter names and shapes of any encoder. */
export function encoderShapes(config: EncoderConfig | VisionOnlyConfig): Shapes {
  return 'text' in config ? pairShapes(config) : towerShapes(config.vision);
}
