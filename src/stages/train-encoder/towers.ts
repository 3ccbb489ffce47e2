import type { EncoderConfig, TextConfig, VisionConfig } from '../../data/config.ts';
import type { Params } from './kind.ts';

/** The ids that the text tower's tokenizer gives its markers. The end of text is the last id: id 2 means "arg-max" in CLIP. */
export type Markers = Readonly<{ vocab: number; bos: number; eos: number; pad: number }>;

/** transformers' configuration of both towers. */
export function encoderConfig(params: Params, { vocab, bos, eos, pad }: Markers): EncoderConfig {
  const { family, imageSize, patchSize, vision, text } = params;
  const projection = family === 'clip' ? params.projection : vision.hidden;
  const activation = family === 'clip' ? 'quick_gelu' : 'gelu_pytorch_tanh';
  const common = { activation, layerNormEps: 1e-5, projection } as const;
  const image: VisionConfig = { family, ...vision, ...common, imageSize, patchSize, channels: 3 };
  const { positions, ...rest } = text;
  const words: TextConfig = { family, ...rest, ...common, vocab, positions, bos, eos, pad };
  return { family, vision: image, text: words, projection, dtype: 'float32' } as EncoderConfig;
}
