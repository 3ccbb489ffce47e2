import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { emptyCounts, type Histogram, histogramOf } from '../../../src/labels/histogram.ts';
import type { PatchWord, PictureLabels } from '../../../src/labels/picture.ts';
import { barsOf } from '../../../src/report/labels/bars.ts';
import { inkOn } from '../../../src/report/labels/colours.ts';
import { columnPlot } from '../../../src/report/labels/columns.ts';
import { figure6 } from '../../../src/report/labels/figure6.ts';
import { pictureSvg } from '../../../src/report/labels/picture-svg.ts';
import { formatPicture, gridLayout } from '../../../src/report/labels/picture-text.ts';
import { widthOf } from '../../../src/report/width.ts';

const escapes = new RegExp(`${String.fromCharCode(27)}\\[[0-9;]*m`, 'g');
const plain = { width: 80, style: 'plain' } as const;

/** Counts by the number of the bin, 50 being [0, 0.02). */
function histogram(filled: Readonly<Record<number, number>>): Histogram {
  const counts = emptyCounts();
  for (const [bin, count] of Object.entries(filled)) counts[Number(bin)] = count;
  return histogramOf(counts);
}

describe('a histogram', () => {
  test('is drawn from the first to the last filled bin, with zero and the marks, and loses no score', () => {
    const bars = barsOf(histogram({ 55: 30, 58: 10 }), [{ at: 0.3, text: 'peak' }], 100);
    expect([bars[0]?.from, bars.at(-1)?.to]).toEqual([0, 0.32]);
    expect(bars).toHaveLength(16);
    expect(bars[5]).toEqual({ from: 0.1, to: 0.12, share: 75 });
  });

  test.each([7, 13, 40, 100])('with at most %d bars has an edge at zero, and all scores in them', (most) => {
    const filled = Object.fromEntries(Array.from({ length: 100 }, (_, bin) => [bin, bin + 1]));
    const bars = barsOf(histogram(filled), [], most);
    expect(bars.length).toBeLessThanOrEqual(most);
    expect(bars.some(({ from }) => from === 0)).toBe(true);
    expect(bars.reduce((sum, { share }) => sum + share, 0)).toBeCloseTo(100, 8);
  });

  test('as columns has its highest bar, its axis and its mark where they belong', () => {
    const lines = columnPlot(histogram({ 45: 1, 50: 2, 60: 8 }), [{ at: 0.2, text: 'here' }], { ...plain, width: 42 });
    expect(lines.join('\n')).toBe(
      [
        ' 72.7 % ▕                              ██',
        '        ▕                              ██',
        '        ▕                              ██',
        '        ▕                              ██',
        '        ▕                              ██',
        '        ▕                              ██',
        '        ▕          ██                  ██',
        '        ▕██        ██                  ██',
        '         ┴─────────┴─────────┴─────────┴─',
        '       -0.1        0        0.1       0.2',
        '                                  here ▲',
      ].join('\n'),
    );
  });

  test.each([30, 80, 120])('never is wider than %d columns', (width) => {
    const all = histogram(Object.fromEntries(Array.from({ length: 100 }, (_, bin) => [bin, 1])));
    const lines = columnPlot(all, [{ at: 0.3, text: "the paper's peak" }], { width, style: 'colour' });
    expect(Math.max(...lines.map(widthOf))).toBeLessThanOrEqual(width);
  });

  test('stands beside what the paper says', () => {
    const paper = JSON.parse(readFileSync(resolve('experiments/paper/tables.json'), 'utf8')) as {
      figure6: Readonly<Record<string, number>>;
      'figure6 in %': readonly { scores: Readonly<Record<string, number>> }[];
    };
    const { share_of_scores_below_zero: below = 0, utilisation = 0, cluster, peak } = paper.figure6;
    expect(figure6).toMatchObject({ cluster, peak });
    expect(figure6.belowZero).toBeCloseTo(100 * below, 8);
    expect(figure6.utilisation).toBeCloseTo(100 * utilisation, 8);
    expect(paper['figure6 in %'][0]?.scores).toEqual({ 'Below zero': 32.7, 'Words used': 61.2 });
  });
});

const word = (text: string, score = 0.5): PatchWord => ({ word: text, score });

function labelled(rows: number, columns: number, wordsOf: (patch: number) => readonly PatchWord[]): PictureLabels {
  return {
    image: 'a<b>.jpg',
    grid: [rows, columns],
    patches: Array.from({ length: rows * columns }, (_, i) => wordsOf(i)),
  };
}

