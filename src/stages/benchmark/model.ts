import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { loadWeights, readConfigOf, readStopIds } from '../../data/checkpoint.ts';
import { type DecoderConfig, gridSide, type LlavaConfig } from '../../data/config.ts';
import { checkTemplate, stopIds } from '../../data/conversation.ts';
import { type Preprocessor, readPreprocessor } from '../../data/preprocess.ts';
import { type TemplateName, templates } from '../../data/template.ts';
import { loadTokenizer, type Tokenizer } from '../../data/tokenizer.ts';
import { decoderShapes } from '../../nn/decoder.ts';
import { LLAVA_PARTS, llavaShapes } from '../../nn/llava.ts';
import { type Weights, within } from '../../nn/weights.ts';
import { ProblemError } from '../../problem.ts';

/** A model that can be asked; one without eyes is asked about text only. */
export type Asked = Readonly<{
  decoder: DecoderConfig;
  /** of the language model alone */
  language: Weights;
  tokenizer: Tokenizer;
  template: TemplateName;
  stop: readonly number[];
  vision?: Readonly<{ config: LlavaConfig; weights: Weights; how: Preprocessor; tokens: number }>;
}>;

/** Loads a LLaVA folder or a language model's; `stated` overrides the conversation template the model was tuned with. */
export async function loadAsked(
  folder: string,
  type: 'model' | 'language-model',
  stated: TemplateName | undefined,
): Promise<{ asked: Asked; dispose(): void }> {
  const tokenizer = await loadTokenizer(folder);
  const template = stated ?? (await recordedTemplate(folder));
  checkTemplate(tokenizer, template);
  if (type === 'language-model') {
    const decoder = await readConfigOf(folder, type);
    const language = await loadWeights(folder, { expect: decoderShapes(decoder) });
    const stop = await allStops(folder, decoder, tokenizer, template);
    return { asked: { decoder, language, tokenizer, template, stop }, dispose: () => tf.dispose(language) };
  }
  const config = await readConfigOf(folder, type);
  const weights = await loadWeights(folder, { expect: llavaShapes(config) });
  const vision = { config, weights, how: await readPreprocessor(folder), tokens: visualTokenCount(config) };
  const stop = await allStops(folder, config.text, tokenizer, template);
  const language = within(weights, LLAVA_PARTS.language);
  return {
    asked: { decoder: config.text, language, tokenizer, template, stop, vision },
    dispose: () => tf.dispose(weights),
  };
}

function visualTokenCount({ vision, featureSelect }: LlavaConfig): number {
  return gridSide(vision) ** 2 + (featureSelect === 'full' && vision.family === 'clip' ? 1 : 0);
}

async function allStops(
  folder: string,
  config: DecoderConfig,
  tokenizer: Tokenizer,
  template: TemplateName,
): Promise<readonly number[]> {
  return [...new Set([...stopIds(tokenizer, template), ...(await readStopIds(folder, config))])];
}

/** The template that `finetune` recorded in config.json; other programs' checkpoints do not say. */
async function recordedTemplate(folder: string): Promise<TemplateName> {
  const config = JSON.parse(await readFile(join(folder, 'config.json'), 'utf8')) as {
    seagraph?: { conversation?: string };
  };
  const name = config.seagraph?.conversation;
  if (name !== undefined && name in templates) return name as TemplateName;
  throw new ProblemError({
    code: 'no-conversation',
    message: 'the checkpoint does not say which conversation template it was tuned with',
    hint: `write conversation: ${Object.keys(templates).join(' | ')}`,
  });
}
