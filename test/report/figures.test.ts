import { describe, expect, test } from 'vitest';
import { formatFigureCsv } from '../../src/report/figures/csv.ts';
import { makeFigure } from '../../src/report/figures/figure.ts';
import { palette } from '../../src/report/figures/look.ts';
import { figureSvg, svgDocument } from '../../src/report/figures/svg.ts';
import { formatFigure } from '../../src/report/figures/text.ts';
import { makeTable } from '../../src/report/table.ts';
import type { FigureSpec } from '../../src/spec/experiment.ts';
import { example, type Numbers, paperTable3, threeSeeds } from './example.ts';

const rows = ['Baseline', '+Finetune VE', '+SEA'];

function draw(changes: Partial<FigureSpec> = {}, numbers: Numbers = threeSeeds) {
  const { experiment, spec, readings } = example(numbers, { reference: paperTable3 });
  const { baseline: _, ...table } = spec;
  const whole: FigureSpec = {
    ...{ name: 'one', title: 'Scores <by> row', mark: 'bars', table, show: ['VQAv2', 'TextVQA'], rows, levels: [] },
    ...{ y: { label: 'Score', unit: '%' }, spread: 'sd', paper: false },
    ...changes,
  };
  return { figure: makeFigure(experiment, whole, readings), table: makeTable(experiment, spec, readings), spec };
}

const differences = (numbers?: Numbers) => {
  const { spec } = example(threeSeeds);
  return draw({ table: spec, spread: 'interval', rows: ['+SEA'], show: ['VQAv2', 'Avg'] }, numbers);
};

describe('what a figure draws', () => {
  test('are the numbers of the table, with their spread over seeds', () => {
    const { figure, table } = draw();
    expect(figure.points).toHaveLength(6);
    for (const { row, column, value, low, high, sd } of figure.points) {
      const at = table.columns.findIndex(({ label }) => label === column);
      const cell = table.rows.find(({ name }) => name === row)?.cells[at];
      expect([value, sd]).toEqual([cell?.mean, cell?.sd]);
      expect([low, high]).toEqual([(cell?.mean ?? 0) - (cell?.sd ?? 0), (cell?.mean ?? 0) + (cell?.sd ?? 0)]);
    }
  });

  test('are the differences of the table and their intervals, where it has a baseline', () => {
    const { figure, table } = differences();
    const sea = table.rows.find(({ name }) => name === '+SEA');
    expect(figure.points.map(({ value, low, high }) => [value, low, high])).toEqual(
      [0, 3].map((at) => {
        const delta = sea?.cells[at]?.delta;
        return [delta?.mean, delta?.interval?.low, delta?.interval?.high];
      }),
    );
    expect(figure.y.label).toBe('Score, difference to Baseline');
    expect(figure.notes[0]).toContain('paired t test over the seeds 1, 2, 3');
  });

  test('has the 95 % interval of a mean where that is asked for', () => {
    // three values, two degrees of freedom: t = 4.303
    const [point] = draw({ spread: 'interval' }).figure.points;
    expect((point?.high ?? 0) - (point?.value ?? 0)).toBeCloseTo((4.3027 * 0.6) / Math.sqrt(3), 3);
  });

  test('has no spread of one measurement, and nothing where nothing is measured', () => {
    const { figure } = draw(
      { show: ['VQAv2'] },
      { Baseline: { VQAv2: [50] }, '+Finetune VE': { VQAv2: ['missing'] }, '+SEA': { VQAv2: ['failed'] } },
    );
    expect(figure.points.map(({ value, low }) => [value, low])).toEqual([
      [50, undefined],
      [undefined, undefined],
      [undefined, undefined],
    ]);
    expect(figure.notes).toContain('– not drawn, not measured yet: +Finetune VE');
    expect(figure.notes).toContain('– not drawn, failed: +SEA');
  });

  test("has the paper's numbers beside ours when asked", () => {
    expect(draw({ paper: true }).figure.points[0]?.paper).toBe(78.8);
    expect(draw().figure.points[0]?.paper).toBeUndefined();
  });
});

describe('a stale number', () => {
  const old: Numbers = { ...threeSeeds, '+SEA': { VQAv2: ['56', '57', '58'], TextVQA: [25, 26, 27], GQA: [1, 2, 3] } };

  test('is drawn hollow and told, as SVG and as text', async () => {
    const { figure } = draw({}, old);
    const svg = await figureSvg(figure);
    expect(svg).toContain('>57.0~</text>');
    expect(svg.match(/stroke-dasharray="3,2"/g)).toHaveLength(1);
    const text = formatFigure(figure, { width: 100, style: 'plain' });
    expect(text).toMatch(/\+SEA .*○.* 57\.0~ ±1\.0$/m);
    expect(text).toContain('~ hollow, stale: measured before its stages changed');
  });

  test('has no difference to draw', () => {
    const { figure } = differences(old);
    expect(figure.points[0]).toMatchObject({ column: 'VQAv2', state: 'stale' });
    expect(figure.points[0]?.value).toBeUndefined();
    expect(figure.notes).toContain('– not drawn, stale: +SEA');
  });
});

