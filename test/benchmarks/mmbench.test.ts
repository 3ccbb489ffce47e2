import { expect, it } from 'vitest';
import type { MmbenchRow } from '../../src/benchmarks/mmbench/format.ts';
import { circular, decideRows, report } from '../../src/benchmarks/mmbench/score.ts';

const row = (index: number, options: Readonly<Record<string, string>>, l2Category: string): MmbenchRow => ({
  ...{ index, question: 'which?', hint: null, options: new Map(Object.entries(options)), answer: 'A', l2Category },
  ...{ category: null, split: null, image: '', line: index + 1 },
});

it('an option that a workbook takes for a formula or an error is none, as the official programs never read it', () => {
  const rows = [
    row(1, { A: '=1+1', B: 'no' }, 'x'),
    row(2, { A: 'word', B: '#REF!' }, 'x'),
    row(3, { A: 'A', B: '' }, 'x'),
  ];
  const chosen = (text: string) =>
    decideRows(rows, () => text, 'vlmevalkit_2024_06').map(({ option }) => option ?? 'undecided');
  expect(chosen('A')).toEqual(['undecided', 'A', 'A']);
  expect(chosen('B')).toEqual(['B', 'undecided', 'undecided']);
});

it('the table of 2023 shortens coarse perception only where it is spelt as that program spells it', () => {
  const rows = [
    row(1, { A: 'a', B: 'b' }, 'coarse_preception'),
    row(2, { A: 'a', B: 'b' }, 'coarse_perception'),
    row(3, { A: 'a', B: 'b' }, 'logic_reasoning'),
  ];
  const names = (rule: 'vlmevalkit_2023_11' | 'vlmevalkit_2024_06') =>
    report(circular(decideRows(rows, () => 'A', rule)), rule, false).map(({ figures }) => [...figures.keys()]);
  expect(names('vlmevalkit_2023_11')).toEqual([['Overall', 'coarse_perception', 'CP', 'LR']]);
  expect(names('vlmevalkit_2024_06')).toEqual([['Overall', 'CP', 'coarse_preception', 'LR']]);
});
