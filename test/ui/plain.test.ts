import { expect, test } from 'vitest';
import { plainLines } from '../../src/ui/plain.ts';
import { summaryLine } from '../../src/ui/summary.ts';
import { blocked, done, failed, finished, planned, progress, reused, started, stopped } from './events.ts';

test('a run is told in lines that read without a terminal', () => {
  const lines = plainLines('plain');
  const events = [
    planned(0, 6, 2, 75),
    reused(0, 'world'),
    reused(0, 'encoder'),
    started(0, 'pretrain'),
    progress(1, 'pretrain', 2, 125, 6.5),
    progress(16, 'pretrain', 32, 125, 2.345678),
    progress(17, 'pretrain', 34, 125, 2.3),
    finished(60, 'pretrain', 60.2),
    started(60, 'finetune', true),
    failed(70, 'finetune'),
    blocked(70, 'score', 'finetune'),
    done(70, 'failed'),
  ];
  expect(events.flatMap(lines).join('\n')).toMatchInlineSnapshot(`
    "table3: 6 stages: 2 cached, 4 to run, about 1 m 15 s
    = 2 stages reused
    > pretrain  a parameter changed
      pretrain  32/125  loss 2.346, lr 0.001
    ✓ pretrain  1 m 00 s · accuracy 55.25
    > finetune  resumed from its checkpoint
    ✗ finetune failed
      the loss is NaN at step 80
      │ step 79 loss 812.4
      │ step 80 loss NaN
      log: cache/jobs/ab/log
    ⊘ score  not run: finetune failed"
  `);
});

test('a stage that a stop ended is told', () => {
  expect([started(0, 'pretrain'), stopped(2, 'pretrain')].flatMap(plainLines('plain'))).toEqual([
    '> pretrain  a parameter changed',
    '■ pretrain  stopped',
  ]);
});

test('a thousand cached stages are one line', () => {
  const lines = plainLines('plain');
  const events = [...Array.from({ length: 1000 }, (_, at) => reused(0, `s${at}`)), done(1)];
  expect(events.flatMap(lines)).toEqual(['= 1000 stages reused']);
});

test('the summary says how many ran, were reused and failed, how long it took and on what', () => {
  const event = done(3.2, 'failed');
  if (event.type !== 'done') throw new Error('not a done event');
  expect(summaryLine(event, { engine: 'tensorflow 2.21.0 cpu', threads: 1, jobs: 2 }, 'plain')).toBe(
    'failed: 1 run, 2 reused, 1 failed, 1 not run because of it in 3.2 s · engine tensorflow 2.21.0 cpu, 1 thread x 2 jobs',
  );
  const manner = { engine: 'wasm', threads: 1, jobs: 4, memory: 6e9 };
  expect(summaryLine(event, manner, 'plain')).toMatch(/ · engine wasm, 1 thread x 4 jobs, as fits in 6 GB$/);
});
