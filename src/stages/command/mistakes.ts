import { suggest } from '../../problem.ts';
import type { Mistake } from '../kind.ts';
import type { Params } from './kind.ts';

/** Names in a command that stand for the paths of ports. */
export const placeholder = /\{(input|output)\.([A-Za-z0-9_-]+)\}|\{scratch\}/g;

/** Ports that are named but not there, and what no program can be given. */
export function commandMistakes({ run, outputs, metrics, env }: Params, inputs: readonly string[]): readonly Mistake[] {
  const ports = { input: inputs, output: outputs };
  const named = [...run.matchAll(placeholder)].flatMap(([text, side, name = '']): readonly Mistake[] => {
    const valid = side === undefined ? undefined : ports[side as keyof typeof ports];
    if (valid === undefined || valid.includes(name)) return [];
    return [{ path: ['run'], message: `names ${text}, and there is no ${side} "${name}"`, hint: suggest(name, valid) }];
  });
  const kept =
    metrics === undefined || outputs.includes(metrics)
      ? []
      : [{ path: ['metrics'], message: `there is no output "${metrics}"`, hint: suggest(metrics, outputs) }];
  const passed = Object.entries(env).flatMap(([name, value]): readonly Mistake[] => {
    const path = ['env', name];
    if (name === '' || /[=\0]/.test(name))
      return [{ path, message: `${JSON.stringify(name)} cannot name an environment variable` }];
    return value.includes('\0') ? [{ path, message: 'text with U+0000 cannot be passed to a program' }] : [];
  });
  const ended = run.includes('\0') ? [{ path: ['run'], message: 'a command cannot hold U+0000' }] : [];
  return [...named, ...kept, ...passed, ...ended];
}