/** [height, width, 3] in one colour. */
const pixels = (width: number, height: number) => ({
  width,
  height,
  pixels: new Uint8Array(3 * width * height).fill(100),
});

describe('the words of a picture in the terminal', () => {
  test('stand in the cells of a grid that leaves room for them', () => {
    const labels = labelled(2, 2, (i) =>
      i === 3 ? [] : [word('grass'), word(['fish', 'extraordinarily', 'sea'][i] ?? '')],
    );
    expect(formatPicture(labels, undefined, plain)).toBe(
      [
        'a<b>.jpg',
        '2 x 2 patches, up to 3 words of each',
        '   1           2',
        '1  grass       grass',
        '   fish        ext…inarily',
        '',
        '',
        '2  grass',
        '   sea',
        '',
      ].join('\n'),
    );
  });

  test('are letters with a legend where it does not', () => {
    const names = Array.from({ length: 60 }, (_, i) => `word${i}`);
    const labels = labelled(24, 24, (i) => (i === 0 ? [] : [word(names[i < 400 ? 0 : i % 60] as string)]));
    const text = formatPicture(labels, undefined, plain);
    expect(Math.max(...text.split('\n').map(widthOf))).toBeLessThanOrEqual(80);
    expect(text).toContain('a word0 402');
    expect(text).toContain('· others (8) ');
    expect(text).toContain('no word: 1');
    const grid = text.split('\n').slice(3, 27).join('').replace(/\d/g, '');
    expect([...grid].filter((letter) => letter === 'a')).toHaveLength(402);
  });

  test.each([
    [8, 80],
    [14, 80],
    [24, 100],
    [27, 80],
  ])('over a picture take no more columns than without it: %d patches across in %d columns', (side, width) => {
    const labels = labelled(side, side, (i) => [word(i % 2 === 0 ? 'sea' : '海')]);
    const { across, lines } = gridLayout(labels.grid, width);
    const text = formatPicture(
      labels,
      { ...pixels(side * across, 2 * side * lines), depth: 24 },
      { width, style: 'colour' },
    );
    expect(Math.max(...text.split('\n').map(widthOf))).toBeLessThanOrEqual(width);
    expect(text).toContain('48;2;100;100;100m▀');
    expect(text.replace(escapes, '')).toMatch(across >= 6 ? /sea▀*海/ : /[ab]▀*[ab]/);
    // every line ends without colour, or it would run on
    for (const line of text.split('\n').filter((one) => one.includes('▀')))
      expect(line.endsWith('\u001B[0m')).toBe(true);
  });

  test('stand on the nearest colours that the terminal has', () => {
    const [orange, sky] = [
      [250, 130, 10],
      [100, 100, 100],
    ] as const;
    expect(inkOn(orange, sky, 24)).toBe('\u001B[38;2;250;130;10;48;2;100;100;100m');
    expect(inkOn(orange, sky, 8)).toBe('\u001B[38;5;208;48;5;241m');
    expect(inkOn(orange, sky, 4)).toBe('\u001B[33;100m');
  });

  test('are refused with advice where a patch has no column', () => {
    expect(() => gridLayout([96, 96], 80)).toThrow('96 columns');
  });
});

describe('the words of a picture as SVG', () => {
  const labels = labelled(2, 3, (i) => [word('<sea> & "sky"', 0.25), word(`boat${i}`), word('c'), word('d')]);
  const svg = pictureSvg(labels, { uri: 'data:image/png;base64,AAAA', side: 16 }, 'about');

  test('hold the picture and need no other file', () => {
    expect(svg).toContain('<image href="data:image/png;base64,AAAA"');
    expect(svg.match(/(href|src|url)\s*[=(]/g)).toEqual(['href=']);
    expect(svg).toContain('image-rendering: pixelated');
  });

  test('have a cell for every patch that names all of its words, whatever signs they hold', () => {
    expect(svg.match(/<g class="patch"/g)).toHaveLength(6);
    expect(svg).toContain('row 2, column 3: &lt;sea&gt; &amp; &quot;sky&quot; 0.250, boat5 0.500, c 0.500, d 0.500');
    expect(svg).toContain('>a&lt;b&gt;.jpg<');
    expect(svg).not.toContain('<sea>');
  });
});
