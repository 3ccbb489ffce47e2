import { appendFileSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openHistory } from '../../src/train/history.ts';

test('means over the last fifth of the steps survive a killed run and its half-written line', () => {
  const folder = mkdtempSync(join(tmpdir(), 'history-'));
  const first = openHistory(folder);
  for (let step = 0; step < 9; step++) first.add(step, { loss: step });
  appendFileSync(join(folder, 'steps.jsonl'), '{"step":9,"val');
  const second = openHistory(folder);
  // steps since the last checkpoint run again
  for (let step = 7; step < 10; step++) second.add(step, { loss: step });
  expect(second.lastFifth(10)).toEqual({ loss: 8.5 });
  expect(openHistory(folder).lastFifth(10)).toEqual({ loss: 8.5 });
  expect(() => second.lastFifth(20)).toThrow('0 of the last 4 steps');
});
