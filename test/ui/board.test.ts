import { describe, expect, test } from 'vitest';
import { needsOf, stagesAbove } from '../../src/cli/boards.ts';
import { makeTable } from '../../src/report/table.ts';
import { widthOf } from '../../src/report/width.ts';
import { type Board, boardLines, isOver } from '../../src/ui/board.ts';
import { type StageState, type Stages, stagesAfter, workOf } from '../../src/ui/stages.ts';
import { example, type Numbers } from '../report/example.ts';
import { blocked, failed, finished, reused, started } from './events.ts';

const numbers: Numbers = {
  Baseline: { VQAv2: [55.02], TextVQA: [24.5], GQA: [51.4] },
  '+SEA': { VQAv2: [56.9], TextVQA: ['missing'], GQA: ['missing'] },
  '+SEA twice': { VQAv2: ['missing'], TextVQA: ['failed'], GQA: ['51.1'] },
};

/** A board whose cells need one stage each, named by row and column, and the encoder that all share. */
function board(): Board {
  const { experiment, spec, readings } = example(numbers);
  const table = makeTable(experiment, spec, readings);
  const needs = table.rows.map((row) => table.columns.map((column) => ['encoder', `${row.name} ${column.label}`]));
  return { table, needs };
}

function states(...cells: readonly (readonly [string, StageState])[]): Stages {
  return new Map<string, StageState>([['encoder', 'cached'], ...cells]);
}

const midway = states(
  ['Baseline VQAv2', 'cached'],
  ['Baseline TextVQA', 'cached'],
  ['Baseline GQA', 'made'],
  ['Baseline Avg', 'made'],
  ['+SEA VQAv2', 'made'],
  ['+SEA TextVQA', 'running'],
  ['+SEA twice TextVQA', 'failed'],
);

describe('the table of a run that goes on', () => {
  test('has a sign for the state of every cell, and says what the signs mean', () => {
    expect(boardLines(board(), midway, { columns: 100, rows: 10 }, 'plain').join('\n')).toMatchInlineSnapshot(`
      "               VQAv2   TextVQA       GQA       Avg
      Baseline       55.0=     24.5=      51.4      43.6
      +SEA           56.9*         ▸         ·         ·
      +SEA twice         ·         ✗    51.1~·         ·
      = cached   ▸ running (stages done/to do)   · queued   ✗ failed   ~ stale"
    `);
  });

  test.each([20, 30, 40, 60, 80, 200])('is never wider than %i columns', (columns) => {
    const lines = boardLines(board(), midway, { columns, rows: 10 }, 'colour');
    expect(Math.max(...lines.map(widthOf))).toBeLessThanOrEqual(columns);
  });

  test.each([0, 3, 4, 5, 6])('is never higher than %i rows, and shows the row at work', (rows) => {
    const lines = boardLines(board(), midway, { columns: 80, rows }, 'plain');
    expect(lines.length).toBeLessThanOrEqual(rows);
    if (rows >= 4) expect(lines.join('\n')).toContain('▸');
  });

  test('is over when every number is there or cannot come', () => {
    expect(isOver(board(), midway)).toBe(false);
    const all = board()
      .needs.flat(2)
      .map((id) => [id, 'made'] as const);
    expect(isOver(board(), states(...all, ['+SEA TextVQA', 'failed']))).toBe(true);
  });
});

describe('the state of a cell', () => {
  const statesAfter = (...events: Parameters<typeof stagesAfter>[1]) => stagesAfter(new Map(), events);

  test('follows all stages that it comes from', () => {
    const ids = ['encoder', 'train', 'score'];
    expect(workOf(ids, statesAfter())).toEqual({ state: 'queued', over: 0, of: 3 });
    const running = statesAfter(reused(0, 'encoder'), started(0, 'train'));
    expect(workOf(ids, running)).toEqual({ state: 'running', over: 0, of: 2 });
    expect(workOf(ids, statesAfter(reused(0, 'encoder'), finished(1, 'train', 1)))).toEqual({
      state: 'queued',
      over: 1,
      of: 2,
    });
    expect(workOf(ids, statesAfter(failed(0, 'train'), blocked(0, 'score', 'train'))).state).toBe('failed');
    expect(workOf(ids, statesAfter(...ids.map((id) => reused(0, id)))).state).toBe('cached');
  });

  test('counts every stage behind a number, and for an average those of its row', () => {
    const { experiment, spec, readings } = example(numbers);
    const table = makeTable(experiment, spec, readings);
    const needs = needsOf(table, stagesAbove(experiment.stages));
    const [first, ...rest] = needs[0] ?? [];
    expect(first?.length).toBeGreaterThan(1);
    expect(new Set(rest.at(-1))).toEqual(new Set([...(first ?? []), ...rest.slice(0, -1).flat()]));
  });
});
