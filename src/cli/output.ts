import type { Style } from '../report/style.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** Where a command writes: text goes to `out`, problems and remarks to `err`. */
export type Output = Readonly<{
  out(text: string): void;
  err(text: string): void;
  style: Style;
  errStyle: Style;
  /** columns of the window; a pipe has none and gets a line length that logs bear */
  width: number;
  /** true when a person sees redraws: a terminal that understands them, and no build server */
  live: boolean;
}>;

const pipeWidth = 120;

/** `plain`: as where there is no terminal, wherever it goes. */
export function openOutput(
  stdout: NodeJS.WriteStream,
  stderr: NodeJS.WriteStream,
  env: Environment,
  plain = false,
): Output {
  const columns = Number(env['COLUMNS']);
  const fallback = Number.isInteger(columns) && columns > 0 ? columns : stdout.isTTY === true ? 80 : pipeWidth;
  return {
    out: (text) => void stdout.write(`${text}\n`),
    err: (text) => void stderr.write(`${text}\n`),
    style: plain ? 'plain' : styleOf(stdout.isTTY === true, env),
    errStyle: plain ? 'plain' : styleOf(stderr.isTTY === true, env),
    // asked for each time: a window may be resized during a run
    get width() {
      return stdout.columns > 0 ? stdout.columns : fallback;
    },
    live: !plain && stdout.isTTY === true && env['TERM'] !== 'dumb' && !isSet(env['CI']),
  };
}

/** https://no-color.org and the usual FORCE_COLOR; weight is no colour and stays. */
export function styleOf(isTerminal: boolean, env: Environment): Style {
  if (isSet(env['NO_COLOR'])) return isTerminal && env['TERM'] !== 'dumb' ? 'mono' : 'plain';
  if (isSet(env['FORCE_COLOR'])) return 'colour';
  return isTerminal && env['TERM'] !== 'dumb' ? 'colour' : 'plain';
}

function isSet(value: string | undefined): boolean {
  return value !== undefined && value !== '' && value !== '0' && value !== 'false';
}

export function json(value: unknown): string {
  return JSON.stringify(value, undefined, 2);
}
