import { describe, expect, test } from 'vitest';
import { formatCsv } from '../../src/report/csv.ts';
import { formatLatex } from '../../src/report/latex.ts';
import { formatMarkdown } from '../../src/report/markdown.ts';
import { makeTable } from '../../src/report/table.ts';
import { formatTerminal } from '../../src/report/terminal.ts';
import { example, type Numbers, oneSeed, paperTable3, threeSeeds } from './example.ts';

function read(numbers: Numbers, options: Parameters<typeof example>[1] = {}) {
  const { experiment, spec, readings } = example(numbers, options);
  return makeTable(experiment, spec, readings);
}

describe('Markdown', () => {
  test('marks best and second, with the paper in rows beneath', () => {
    expect(formatMarkdown(read(oneSeed, { reference: paperTable3 }))).toMatchInlineSnapshot(`
      "**Table 3 in mini**

      |  | VQAv2 | TextVQA | GQA | Avg |
      | :-- | --: | --: | --: | --: |
      | Baseline | <u>55.0</u> | 24.5 | 51.4 | 43.6 |
      | *paper* | 78.8 | 58.3 | 62.0 | 66.4 |
      | +Finetune VE | 54.6 (-0.4) | **25.1** (+0.6) | 51.4 (0.0) | <u>43.7</u> (+0.1) |
      | *paper* | 80.3 (+1.5) | 59.1 (+0.8) | 63.4 (+1.4) | 67.6 (+1.2) |
      | +SEA | **56.9** (+1.9) | <u>24.9</u> (+0.4) | **52.7** (+1.3) | **44.8** (+1.2) |
      | *paper* | 80.5 (+1.7) | 59.5 (+1.2) | 63.6 (+1.6) | 67.9 (+1.5) |

      - Δ against Baseline · bold: best · underlined: second
      - paper: arXiv 2408.11813v1, Table 3
      - +Finetune VE: 1 of 3 improve; paper: 3 of 3; the same sign in 1
      - +SEA: 3 of 3 improve; paper: 3 of 3; the same sign in 3
      - tensorflow 2.21.0 cpu · 12 stages · 30 s of work"
    `);
  });

  test('tells spread, failures and stale numbers', () => {
    expect(
      formatMarkdown(read({ ...threeSeeds, Old: { VQAv2: ['50', '51', '52'], GQA: ['failed'] } })),
    ).toMatchInlineSnapshot(`
      "**Table 3 in mini**

      |  | VQAv2 | TextVQA | GQA¶ | Avg |
      | :-- | --: | --: | --: | --: |
      | Baseline | <u>55.0</u> ±0.6 | 25.3 ±1.0 | 51.4 ±0.2 | 43.9 ±0.2 |
      | +Finetune VE | 54.7 ±0.6 (-0.3§) | <u>25.4</u> ±0.6 (0.0) | <u>51.6</u>! ±0.4 (+0.1) | 43.9! ±0.2 (0.0) |
      | +SEA | **56.9** ±0.4 (+1.9§) | **26.2** ±1.1 (+0.9§) | **52.8**! ±0.1 (+1.5) | **45.3**! ±0.5 (+1.5) |
      | Old | 51.0\\~ ±1.0 | – | *failed* | *failed* |

      - mean ± sd over the seeds 1, 2, 3 · Δ against Baseline, paired by seed · § the 95 % interval of Δ (paired t test over seeds) excludes 0 · bold: best · underlined: second
      - \\~ stale: measured before its stages changed
      - ! some of its seeds are not measured
      - – not measured yet
      - ¶ GQA: not comparable: seeds 1 3 in +Finetune VE, 1 2 in +SEA, else 1 2 3
      - tensorflow 2.21.0 cpu · 37 of 48 stages · 1 m 33 s of work"
    `);
  });

  test('escapes what Markdown would take for its own', () => {
    expect(formatMarkdown(read({ 'a|b *c*': { x_y: [1, 2] } }))).toContain('| a\\|b \\*c\\* |');
  });
});

