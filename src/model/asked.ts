import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { loadWeights, readConfigOf, readStopIds } from '../data/checkpoint.ts';
import type { DecoderConfig, LlavaConfig } from '../data/config.ts';
import { checkTemplate, stopIds } from '../data/conversation.ts';
import { atInputSize, magnified } from '../data/input-size.ts';
import { type Preprocessor, readPreprocessor } from '../data/preprocess.ts';
import { type TemplateName, templates } from '../data/template.ts';
import { loadTokenizer, type Tokenizer } from '../data/tokenizer.ts';
import { checkImageToken } from '../data/vocabulary.ts';
import { decoderShapes } from '../nn/decoder.ts';
import { LLAVA_PARTS, llavaShapes, visualTokenCount } from '../nn/llava.ts';
import { type Weights, within } from '../nn/weights.ts';
import { ProblemError } from '../problem.ts';

/** What a LLaVA model sees with; `tokens` is the length of an image in a prompt. */
export type Eyes = Readonly<{ config: LlavaConfig; weights: Weights; how: Preprocessor; tokens: number }>;

/** A model that can be asked; one without eyes is asked about text only. */
export type Asked = Readonly<{
  decoder: DecoderConfig;
  /** of the language model alone */
  language: Weights;
  /** of the whole model; the caller disposes them */
  weights: Weights;
  tokenizer: Tokenizer;
  template: TemplateName;
  /** ids that end an answer */
  stop: readonly number[];
  eyes?: Eyes;
}>;

/** Loads a LLaVA folder or a language model's; `stated` overrides the conversation template the model was tuned with. */
export async function loadAsked(
  folder: string,
  type: 'model' | 'language-model',
  stated: TemplateName | undefined,
): Promise<Asked> {
  const tokenizer = await loadTokenizer(folder);
  const template = stated ?? (await recordedTemplate(folder));
  checkTemplate(tokenizer, template);
  if (type === 'language-model') {
    const decoder = await readConfigOf(folder, type);
    const stop = await allStops(folder, decoder, tokenizer, template);
    const weights = await loadWeights(folder, { expect: decoderShapes(decoder) });
    return { decoder, language: weights, weights, tokenizer, template, stop };
  }
  const written = await readConfigOf(folder, type);
  checkImageToken(folder, written, tokenizer);
  const own = await readPreprocessor(folder);
  const config = { ...written, vision: atInputSize(written.vision, own) };
  const how = magnified(own, Math.max(...(config.scales ?? [1])));
  const stop = await allStops(folder, config.text, tokenizer, template);
  const weights = await loadWeights(folder, { expect: llavaShapes(config) });
  const eyes = { config, weights, how, tokens: visualTokenCount(config) };
  const language = within(weights, LLAVA_PARTS.language);
  return { decoder: config.text, language, weights, tokenizer, template, stop, eyes };
}

/** What the template and the checkpoint say, together: either may know only one of several. */
async function allStops(
  folder: string,
  config: DecoderConfig,
  tokenizer: Tokenizer,
  template: TemplateName,
): Promise<readonly number[]> {
  return [...new Set([...stopIds(tokenizer, template), ...(await readStopIds(folder, config))])];
}

/** The template that our training stages record in config.json; other programs' checkpoints do not say. */
async function recordedTemplate(folder: string): Promise<TemplateName> {
  const config = JSON.parse(await readFile(join(folder, 'config.json'), 'utf8')) as { conversation_template?: unknown };
  const known = Object.keys(templates) as TemplateName[];
  const name = known.find((one) => one === config.conversation_template);
  if (name !== undefined) return name;
  throw new ProblemError({
    code: 'no-conversation',
    message: `${folder}/config.json does not say which conversation template the model was tuned with`,
    hint: `write conversation: ${known.join(' | ')} (sea ask: --conversation)`,
  });
}

/** Stands for a visual token in ids; one that no text has. */
export function imageToken({ eyes, decoder }: Asked): number {
  return eyes?.config.imageToken ?? decoder.vocab;
}
