import { describe, expect, it } from 'vitest';
import type { Problem } from '../../src/problem.ts';
import { frame, frames } from '../../src/spec/frame.ts';

const at = (line: number, column: number): Problem => ({
  code: 'bad',
  message: 'no good',
  at: { file: 'x.yaml', line, column },
});
const show = (problem: Problem, text: string | undefined, color = false) =>
  frame(problem, { color, source: () => text });

describe('a problem on the screen', () => {
  it('underlines the word at its place', () => {
    expect(show(at(2, 3), 'a:\n  word: 1\n')).toBe('x.yaml:2:3  bad  no good\n  2 |   word: 1\n    |   ^^^^');
  });

  it.each([
    ['a quoted text with its quotes', 'a: "b: c" # d', 4, 6],
    ['a plain text with spaces in it', 'a: two words, b', 4, 9],
    ['a reference with dots', 'a: { b: x.y }', 9, 3],
    ['a single mark', 'a: [1]', 4, 1],
    ['the end of a line', 'a:', 3, 1],
  ])('underlines %s', (_, line, column, width) => {
    const caret = show(at(1, column), line).split('\n').at(-1);
    expect(caret).toBe(`    | ${' '.repeat(column - 1)}${'^'.repeat(width)}`);
  });

  it('keeps tabs, so that the caret stands under the word', () => {
    expect(show(at(1, 2), '\ta: 1')).toBe('x.yaml:1:2  bad  no good\n  1 | \ta: 1\n    | \t^');
  });

  it('cuts a long line around its place', () => {
    const [, shown = '', caret = ''] = show(at(1, 301), `${'x '.repeat(150)}here${' y'.repeat(150)}`).split('\n');
    expect(shown.length).toBeLessThan(120);
    expect(shown.slice(caret.indexOf('^'))).toMatch(/^here/);
  });

  it('does without the line where the file cannot be read, and without a place', () => {
    expect(show({ ...at(9, 1), hint: 'do this' }, undefined)).toBe('x.yaml:9:1  bad  no good\n  = do this');
    expect(show({ code: 'no-file', message: 'cannot read y' }, undefined)).toBe('no-file  cannot read y');
  });

  it('is coloured only when asked', () => {
    const start = '\u001b[';
    expect(show(at(1, 1), 'a: 1')).not.toContain(start);
    expect(show(at(1, 1), 'a: 1', true)).toContain(`${start}31m^${start}0m`);
  });

  it('is counted with the others', () => {
    const options = { color: false, source: () => undefined };
    expect(frames([at(1, 1), at(2, 1)], options)).toBe(
      'x.yaml:1:1  bad  no good\n\nx.yaml:2:1  bad  no good\n\n2 problems',
    );
    expect(frames([at(1, 1)], options)).toContain('1 problem');
  });
});
