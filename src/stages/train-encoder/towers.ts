import type { EncoderConfig, TextConfig, Transformer, VisionConfig } from '../../data/config.ts';
import { type Problem, ProblemError } from '../../problem.ts';
import type { Params } from './kind.ts';

/** The ids that the text tower's tokenizer gives its markers. The end of text is the last id: id 2 means "arg-max" in CLIP. */
export type Markers = Readonly<{ vocab: number; bos: number; eos: number; pad: number }>;

/** transformers' configuration of both towers. Throws ProblemError with every size that does not fit. */
export function encoderConfig(params: Params, { vocab, bos, eos, pad }: Markers): EncoderConfig {
  const { family, imageSize, patchSize, vision, text } = params;
  const projection = family === 'clip' ? params.projection : vision.hidden;
  const activation = family === 'clip' ? 'quick_gelu' : 'gelu_pytorch_tanh';
  const common = { activation, layerNormEps: 1e-5, projection } as const;
  const image: VisionConfig = { family, ...vision, ...common, imageSize, patchSize, channels: 3 };
  const { positions, ...rest } = text;
  const words: TextConfig = { family, ...rest, ...common, vocab, positions, bos, eos, pad };
  const problems = [...headProblems('vision', image), ...headProblems('text', words), ...sizeProblems(params)];
  if (problems.length > 0) throw new ProblemError(...problems);
  return { family, vision: image, text: words, projection, dtype: 'float32' } as EncoderConfig;
}

function headProblems(tower: string, { hidden, heads }: Transformer): readonly Problem[] {
  return hidden % heads === 0
    ? []
    : [unfit(`${tower}.heads is ${heads}, which does not divide ${tower}.hidden ${hidden}`)];
}

function sizeProblems({ family, imageSize, patchSize, projection, vision, text }: Params): readonly Problem[] {
  const problems: Problem[] = [];
  if (patchSize > imageSize) problems.push(unfit(`patchSize ${patchSize} is larger than imageSize ${imageSize}`));
  const narrowest = Math.min(vision.hidden, text.hidden);
  // the mean of the joint space is taken out of the norms before the projections, which must reach all of it
  if (family === 'clip' && projection > narrowest)
    problems.push(unfit(`projection ${projection} is wider than the narrower tower, ${narrowest}`));
  return problems;
}

const unfit = (message: string): Problem => ({ code: 'unfit-architecture', message });