describe('LaTeX', () => {
  test('is a booktabs table', () => {
    expect(formatLatex(read(threeSeeds, { reference: paperTable3 }))).toMatchInlineSnapshot(`
      "% mean ± sd over the seeds 1, 2, 3 · Δ against Baseline, paired by seed · § the 95 % interval of Δ (paired t test over seeds) excludes 0 · bold: best · underlined: second
      % paper: arXiv 2408.11813v1, Table 3
      % +Finetune VE: 1 of 3 improve; paper: 3 of 3; the same sign in 1
      % +SEA: 3 of 3 improve; paper: 3 of 3; the same sign in 3
      % ! some of its seeds are not measured
      % ¶ GQA: not comparable: seeds 1 3 in +Finetune VE, 1 2 in +SEA, else 1 2 3
      % tensorflow 2.21.0 cpu · 34 of 36 stages · 1 m 25 s of work
      \\begin{table}[t]
      \\centering
      \\caption{Table 3 in mini}
      \\begin{tabular}{lrrrr}
      \\toprule
       & VQAv2 & TextVQA & GQA$^{\\P}$ & Avg \\\\
      \\midrule
      Baseline & \\underline{55.0}{\\scriptsize\\,$\\pm$0.6} & 25.3{\\scriptsize\\,$\\pm$1.0} & 51.4{\\scriptsize\\,$\\pm$0.2} & 43.9{\\scriptsize\\,$\\pm$0.2} \\\\
      \\quad{\\small paper} & {\\small 78.8} & {\\small 58.3} & {\\small 62.0} & {\\small 66.4} \\\\
      +Finetune VE & 54.7{\\scriptsize\\,$\\pm$0.6}{\\scriptsize\\,($-0.3^\\S$)} & \\underline{25.4}{\\scriptsize\\,$\\pm$0.6}{\\scriptsize\\,($0.0$)} & \\underline{51.6}$^!\${\\scriptsize\\,$\\pm$0.4}{\\scriptsize\\,($+0.1$)} & 43.9$^!\${\\scriptsize\\,$\\pm$0.2}{\\scriptsize\\,($0.0$)} \\\\
      \\quad{\\small paper} & {\\small 80.3}{\\scriptsize\\,($+1.5$)} & {\\small 59.1}{\\scriptsize\\,($+0.8$)} & {\\small 63.4}{\\scriptsize\\,($+1.4$)} & {\\small 67.6}{\\scriptsize\\,($+1.2$)} \\\\
      +SEA & \\textbf{56.9}{\\scriptsize\\,$\\pm$0.4}{\\scriptsize\\,($+1.9^\\S$)} & \\textbf{26.2}{\\scriptsize\\,$\\pm$1.1}{\\scriptsize\\,($+0.9^\\S$)} & \\textbf{52.8}$^!\${\\scriptsize\\,$\\pm$0.1}{\\scriptsize\\,($+1.5$)} & \\textbf{45.3}$^!\${\\scriptsize\\,$\\pm$0.5}{\\scriptsize\\,($+1.5$)} \\\\
      \\quad{\\small paper} & {\\small 80.5}{\\scriptsize\\,($+1.7$)} & {\\small 59.5}{\\scriptsize\\,($+1.2$)} & {\\small 63.6}{\\scriptsize\\,($+1.6$)} & {\\small 67.9}{\\scriptsize\\,($+1.5$)} \\\\
      \\bottomrule
      \\end{tabular}
      \\end{table}"
    `);
  });

  test('escapes special characters of names', () => {
    const text = formatLatex(read({ '50% & $x_1$ #2 {a} ~b^c \\d': { a_b: [1] } }));
    expect(text).toContain(
      '50\\% \\& \\$x\\_1\\$ \\#2 \\{a\\} \\textasciitilde{}b\\textasciicircum{}c \\textbackslash{}d',
    );
  });
});

test('rows that only the paper has stand beneath ours with a sign, in every format', () => {
  const reference = { ...paperTable3, others: { 'BLIP-2': { VQAv2: 41, GQA: 41.3 } } };
  const table = read(oneSeed, { reference });
  expect(table.rows.map(({ name }) => name)).not.toContain('BLIP-2');
  const line = (text: string) => text.split(/\r?\n/).filter((found) => found.includes('BLIP-2'));
  expect(line(formatMarkdown(table))).toEqual(['| BLIP-2 ° | *41.0* | – | *41.3* | – |']);
  expect(line(formatLatex(table))).toEqual(['BLIP-2$^{\\circ}$ & \\emph{41.0} & -- & \\emph{41.3} & -- \\\\']);
  expect(line(formatCsv(table))[0]).toBe('BLIP-2,VQAv2,VQAv2,accuracy,printed,,,0,,,,,,,,41,,,,');
  expect(line(formatTerminal(table, { width: 100, style: 'plain' }))[0]?.split(/ +/)).toEqual([
    'BLIP-2',
    '°',
    '41.0',
    '–',
    '41.3',
    '–',
  ]);
});

describe('CSV', () => {
  test('has a line per row and column with unrounded numbers', () => {
    const lines = formatCsv(read(threeSeeds, { reference: paperTable3 })).split('\r\n');
    expect(lines[0]).toBe(
      'row,column,stage,metric,state,mean,sd,n,delta,delta_sd,delta_low,delta_high,questions,se,mark,paper,paper_delta,incomparable,rerun_seconds,values',
    );
    expect(lines).toHaveLength(1 + 3 * 4);
    expect(lines[1]).toBe(
      'Baseline,VQAv2,VQAv2,accuracy,measured,55,0.6000000000000014,3,,,,,,,second,78.8,,,,1:55 2:54.4 3:55.6',
    );
  });

  test('quotes commas, quotes and line breaks', () => {
    expect(formatCsv(read({ 'a, "b"': { x: [1] } }))).toContain('"a, ""b""",x,x,accuracy,measured,1,,1');
  });
});
