import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readConfig } from '../data/checkpoint.ts';
import type { DecoderConfig, EncoderConfig, LlavaConfig, VisionOnlyConfig } from '../data/config.ts';
import { type TemplateName, templates } from '../data/template.ts';
import { decoderShapes } from '../nn/decoder.ts';
import { llavaShapes } from '../nn/llava.ts';
import { encoderShapes } from '../nn/pair.ts';
import type { Shapes } from '../nn/weights.ts';

type Checkpoint = Readonly<{
  /** config.json as it stands */
  json: Readonly<Record<string, unknown>>;
  shapes: Shapes;
  /** the conversation template that a training stage recorded */
  template?: TemplateName;
}>;

/** What a trained folder holds. */
export type Artifact =
  | Readonly<{ sort: 'adapter' }>
  | (Checkpoint &
      (
        | Readonly<{ sort: 'encoder'; config: EncoderConfig | VisionOnlyConfig }>
        | Readonly<{ sort: 'language-model'; config: DecoderConfig }>
        | Readonly<{ sort: 'model'; config: LlavaConfig }>
      ));

/** Whether a path looks like something that was trained, by the names of its files. */
export function isArtifact(path: string): boolean {
  return isAdapter(path) || (existsSync(join(path, 'config.json')) && hasOneOf(path, weightFiles));
}

/** A model may carry its adapter's file too. */
const isAdapter = (path: string): boolean => hasOneOf(path, adapterFiles) && !hasOneOf(path, weightFiles);

const adapterFiles = ['mm_projector.safetensors', 'mm_projector.bin'];
const weightFiles = [
  'model.safetensors',
  'model.safetensors.index.json',
  'pytorch_model.bin',
  'pytorch_model.bin.index.json',
];

const hasOneOf = (path: string, names: readonly string[]): boolean =>
  names.some((name) => existsSync(join(path, name)));

/** Reads what a folder says of itself. Throws ProblemError naming the file that is missing or wrong. */
export async function readArtifact(path: string): Promise<Artifact> {
  if (isAdapter(path)) return { sort: 'adapter' };
  const config = await readConfig(path);
  const json = JSON.parse(await readFile(join(path, 'config.json'), 'utf8')) as Checkpoint['json'];
  const template = (Object.keys(templates) as TemplateName[]).find((name) => name === json['conversation_template']);
  const shared = { json, ...(template === undefined ? {} : { template }) };
  switch (config.family) {
    case 'llava':
      return { sort: 'model', config, shapes: llavaShapes(config), ...shared };
    case 'clip':
    case 'siglip':
    case 'dinov2':
    case 'dinov2_with_registers':
    case 'vit':
      return { sort: 'encoder', config, shapes: encoderShapes(config), ...shared };
    default:
      return { sort: 'language-model', config, shapes: decoderShapes(config), ...shared };
  }
}
