import { describe, expect, test } from 'vitest';
import { depthOf, openOutput, styleOf } from '../../src/cli/output.ts';
import { parseSize } from '../../src/cli/size.ts';
import { sizeText } from '../../src/report/style.ts';

/** Only what openOutput reads of a stream. */
function stream(isTTY: boolean, columns?: number): NodeJS.WriteStream {
  return { isTTY, columns } as unknown as NodeJS.WriteStream;
}

describe('style', () => {
  test.each([
    [true, {}, 'colour'],
    [false, {}, 'plain'],
    [true, { NO_COLOR: '1' }, 'mono'],
    [false, { NO_COLOR: '1' }, 'plain'],
    [true, { NO_COLOR: '' }, 'colour'],
    [false, { FORCE_COLOR: '1' }, 'colour'],
    [false, { FORCE_COLOR: '1', NO_COLOR: '1' }, 'plain'],
    [true, { TERM: 'dumb' }, 'plain'],
    [true, { TERM: 'dumb', NO_COLOR: '1' }, 'plain'],
  ] as const)('on a terminal: %s, with %j: %s', (isTerminal, env, style) => {
    expect(styleOf(isTerminal, env)).toBe(style);
  });
});

test.each([
  [{ TERM: 'xterm-16color' }, 4],
  [{ TERM: 'linux' }, 4],
  [{ TERM: 'tmux-256color' }, 8],
  [{ TERM: 'tmux-256color', COLORTERM: 'truecolor' }, 24],
  [{ TERM: 'xterm-kitty' }, 24],
  [{ TERM: 'xterm-256color', TERM_PROGRAM: 'iTerm.app' }, 24],
  [{ FORCE_COLOR: '3' }, 24],
] as const)('pictures on a terminal with %j have colours of %i bits', (env, depth) => {
  expect(depthOf(env)).toBe(depth);
});

test('a passing line is taken away by whatever is written next, and never stands where nothing is redrawn', () => {
  let written = '';
  const terminal = (isTTY: boolean) =>
    ({ isTTY, columns: 12, write: (text: string) => (written += text) }) as unknown as NodeJS.WriteStream;
  const live = openOutput(terminal(true), terminal(true), {});
  live.passing('reading experiments/quickstart.yaml');
  expect(written).toBe('reading exp');
  live.err('no such file');
  live.out('the end');
  expect(written).toBe('reading exp\r\u001B[2Kno such file\nthe end\n');
  written = '';
  openOutput(terminal(false), terminal(false), {}).passing('reading');
  expect(written).toBe('');
});

describe('the window', () => {
  test('is asked for its width each time, for it may be resized', () => {
    const out = stream(true, 80);
    const output = openOutput(out, stream(true), {});
    expect(output.width).toBe(80);
    out.columns = 200;
    expect(output.width).toBe(200);
  });

  test('of a pipe is as wide as COLUMNS says, or as a log bears', () => {
    expect(openOutput(stream(false), stream(false), { COLUMNS: '72' }).width).toBe(72);
    expect(openOutput(stream(false), stream(false), {}).width).toBe(120);
  });

  test.each([
    [true, {}, true],
    [false, {}, false],
    [true, { CI: 'true' }, false],
    [true, { CI: 'false' }, true],
    [true, { TERM: 'dumb' }, false],
  ])('terminal: %s, with %j, is redrawn: %s', (isTTY, env, live) => {
    expect(openOutput(stream(isTTY, 80), stream(true), env).live).toBe(live);
  });
});

describe('sizes', () => {
  test.each([
    [0, '0 B'],
    [999, '999 B'],
    [1000, '1 kB'],
    [3_449_000, '3.4 MB'],
    [999_600, '1 MB'],
    [123_456_789_000, '123 GB'],
  ])('%i bytes are %s', (bytes, text) => expect(sizeText(bytes)).toBe(text));

  test.each([
    ['20GB', 20e9],
    ['500 MB', 5e8],
    ['1.5k', 1500],
    ['1073741824', 1073741824],
  ])('%s is %d bytes', (text, bytes) => expect(parseSize(text)).toBe(bytes));

  test.each(['', 'much', '-5MB', '5 XB'])('"%s" is none', (text) =>
    expect(() => parseSize(text)).toThrow('is no size'),
  );
});
