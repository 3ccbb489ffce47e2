import { mkdirSync, mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Executor, Status } from '../../src/executors/executor.ts';
import type { Json } from '../../src/hash.ts';
import { readOutcome, writeJob } from '../../src/job/folder.ts';
import { removeTree } from '../../src/store/tree.ts';

/** A job folder below `root` that asks for a kind of test/executors/fixtures/kinds.mjs. */
export function jobFolder(root: string, name: string, kind: string, params: Json, version = 1): string {
  const folder = join(root, name);
  mkdirSync(folder, { recursive: true });
  const outputs = { out: join(folder, 'output.out') };
  const shared = { scratch: join(root, 'scratch', name), replies: join(root, 'replies') };
  writeJob(folder, { stage: name, kind, version, params, inputs: {}, outputs, ...shared });
  return folder;
}

/** Waits until a job is over, as a runner does. */
export async function over(executor: Executor, ticket: string): Promise<Status> {
  for (;;) {
    const status = (await executor.poll([ticket])).get(ticket);
    if (status === undefined) throw new Error(`no status for ${ticket}`);
    if (status.state === 'ended' || status.state === 'lost') return status;
    await executor.changed();
  }
}

const needs = { engine: false, heavy: true } as const;

/** What every executor must do with the kinds of test/executors/fixtures/kinds.mjs. */
export function executorSuite(name: string, open: () => Executor): void {
  describe(`the ${name} executor`, () => {
    let root: string;
    let executor: Executor;
    beforeEach(() => {
      root = mkdtempSync(join(tmpdir(), 'seagraph-executor-'));
      executor = open();
    });
    afterEach(async () => {
      await executor.close();
      removeTree(root);
    });

    it('runs a job folder and leaves its outcome and output there', async () => {
      const folder = jobFolder(root, 'a', 'write', { text: 'hello' });
      expect(await over(executor, await executor.submit(folder, needs))).toEqual({ state: 'ended' });
      expect(readOutcome(folder)).toMatchObject({ state: 'done', metrics: { length: 5 }, engine: 'none', threads: 1 });
      expect(readFileSync(join(folder, 'output.out'), 'utf8')).toBe('hello');
    });

    it('turns an error of the stage into a failed outcome with the stack in the log', async () => {
      const folder = jobFolder(root, 'a', 'fail', {});
      expect(await over(executor, await executor.submit(folder, needs))).toEqual({ state: 'ended' });
      expect(readOutcome(folder)).toMatchObject({ state: 'failed', message: 'it failed on purpose' });
      expect(readFileSync(join(folder, 'log'), 'utf8')).toMatch(/about to fail\nError: it failed on purpose\n {4}at /);
    });

    it('runs several jobs and tells each one apart', async () => {
      const folders = ['a', 'b', 'c'].map((text) => jobFolder(root, text, 'write', { text }));
      const tickets = await Promise.all(folders.map((folder) => executor.submit(folder, needs)));
      for (const ticket of tickets) expect(await over(executor, ticket)).toEqual({ state: 'ended' });
      expect(folders.map((folder) => readFileSync(join(folder, 'output.out'), 'utf8'))).toEqual(['a', 'b', 'c']);
    });

    it('stops a job cleanly on the first cancel: it keeps its place and says that it stopped', async () => {
      const folder = jobFolder(root, 'a', 'count', { steps: 10_000 });
      const ticket = await executor.submit(folder, needs);
      while (placeIn(root) === 0) await new Promise((resolve) => setTimeout(resolve, 10));
      await executor.cancel(ticket);
      expect(await over(executor, ticket)).toEqual({ state: 'ended' });
      expect(readOutcome(folder)).toMatchObject({ state: 'stopped' });
      expect(placeIn(root)).toBeGreaterThan(0);
    });

    it('gives a job up at once on the second cancel, even one that does not listen', async () => {
      const folder = jobFolder(root, 'a', 'count', { steps: 400, deaf: true });
      const ticket = await executor.submit(folder, needs);
      while (placeIn(root) === 0) await new Promise((resolve) => setTimeout(resolve, 10));
      await executor.cancel(ticket);
      await executor.cancel(ticket);
      expect(await over(executor, ticket)).toEqual({ state: 'lost', reason: 'stopped at once' });
      expect(readOutcome(folder)).toBeUndefined();
    });

    it('calls a ticket lost that it never gave', async () => {
      expect((await executor.poll(['unheard of'])).get('unheard of')?.state).toBe('lost');
    });
  });
}

/** How far the counting stage "a" has kept its place. */
function placeIn(root: string): number {
  try {
    return Number(readFileSync(join(root, 'scratch/a/place'), 'utf8'));
  } catch {
    return 0;
  }
}
