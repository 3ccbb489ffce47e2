import { basename, join } from 'node:path';
import { type Known, moving, type Priced, type Shape } from '../../cost/shape.ts';
import { bytesOf } from '../../cost/sizes.ts';
import type { ModelConfig } from '../../data/config.ts';
import { parseConfig } from '../../data/config-parse.ts';
import { ProblemError } from '../../problem.ts';
import type { Params } from './kind.ts';

/** Reads config.json: the folder's own, else the one to plan with. */
export function checkpointCost({ path, type, config }: Params, known: Known): Priced {
  const own = join(path, 'config.json');
  const file = known.text(own) === undefined && config !== undefined ? config : own;
  const text = known.text(file);
  const shape = text === undefined ? undefined : shapeOf(parseConfig(readJson(text, file), file), type);
  if (shape === undefined) return { outputs: {} };
  const bytes = bytesOf(shape);
  const assumed = file === own ? {} : { assumed: `the shapes in ${basename(file)}` };
  return { work: moving(bytes, bytes), outputs: { checkpoint: shape }, ...assumed };
}

function readJson(text: string, file: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new ProblemError({ code: 'bad-config', message: `${file} is not JSON: ${(error as Error).message}` });
  }
}

/** undefined where the configuration is of another type than the stage says, which running it will tell. */
function shapeOf(config: ModelConfig, type: Params['type']): Shape | undefined {
  switch (config.family) {
    case 'llava':
      return type === 'model'
        ? {
            type,
            of: { vision: config.vision, layer: config.featureLayer, scales: config.scales ?? [1], text: config.text },
          }
        : undefined;
    case 'llama':
    case 'gemma':
    case 'phi3':
      return type === 'language-model' ? { type, of: config } : undefined;
    default:
      return type === 'encoder' ? { type, of: config } : undefined;
  }
}
