import { existsSync, mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { createInlineExecutor } from '../../src/executors/inline.ts';
import { createWorkerExecutor } from '../../src/executors/worker.ts';
import { readOutcome, readProgress } from '../../src/job/folder.ts';
import { removeTree } from '../../src/store/tree.ts';
import { executorSuite, jobFolder, over } from '../seams/executor.ts';
import { kinds } from './fixtures/kinds.mjs';

const script = fileURLToPath(new URL('./fixtures/worker.mjs', import.meta.url));
const needs = { engine: false, heavy: true } as const;
const openWorkers = (workers = 2, threads = 1) => createWorkerExecutor({ script, workers, threads, sideBySide: 1 });

executorSuite('inline', () => createInlineExecutor(kinds));
executorSuite('worker', () => openWorkers());

describe('worker processes', () => {
  let root: string;
  let executor = openWorkers(1);
  beforeAll(() => {
    root = mkdtempSync(join(tmpdir(), 'seagraph-worker-'));
  });
  afterEach(async () => {
    await executor.close();
    executor = openWorkers(1);
  });
  afterAll(() => removeTree(root));

  const runPid = async (name: string, params = {}): Promise<number> => {
    const folder = jobFolder(root, name, 'pid', params);
    await over(executor, await executor.submit(folder, needs));
    return readOutcome(folder)?.metrics['pid'] ?? 0;
  };

  it('stay warm from one stage to the next', async () => {
    const [first, second] = [await runPid('a'), await runPid('b')];
    expect(first).not.toBe(process.pid);
    expect(second).toBe(first);
  });

  it('are replaced after a stage that failed', async () => {
    const first = await runPid('c');
    const folder = jobFolder(root, 'd', 'fail', {});
    await over(executor, await executor.submit(folder, needs));
    expect(await runPid('e')).not.toBe(first);
  });

  it('that are killed lose their job, with the reason and what they said last in the log', async () => {
    const folder = jobFolder(root, 'f', 'die', {});
    const status = await over(executor, await executor.submit(folder, needs));
    expect(status).toEqual({
      state: 'lost',
      reason: 'its process was killed (SIGKILL): the system may have run out of memory',
    });
    expect(readFileSync(join(folder, 'log'), 'utf8')).toContain('last words');
    expect(await runPid('g')).toBeGreaterThan(0);
  });

  it('wait in a queue when there are more jobs than processes, and a queued job can be stopped', async () => {
    const first = jobFolder(root, 'h', 'pid', { pause: 300 });
    const second = jobFolder(root, 'i', 'pid', {});
    const tickets = [await executor.submit(first, needs), await executor.submit(second, needs)];
    expect((await executor.poll([second])).get(second)).toEqual({ state: 'queued' });
    await executor.cancel(second);
    expect(await over(executor, second)).toEqual({ state: 'lost', reason: 'stopped before it began' });
    expect(await over(executor, tickets[0] as string)).toEqual({ state: 'ended' });
    expect(existsSync(join(second, 'outcome.json'))).toBe(false);
  });

  it('keep every step that a stage reported', async () => {
    const folder = jobFolder(root, 'j', 'count', { steps: 50, pause: 1 });
    await over(executor, await executor.submit(folder, needs));
    const { lines } = readProgress(folder, 0);
    expect(lines.map((line) => line.values['square'])).toEqual(Array.from({ length: 50 }, (_, step) => step * step));
  });

  it('where memory is short are kept only for a stage that needs as much as they hold already', async () => {
    const tight = createWorkerExecutor({ script, workers: 2, threads: 1, sideBySide: 1, tight: true });
    const pidOf = async (name: string, memory: number): Promise<number> => {
      const folder = jobFolder(root, name, 'pid', {});
      await over(tight, await tight.submit(folder, { ...needs, memory }));
      return readOutcome(folder)?.metrics['pid'] ?? 0;
    };
    try {
      const small = await pidOf('tight-1', 1e9);
      const large = await pidOf('tight-2', 2e9);
      expect(large).toBe(small);
      expect(await pidOf('tight-3', 1e9)).not.toBe(large);
      expect(() => process.kill(large, 0)).toThrow('ESRCH');
    } finally {
      await tight.close();
    }
  });

  it('measure the peak of memory of each job', async () => {
    const folder = jobFolder(root, 'k', 'pid', {});
    await over(executor, await executor.submit(folder, needs));
    expect(readOutcome(folder)?.peakMemory).toBeGreaterThan(10 << 20);
  });
});