describe('as SVG', () => {
  test('it shows every number, name and title, and fetches nothing', async () => {
    const { figure } = draw({ paper: true });
    const svg = await figureSvg(figure);
    for (const text of ['55.0', '56.9', 'VQAv2', 'TextVQA', '+SEA', 'Score (%)'])
      expect(svg).toContain(`>${text}</text>`);
    expect(svg).toContain('<title>Scores &lt;by&gt; row</title>');
    expect(svg).not.toMatch(/url\(|<image|<script|href="(?!#)|NaN|undefined/);
  });

  test('bars stand in proportion to the numbers, from zero', async () => {
    const { figure } = draw({ show: ['VQAv2'], rows: ['Baseline', '+SEA'] });
    const widths = Array.from(
      (await figureSvg(figure)).matchAll(/roledescription="bar" d="M([\d.]+),[\d.]+h([\d.]+)/g),
      ([, , width]) => Number(width),
    );
    const [ours, theirs] = figure.points.map(({ value }) => value ?? 0);
    expect((widths[0] ?? 0) / (widths[1] ?? 1)).toBeCloseTo((ours ?? 0) / (theirs ?? 1), 2);
  });

  test('lines stand in proportion to x', async () => {
    const series = [{ name: 'all', points: rows.map((row, at) => ({ row, at: [10, 20, 40][at] as number })) }];
    const { figure } = draw({
      mark: 'lines',
      series,
      rows: [],
      show: ['VQAv2'],
      x: { path: 'a.b', label: 'Steps', log: false },
    });
    const svg = await figureSvg(figure);
    const path = /aria-roledescription="line mark"[^>]* d="M([\d.]+),[\d.-]+L([\d.]+),[\d.-]+L([\d.]+),/.exec(svg);
    const [a = 0, b = 0, c = 0] = path?.slice(1).map(Number) ?? [];
    expect((c - b) / (b - a)).toBeCloseTo(2, 2);
    expect(svg).toContain('>Steps</text>');
  });

  test('it is the same, byte for byte, when nothing has changed', async () => {
    expect(await figureSvg(draw().figure)).toBe(await figureSvg(draw().figure));
  });

  test('as a file it has a ground of its own', async () => {
    expect(svgDocument(await figureSvg(draw().figure))).toMatch(
      /^<svg [^>]*color="#1b1b1a"><rect [^>]*fill="#ffffff"\/>/,
    );
  });

  test.each(palette)('%s stands out on light and on dark ground', (colour) => {
    expect(contrast(colour, '#fdfdfb')).toBeGreaterThan(3);
    expect(contrast(colour, '#181816')).toBeGreaterThan(3);
  });
});

test('as text it is a strip a mean, within the window', () => {
  const text = formatFigure(draw({ paper: true }).figure, { width: 72, style: 'plain' });
  expect(Math.max(...text.split('\n').map((line) => line.length))).toBeLessThanOrEqual(72);
  expect(text).toMatchInlineSnapshot(`
    "Scores <by> row
    Score (%)
                   0                                       85.3
    VQAv2
      Baseline     ━━━━━━━━━━━━━━━━━━━━━━━━━━━├●           ◆     55.0 ±0.6
      +Finetune VE ━━━━━━━━━━━━━━━━━━━━━━━━━━━├●           ◆     54.7 ±0.6
      +SEA         ━━━━━━━━━━━━━━━━━━━━━━━━━━━━├●           ◆    56.9 ±0.4
    TextVQA
      Baseline     ━━━━━━━━━━━━├●               ◆                25.3 ±1.0
      +Finetune VE ━━━━━━━━━━━━├●                ◆               25.4 ±0.6
      +SEA         ━━━━━━━━━━━━━●┤               ◆               26.2 ±1.1
    mean ± sd over the seeds 1, 2, 3
    ◆ the paper's: arXiv 2408.11813v1, Table 3
    tensorflow 2.21.0 cpu · 34 of 36 stages · 1 m 25 s of work"
  `);
});

test('as CSV it is a line a mean, numbers unrounded, with the seeds', () => {
  const lines = formatFigureCsv(draw({ show: ['VQAv2'] }).figure).split('\r\n');
  expect(lines).toHaveLength(4);
  expect(lines.slice(0, 2)).toMatchInlineSnapshot(`
    [
      "panel,series,group,row,column,state,value,low,high,sd,n,of,paper,values",
      ",,Baseline,Baseline,VQAv2,measured,55,54.4,55.6,0.6000000000000014,3,3,,1:55 2:54.4 3:55.6",
    ]
  `);
});

function contrast(one: string, other: string): number {
  const [light = 0, dark = 0] = [luminance(one), luminance(other)].sort((a, b) => b - a);
  return (light + 0.05) / (dark + 0.05);
}

function luminance(colour: string): number {
  const [r = 0, g = 0, b = 0] = [1, 3, 5].map((at) => {
    const value = Number.parseInt(colour.slice(at, at + 2), 16) / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}
