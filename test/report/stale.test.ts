import { expect, test } from 'vitest';
import { formatCsv } from '../../src/report/csv.ts';
import { formatLatex } from '../../src/report/latex.ts';
import { formatMarkdown } from '../../src/report/markdown.ts';
import { makeTable, type Readings } from '../../src/report/table.ts';
import { formatTerminal } from '../../src/report/terminal.ts';
import { example, oneSeed } from './example.ts';

/** One stale cell, 56.9, that took 90 seconds before. */
function staleTable() {
  const numbers = { ...oneSeed, '+SEA': { VQAv2: ['56.9'], TextVQA: [24.9], GQA: [52.7] } };
  const { experiment, spec, readings } = example(numbers);
  const priced: Readings = new Map(
    [...readings].map(([id, reading]) => [
      id,
      reading.state === 'stale' ? { ...reading, run: { seconds: 90 } } : reading,
    ]),
  );
  return makeTable(experiment, spec, priced);
}

test('a stale number and what it takes to measure it again are told in every format', () => {
  const table = staleTable();
  const fact = 'stale: measured before its stages changed; to run again: about 1 m 30 s';
  for (const [text, mark] of [
    [formatTerminal(table, { width: 100, style: 'plain' }), '56.9~'],
    [formatMarkdown(table), '56.9\\~'],
    [formatLatex(table), '56.9$^\\sim$'],
  ] as const) {
    expect(text).toContain(mark);
    expect(text).toContain(fact);
    expect(text).not.toContain(`24.9${mark.slice(4)}`);
  }
  const [names, ...lines] = formatCsv(table)
    .split('\n')
    .map((line) => line.split(','));
  const at = (name: string) => names?.indexOf(name) ?? -1;
  const stale = lines.filter((line) => line[at('state')] === 'stale');
  expect(stale.map((line) => [line[at('column')], line[at('rerun_seconds')]])).toEqual([
    ['VQAv2', '90'],
    // an average runs nothing itself
    ['Avg', ''],
  ]);
  expect(table.rerun).toEqual({ seconds: 90, unknown: 0 });
});
