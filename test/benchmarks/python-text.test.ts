import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  compareText,
  dumpJson,
  format,
  lower,
  numpyRound,
  parsePythonFloat,
  reprFloat,
  round,
  split,
  strip,
} from '../../src/benchmarks/python-text.ts';

describe('numbers print as in Python', () => {
  it.each([
    [40.625, 2, '40.62'],
    [78.125, 2, '78.12'],
    [0.3125, 3, '0.312'],
    [0.375, 2, '0.38'],
    [2.675, 2, '2.67'],
    [1e16, 2, '10000000000000000.00'],
    [-0.125, 2, '-0.12'],
    [-0, 1, '-0.0'],
    [9.995, 2, '9.99'],
    [0.5, 0, '0'],
    [1.5, 0, '2'],
  ])('%d with %d digits', (value, digits, text) => {
    expect(format(value, digits)).toBe(text);
  });

  it('rounds exact ties to even, in Python 2 away from zero, in numpy after scaling', () => {
    expect([round(15.625, 2), round(15.625, 2, true)]).toEqual([15.62, 15.63]);
    expect([round(0.35, 1), numpyRound(0.35, 1)]).toEqual([0.3, 0.4]);
    expect([numpyRound(46.25, 1), numpyRound(-0.25, 1), numpyRound(62.5, 0)]).toEqual([46.2, -0.2, 62]);
  });

  it('never differs from the exact value by more than half a unit', () => {
    fc.assert(
      fc.property(fc.double({ min: -1e6, max: 1e6, noNaN: true }), fc.integer({ min: 0, max: 6 }), (value, digits) => {
        const unit = 10 ** -digits;
        expect(Math.abs(Number(format(value, digits)) - value)).toBeLessThanOrEqual(unit / 2 + 1e-9);
      }),
    );
  });

  it.each([
    [55, '55.0'],
    [0.1, '0.1'],
    [1e-5, '1e-05'],
    [0.0001, '0.0001'],
    [1e16, '1e+16'],
    [123456789012345680, '1.2345678901234568e+17'],
    [-2.5, '-2.5'],
    [1000, '1000.0'],
    [Number.NaN, 'nan'],
  ])('%d shows as repr() shows it', (value, text) => {
    expect(reprFloat(value)).toBe(text);
  });

  it('shows every double so that it reads back', () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (value) => {
        expect(Number(reprFloat(value))).toBe(value);
      }),
    );
  });
});

describe('texts read as Python reads them', () => {
  it.each([
    ['.5', 0.5],
    ['5.', 5],
    ['+0.3', 0.3],
    ['1e-1', 0.1],
    ['0.5_0', 0.5],
    ['\uff10.\uff15', 0.5],
    [' 1\n', 1],
    ['nan', Number.NaN],
    ['-Infinity', -Infinity],
    ['\u20031\u0085', 1],
    ['1\u001c', undefined],
    ['1__0', undefined],
    ['_1', undefined],
    ['', undefined],
    ['.', undefined],
    ['0x10', undefined],
    ['1e', undefined],
  ])('float(%j)', (text, value) => {
    expect(parsePythonFloat(text)).toEqual(value);
  });

  it('splits at the separators that \\s misses and not at the byte order mark', () => {
    expect(split('a\u001cb\u0085c\u00a0d\u3000e')).toEqual(['a', 'b', 'c', 'd', 'e']);
    expect(strip('\ufeff x \u001f')).toBe('\ufeff x');
    expect(split(' \t\n')).toEqual([]);
  });

  it('splits and joins back to the words', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(split(split(text).join(' '))).toEqual(split(text));
      }),
    );
  });

  it('lower-cases whole words in Python 3, single characters in Python 2', () => {
    expect(lower('ΟΔΟΣ')).toBe('οδος');
    expect(lower('ΟΔΟΣ', true)).toBe('οδοσ');
    expect([lower('\u0130'), lower('\u0130', true), lower('Straße')]).toEqual(['i\u0307', 'i', 'straße']);
  });

  it('orders by code point', () => {
    expect(['\ufb01', '\u{1f600}', 'b', 'B', 'ba'].sort(compareText)).toEqual(['B', 'b', 'ba', '\ufb01', '\u{1f600}']);
  });
});

describe('json.dumps', () => {
  it('writes its separators and escapes everything beyond ASCII', () => {
    expect(dumpJson([{ image: 'é\u007f😀', answer: 'a"b\n' }])).toBe(
      '[{"image": "\\u00e9\\u007f\\ud83d\\ude00", "answer": "a\\"b\\n"}]',
    );
  });

  it('indents', () => {
    expect(dumpJson({ a: [1, 2], b: {}, c: [] }, 2)).toBe('{\n  "a": [\n    1,\n    2\n  ],\n  "b": {},\n  "c": []\n}');
  });
});
