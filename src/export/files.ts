import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { chatTemplate } from '../data/chat-template.ts';
import { readStopIds } from '../data/checkpoint.ts';
import type { DecoderConfig, LlavaConfig } from '../data/config.ts';
import { stopIds } from '../data/conversation.ts';
import { llavaPreprocessorJson, readPreprocessor } from '../data/preprocess.ts';
import { llavaProcessorJson } from '../data/processor.ts';
import { IMAGE_MARK, type TemplateName } from '../data/template.ts';
import { loadTokenizer } from '../data/tokenizer.ts';
import type { Artifact } from './artifact.ts';

const tokenizerFiles = [
  'tokenizer.json',
  'tokenizer_config.json',
  'special_tokens_map.json',
  'added_tokens.json',
  'tokenizer.model',
  'vocab.json',
  'vocab.txt',
  'merges.txt',
];

/** config.json as it stands, with the number format that the weights are written in. */
export async function writeConfig(
  to: string,
  { json }: Extract<Artifact, { json: unknown }>,
  dtype: string | undefined,
): Promise<void> {
  await writeJson(join(to, 'config.json'), dtype === undefined ? json : withDtype(json, dtype, true));
}

type Fields = Readonly<Record<string, unknown>>;

/** Every statement of the format, in the spelling that is there; one at the top where there is none. */
function withDtype(json: Fields, dtype: string, isTop: boolean): Fields {
  const spelt = ['dtype', 'torch_dtype'].filter((key) => key in json);
  const stated = spelt.length === 0 && isTop ? ['torch_dtype'] : spelt;
  const nested = ['text_config', 'vision_config'].filter((key) => isFields(json[key]));
  return {
    ...json,
    ...Object.fromEntries(stated.map((key) => [key, dtype])),
    ...Object.fromEntries(nested.map((key) => [key, withDtype(json[key] as Fields, dtype, false)])),
  };
}

const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** The tokenizer's files; with a template, that as chat template and its last tokens among those that end an answer. */
export async function writeText(
  from: string,
  to: string,
  template: TemplateName | undefined,
  decoder: DecoderConfig | undefined,
): Promise<void> {
  const tokenizer = await loadTokenizer(from); // what cannot be read is not handed on
  await copyPresent(from, to, tokenizerFiles);
  if (template === undefined) await copyPresent(from, to, ['chat_template.jinja', 'chat_template.json']);
  else await writeFile(join(to, 'chat_template.jinja'), chatTemplate(template));
  if (decoder === undefined) return;
  const own = await readStopIds(from, decoder);
  const stops = template === undefined ? own : [...new Set([...own, ...stopIds(tokenizer, template)])];
  const stated = await readJson(join(from, 'generation_config.json'));
  await writeJson(join(to, 'generation_config.json'), {
    ...(stated ?? { bos_token_id: decoder.bos ?? null, pad_token_id: decoder.pad ?? null }),
    eos_token_id: stops.length === 1 ? stops[0] : stops,
  });
}

/** What transformers' processor needs to make the very pixels and ids of our stages: padding to squares, image tokens. */
export async function writeProcessor(from: string, to: string, config: LlavaConfig): Promise<void> {
  const tokenizer = await loadTokenizer(from);
  tokenizer.idOf(IMAGE_MARK);
  await writeJson(join(to, 'preprocessor_config.json'), llavaPreprocessorJson(await readPreprocessor(from)));
  await writeJson(join(to, 'processor_config.json'), llavaProcessorJson(config));
}

/** Copies what is there; contents alone, for the store's files are read-only. */
export async function copyPresent(from: string, to: string, names: readonly string[]): Promise<void> {
  for (const name of names) {
    const bytes = await readFile(join(from, name)).catch(ignoreMissing);
    if (bytes !== undefined) await writeFile(join(to, name), bytes);
  }
}

async function readJson(file: string): Promise<Fields | undefined> {
  const text = await readFile(file, 'utf8').catch(ignoreMissing);
  return text === undefined ? undefined : (JSON.parse(text) as Fields);
}

function ignoreMissing(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT') throw error;
}

export async function writeJson(file: string, json: unknown): Promise<void> {
  await writeFile(file, `${JSON.stringify(json, null, 2)}\n`);
}
