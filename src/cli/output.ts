import type { Depth } from '../report/labels/colours.ts';
import type { Style } from '../report/style.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** Where a command writes: text goes to `out`, problems and remarks to `err`. */
export type Output = Readonly<{
  out(text: string): void;
  err(text: string): void;
  /** a line that stands only until something else is written; where nothing is redrawn there is none. Empty: takes it away */
  passing(text: string): void;
  style: Style;
  errStyle: Style;
  /** of the colours of pictures, where style has colours at all */
  depth: Depth;
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
  const live = !plain && stdout.isTTY === true && env['TERM'] !== 'dumb' && !isSet(env['CI']);
  // asked for each time: a window may be resized during a run
  const width = (): number => (stdout.columns > 0 ? stdout.columns : fallback);
  let stands = false;
  const passing = (text: string): void => {
    if (stands) stdout.write('\r\u001B[2K');
    stands = live && text !== '';
    // a line that breaks could not be taken away
    if (stands) stdout.write(text.slice(0, width() - 1));
  };
  const writing = (stream: NodeJS.WriteStream) => (text: string) => {
    passing('');
    stream.write(`${text}\n`);
  };
  return {
    out: writing(stdout),
    err: writing(stderr),
    passing,
    style: plain ? 'plain' : styleOf(stdout.isTTY === true, env),
    errStyle: plain ? 'plain' : styleOf(stderr.isTTY === true, env),
    depth: depthOf(env),
    get width() {
      return width();
    },
    live,
  };
}

/** https://no-color.org and the usual FORCE_COLOR; weight is no colour and stays. */
export function styleOf(isTerminal: boolean, env: Environment): Style {
  if (isSet(env['NO_COLOR'])) return isTerminal && env['TERM'] !== 'dumb' ? 'mono' : 'plain';
  if (isSet(env['FORCE_COLOR'])) return 'colour';
  return isTerminal && env['TERM'] !== 'dumb' ? 'colour' : 'plain';
}

/** What the terminal says of itself; tmux and ssh pass on less than it can, so that 16 colours are the least. */
export function depthOf({ COLORTERM = '', TERM = '', TERM_PROGRAM = '', FORCE_COLOR = '' }: Environment): Depth {
  if (
    /^(truecolor|24bit)$/.test(COLORTERM) ||
    FORCE_COLOR === '3' ||
    /direct|kitty|ghostty|alacritty|wezterm|foot/.test(TERM)
  )
    return 24;
  if (/^(iTerm\.app|WezTerm|ghostty|vscode)$/.test(TERM_PROGRAM)) return 24;
  return /256/.test(TERM) || FORCE_COLOR === '2' ? 8 : 4;
}

function isSet(value: string | undefined): boolean {
  return value !== undefined && value !== '' && value !== '0' && value !== 'false';
}

export function json(value: unknown): string {
  return JSON.stringify(value, undefined, 2);
}
