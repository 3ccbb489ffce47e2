import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Event } from '../../src/run/event.ts';
import { advance, type Curve, emptyView, extend, secondsLeft, stepRate, tick, type View } from '../../src/ui/view.ts';
import { blocked, done, failed, finished, key, planned, progress, reused, started, stopped } from './events.ts';

function viewAfter(...events: readonly Event[]): View {
  return events.reduce(advance, emptyView('', 0));
}

describe('counts', () => {
  test('follow every stage from its start to its end', () => {
    const view = viewAfter(
      planned(0, 5, 1),
      reused(0, 'a'),
      started(0, 'b'),
      started(0, 'c'),
      finished(2, 'b', 2),
      failed(3, 'c'),
      blocked(3, 'd', 'c'),
    );
    expect(view).toMatchObject({ stages: 5, toRun: 4, reused: 1, ran: 1, failed: 1, blocked: 1, running: [] });
    expect(view.recent.map((item) => `${item.type} ${item.stage}`)).toEqual(['finished b', 'blocked d']);
    expect(view.failures.map((item) => item.stage)).toEqual(['c']);
  });

  test('a stage that another process makes is waited for until it is reused', () => {
    const waiting = viewAfter(planned(0, 1, 0), { type: 'waiting', at: 0, stage: 'a', key });
    expect([...waiting.waiting]).toEqual(['a']);
    expect(advance(waiting, reused(4, 'a'))).toMatchObject({ reused: 1, waiting: new Set() });
  });

  test('the engine shown is the last that made something', () => {
    const view = viewAfter(started(0, 'a'), finished(1, 'a', 1, 'wasm'), started(1, 'b'), finished(2, 'b', 1, 'none'));
    expect(view.engine).toBe('wasm');
  });

  test('nothing runs any more when the run is done', () => {
    expect(viewAfter(started(0, 'a'), done(1, 'stopped'))).toMatchObject({ running: [], done: { outcome: 'stopped' } });
    expect(viewAfter(started(0, 'a'), started(0, 'b'), stopped(1, 'a'))).toMatchObject({
      running: [{ id: 'b' }],
      recent: [{ type: 'stopped', stage: 'a' }],
    });
  });
});

describe('time', () => {
  test('the step rate is taken from the latest reports', () => {
    const view = viewAfter(started(0, 'a'), progress(10, 'a', 100, 400, 3), progress(20, 'a', 200, 400, 2));
    expect(stepRate(view.running[0] as View['running'][number])).toBe(10);
  });

  test('what is left follows the plan, but never less than the slowest running stage needs', () => {
    const start = viewAfter(planned(0, 3, 0, 100), started(0, 'a'));
    expect(secondsLeft(tick(start, 40_000))).toBe(60);
    const slow = [progress(10, 'a', 10, 1000, 3), progress(20, 'a', 20, 1000, 3)].reduce(advance, start);
    expect(secondsLeft(slow)).toBe(980);
  });

  test('without an estimate it follows the pace so far, and before that nothing is claimed', () => {
    const start = viewAfter(planned(0, 4, 0), started(0, 'a'));
    expect(secondsLeft(tick(start, 5_000))).toBeUndefined();
    expect(secondsLeft(advance(start, finished(10, 'a', 10)))).toBe(30);
  });
});

describe('the curve of a loss', () => {
  const empty: Curve = { points: [], stride: 1, sum: 0, count: 0 };

  test('stays bounded and keeps the mean of what it was given', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: -50, max: 50 }), { minLength: 1, maxLength: 400 }), (values) => {
        const curve = values.reduce(extend, empty);
        expect(curve.points.length).toBeLessThan(32);
        const total = curve.points.reduce((sum, point) => sum + point * curve.stride, 0) + curve.sum;
        expect(total).toBeCloseTo(
          values.reduce((sum, value) => sum + value, 0),
          6,
        );
      }),
    );
  });

  test('a falling loss stays a falling curve', () => {
    const { points } = Array.from({ length: 500 }, (_, step) => 10 - step / 50).reduce(extend, empty);
    expect(points.length).toBeGreaterThan(12);
    expect([...points].sort((a, b) => b - a)).toEqual(points);
  });
});
