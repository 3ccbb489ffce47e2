import { describe, expect, test } from 'vitest';
import { stacked, type Write } from '../../src/ui/stacked.ts';

const write = (x: number, y: number, text: string, ...transformers: Write['transformers']): Write => ({
  ...{ x, y, text, transformers },
});

describe('a frame of texts beneath one another', () => {
  test('is their lines, each at its place, without the spaces at their ends', () => {
    expect(stacked([write(0, 0, 'one\ntwo  '), write(2, 3, '\u001B[2mfour\u001B[22m')], 5)).toBe(
      'one\ntwo\n\n  \u001B[2mfour\u001B[22m\n',
    );
  });

  test('has what the boxes around a text do to its lines', () => {
    const number = (line: string, index: number) => `${index + 1} ${line}`;
    expect(stacked([write(0, 0, 'one\ntwo', number)], 2)).toBe('1 one\n2 two');
  });

  test('ends at its lower edge', () => {
    expect(stacked([write(0, 1, 'one\ntwo\nthree')], 2)).toBe('\none');
  });

  test('is left to Ink where two texts share a line', () => {
    expect(stacked([write(0, 0, 'left'), write(10, 0, 'right')], 1)).toBeUndefined();
  });
});
