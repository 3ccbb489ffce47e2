import { render } from 'ink-testing-library';
import { describe, expect, test } from 'vitest';
import { widthOf } from '../../src/report/width.ts';
import type { Event } from '../../src/run/event.ts';
import { RunScreen } from '../../src/ui/app.tsx';
import { sparkline } from '../../src/ui/running.ts';
import { liveLines } from '../../src/ui/screen.ts';
import { advance, emptyView, type View } from '../../src/ui/view.ts';
import { done, failed, finished, planned, progress, reused, started } from './events.ts';

function viewAfter(...events: readonly Event[]): View {
  return events.reduce(advance, emptyView('', 0));
}

const midway = [
  planned(0, 6, 2, 75),
  reused(0, 'world'),
  reused(0, 'encoder'),
  started(0, 'pretrain[Baseline]'),
  started(0, 'pretrain[+SEA]'),
  ...[8, 6, 5, 4, 3].map((loss, at) => progress(at + 1, 'pretrain[+SEA]', (at + 1) * 20, 125, loss)),
  finished(6, 'pretrain[Baseline]', 6, 'tensorflow 2.21.0 cpu'),
  started(6, 'finetune[Baseline]'),
];

describe('the live part', () => {
  test('lets stages that are over scroll by where there is room', () => {
    const many = Array.from({ length: 30 }, (_, at) => finished(at, `stage-${at}`, 1));
    const view = viewAfter(planned(0, 40, 0), ...many, started(30, 'last'));
    const lines = liveLines(view, { columns: 80, rows: 10 }, 'plain');
    expect(lines).toHaveLength(9);
    expect(lines.slice(0, 5).map((line) => line.split('  ')[0])).toEqual(
      ['25', '26', '27', '28', '29'].map((at) => `✓ stage-${at}`),
    );
    expect(lines.at(-1)).toContain('  last  ');
  });

  test('shows the whole run, then each running stage', () => {
    expect(liveLines(viewAfter(...midway), { columns: 100, rows: 24 }, 'plain').join('\n')).toMatchInlineSnapshot(`
      "✓ pretrain[Baseline]  6.0 s · accuracy 55.25

      table3  ━━━━━━━━━━━━━━━╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌  3/6 stages  2 reused  1 ran  2 running  0 failed
      6.0 s · about 1 m 09 s left · tensorflow 2.21.0 cpu
        pretrain[+SEA]      ━━━━━━━━━━━╌╌╌  80 %  loss █▅▄▂▁ 3  20/s  1.3 s left  100/125
        finetune[Baseline]  0.0 s  a parameter changed"
    `);
  });

  test('leaves out the least important facts in a narrow window', () => {
    expect(liveLines(viewAfter(...midway), { columns: 60, rows: 24 }, 'plain').join('\n')).toMatchInlineSnapshot(`
      "✓ pretrain[Baseline]  6.0 s · accuracy 55.25

      table3  3/6 stages  2 reused  1 ran  2 running  0 failed
      6.0 s · about 1 m 09 s left · tensorflow 2.21.0 cpu
        pretrain[+SEA]      ━━━━━━╌╌  80 %  loss █▅▄▂▁ 3  20/s
        finetune[Baseline]  0.0 s  a parameter changed"
    `);
  });

  test.each([1, 2, 3, 4, 5, 10, 24])('is never higher than a window of %i rows allows', (rows) => {
    const many = Array.from({ length: 30 }, (_, at) => started(0, `stage-${at}`));
    const lines = liveLines(viewAfter(planned(0, 30, 0), ...many), { columns: 80, rows }, 'plain');
    expect(lines.length).toBeLessThanOrEqual(Math.max(1, rows - 1));
    if (rows === 10) expect(lines.at(-1)).toBe('  and 25 more');
  });

  test.each([20, 40, 60, 80, 120, 200])('is never wider than %i columns', (columns) => {
    const long = started(0, 'finetune[+SEA, pretrain.align.weight=0.5, finetune.learningRate=0.001,seed=3]');
    const view = viewAfter(...midway, long);
    const lines = liveLines(view, { columns, rows: 24 }, 'colour');
    expect(Math.max(...lines.map(widthOf))).toBeLessThanOrEqual(columns);
  });

  test('is gone when the run is done', () => {
    expect(liveLines(viewAfter(...midway, done(9)), { columns: 80, rows: 24 }, 'plain')).toEqual([]);
  });
});

test('on the screen, failures and stages that are over stand above the running ones', () => {
  const view = viewAfter(...midway, failed(7, 'finetune[Baseline]'));
  const { lastFrame, unmount } = render(
    <RunScreen view={view} live={liveLines(view, { columns: 80, rows: 24 }, 'plain')} style="plain" />,
  );
  const frame = lastFrame() ?? '';
  unmount();
  expect(frame).toContain('✓ pretrain[Baseline]  6.0 s · accuracy 55.25');
  expect(frame).toContain('✗ finetune[Baseline] failed');
  expect(frame).toContain('  │ step 80 loss NaN');
  expect(frame.indexOf('✗ finetune')).toBeLessThan(frame.indexOf('1 running'));
});

test('a sparkline goes from the least to the greatest and leaves gaps for NaN', () => {
  expect(sparkline([0, 1, 2, 3, 4, 5, 6, 7], 16)).toBe('▁▂▃▄▅▆▇█');
  expect(sparkline([2, 2], 16)).toBe('▁▁');
  expect(sparkline([1, Number.NaN, 8], 16)).toBe('▁ █');
});
